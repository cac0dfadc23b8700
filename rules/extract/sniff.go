package extract

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/dbf"
)

// sniffSize is how much of a part's beginning decides on its format, in bytes.
const sniffSize = 4096

// sniff tells a format by the beginning of its content. Text formats that
// need no other reader than text are told apart later, in UTF-8.
func sniff(head []byte) Format {
	for _, m := range magics {
		if len(head) >= m.at+len(m.magic) && string(head[m.at:m.at+len(m.magic)]) == m.magic {
			if (m.also == nil || m.also(head)) && !falseMagic(m, head) {
				return m.format
			}
		}
	}
	switch {
	case isSealed(head):
		return FormatSealed
	case isProgram(head) && bytes.IndexByte(head[:min(len(head), 64)], 0) >= 0:
		return FormatUnknown // its zero bytes are not those of UTF-16
	case isTar(head):
		return FormatTar
	case dbf.Is(head):
		return FormatDBF
	case cmsType(head) != "":
		return FormatSMIME
	case isText(head):
		return FormatText
	case isPGP(head):
		return FormatPGP
	}
	return FormatUnknown
}

// skips reports whether the frame that begins with magic follows frames that are
// to be skipped, which LZ4 and Zstandard have alike (RFC 8878 section 3.1.2).
func skips(h []byte, magic string) bool {
	for len(h) >= 8 && h[0]&0xf0 == 0x50 && string(h[1:4]) == "\x2a\x4d\x18" {
		size := uint64(binary.LittleEndian.Uint32(h[4:])) + 8
		h = h[min(size, uint64(len(h))):]
	}
	return bytes.HasPrefix(h, []byte(magic))
}

// falseMagic reports whether text stands behind the magic of a format that is
// never text: every one of these has a NUL, or bytes that are no UTF-8, within
// its first block. Such a file is the text that it is, and not a damaged one of
// the format.
func falseMagic(m magic, head []byte) bool {
	switch m.format {
	case FormatZip, formatOLE, FormatGzip, FormatRAR, Format7z, FormatSQLite:
		return textBehind(head, m.at+len(m.magic))
	case FormatPDF: // whose objects are text, but have words of their own
		return !bytes.Contains(head, []byte("obj")) && !bytes.Contains(head, []byte("stream")) && textBehind(head, m.at+len(m.magic))
	}
	return false
}

// textBehind tells a head that is text from a little behind the given place on.
func textBehind(head []byte, at int) bool {
	body := head[at:]
	body = body[min(len(body), falseHeader):]
	if len(body) < 64 {
		return false
	}
	body = body[:min(len(body), 1024)]
	for i := 0; i < utf8.UTFMax && !utf8.Valid(body); i++ {
		body = body[:len(body)-1]
	}
	return utf8.Valid(body) && !bytes.ContainsFunc(body, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f
	})
}

// falseHeader is how many bytes behind the magic may be anything: whoever puts
// a magic before a text may copy some of the header that follows it.
const falseHeader = 8

// magic is how a format begins.
type magic struct {
	at     int
	magic  string
	format Format
	also   func(head []byte) bool // nil for none
}

// magics is in order of testing.
var magics = []magic{
	{0, "PK\x03\x04", FormatZip, nil},
	{0, "PK\x05\x06", FormatZip, nil},
	{0, "PK\x07\x08", FormatZip, nil},
	{0, "PK00PK\x03\x04", FormatZip, nil},
	{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", formatOLE, nil},
	{0, "%PDF-", FormatPDF, nil},
	{0, "\x1f\x8b\x08", FormatGzip, nil},
	{0, "BZh", FormatBzip2, func(h []byte) bool {
		return len(h) >= 10 && (string(h[4:10]) == "\x31\x41\x59\x26\x53\x59" || string(h[4:10]) == "\x17\x72\x45\x38\x50\x90")
	}},
	{0, "\xfd7zXZ\x00", FormatXZ, nil},
	{0, "\x28\xb5\x2f\xfd", FormatZstd, nil},
	{0, "\x04\x22\x4d\x18", FormatLZ4, nil},
	{0, "\x02\x21\x4c\x18", FormatLZ4, nil},
	{1, "\x2a\x4d\x18", FormatLZ4, func(h []byte) bool { return skips(h, "\x04\x22\x4d\x18") }},
	{1, "\x2a\x4d\x18", FormatZstd, func(h []byte) bool { return skips(h, "\x28\xb5\x2f\xfd") }},
	{0, "x", FormatZlib, isZlib},
	{0, "!<arch>\n", FormatAr, nil},
	{0, "7z\xbc\xaf\x27\x1c", Format7z, nil},
	{0, "Rar!\x1a\x07", FormatRAR, nil},
	{0, "SQLite format 3\x00", FormatSQLite, nil},
	{0, "PAR1", FormatParquet, nil},
	{0, "PARE", FormatParquet, nil},
	{0, "Obj\x01", FormatAvro, nil},
	{0, "ORC", FormatData, func(h []byte) bool { return len(h) > 3 && h[3] < ' ' }},
	{4, "Standard Jet DB\x00", FormatData, nil},
	{4, "Standard ACE DB\x00", FormatData, nil},
	{0, "!BDN", FormatData, nil},
	{0, "MSCF\x00\x00\x00\x00", FormatCAB, nil},
	{0, "\x60\xea", FormatArchive, func(h []byte) bool { return len(h) > 11 && h[2] >= 30 && h[3] == 0 && h[10] <= 2 }},
	{2, "-lh", FormatArchive, func(h []byte) bool { return len(h) > 6 && h[6] == '-' }},
	{7, "**ACE**", FormatArchive, nil},
	{0, "070701", FormatCpio, nil},
	{0, "070702", FormatCpio, nil},
	{0, "070707", FormatCpio, nil},
	{0, "\xc7\x71", FormatCpio, isCpio},
	{0, "\x71\xc7", FormatCpio, isCpio},
	{0, "MSWIM\x00\x00\x00", FormatArchive, nil},
	{0, "xar!\x00", FormatArchive, nil},
	{0, "StuffIt (c)1997-", FormatArchive, nil},
	{0, "LZIP\x01", FormatLZip, nil},
	{0, "\x1f\x9d", FormatCompress, nil},
	{0, "\x89LZO\x00\r\n\x1a\n", FormatArchive, nil},
	{0, "\xff\x06\x00\x00sNaPpY", FormatSnappy, nil},
	{0, "\xff\x06\x00\x00S2sTwO", FormatSnappy, nil},
	{0, "\x5d\x00\x00", FormatLZMA, isLZMA},
	{0, "\x78\x9f\x3e\x22", FormatTNEF, nil},
	{0, "{\\rt", FormatRTF, nil},
	{0, "\x89PNG\r\n\x1a\n", FormatImage, nil},
	{0, "\xff\xd8\xff", FormatImage, nil},
	{0, "GIF87a", FormatImage, nil},
	{0, "GIF89a", FormatImage, nil},
	{0, "BM", FormatImage, isBitmap},
	{0, "II*\x00", FormatImage, nil},
	{0, "MM\x00*", FormatImage, nil},
	{0, "RIFF", FormatImage, func(h []byte) bool { return len(h) >= 12 && string(h[8:12]) == "WEBP" }},
	{0, "RIFF", FormatAudio, func(h []byte) bool { return len(h) >= 12 && string(h[8:12]) == "WAVE" }},
	{0, "RIFF", FormatVideo, func(h []byte) bool { return len(h) >= 12 && string(h[8:12]) == "AVI " }},
	{0, "\x00\x00\x01\x00", FormatImage, isIcon},
	{0, "8BPS\x00\x01", FormatImage, nil},
	{0, "\x00\x00\x00\x0cjP  ", FormatImage, nil},
	{4, "ftyp", FormatImage, func(h []byte) bool { return isBrand(h, "heic", "heix", "mif1", "avif") }},
	{4, "ftyp", FormatAudio, func(h []byte) bool { return isBrand(h, "M4A ", "M4B ") }},
	{4, "ftyp", FormatVideo, nil},
	{0, "\x1a\x45\xdf\xa3", FormatVideo, nil},
	{0, "\x00\x00\x01\xba", FormatVideo, nil},
	{0, "FLV\x01", FormatVideo, nil},
	{0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11", FormatVideo, nil},
	{0, "ID3", FormatAudio, func(h []byte) bool { return len(h) > 9 && h[3] <= 4 && h[6]|h[7]|h[8]|h[9] < 0x80 }},
	{0, "\xff", FormatAudio, isMPEGFrame},
	{0, "OggS\x00", FormatAudio, nil},
	{0, "fLaC", FormatAudio, nil},
	{0, "MThd\x00\x00\x00\x06", FormatAudio, nil},
	{0, "FORM", FormatAudio, func(h []byte) bool { return len(h) >= 12 && string(h[8:11]) == "AIF" }},
	{0, "#!AMR", FormatAudio, nil},
	{0, "wOFF", FormatFont, nil},
	{0, "wOF2", FormatFont, nil},
	{0, "OTTO\x00", FormatFont, nil},
	{0, "\x00\x01\x00\x00\x00", FormatFont, func(h []byte) bool {
		return len(h) >= 16 && bytes.ContainsAny(h[12:16], "abcdefghijklmnopqrstuvwxyzOSGDPV")
	}},
	{0, "ttcf\x00", FormatFont, nil},
}

func isBrand(h []byte, brands ...string) bool {
	if len(h) < 12 {
		return false
	}
	for _, b := range brands {
		if string(h[8:12]) == b {
			return true
		}
	}
	return false
}

// isBitmap checks the reserved fields of a BMP header, which begins with two
// ordinary letters.
func isBitmap(h []byte) bool {
	return len(h) >= 26 && binary.LittleEndian.Uint32(h[6:]) == 0 && binary.LittleEndian.Uint32(h[14:]) <= 124 && h[15] == 0
}

// isMPEGFrame tells the header of an MPEG audio frame, which is all that many
// such files begin with: layer, bit rate and sampling rate have values that
// are not reserved.
func isMPEGFrame(h []byte) bool {
	return len(h) > 4 && h[1]&0xe0 == 0xe0 && h[1]&0x18 != 0x08 && h[1]&0x06 != 0 && h[2]&0xf0 != 0xf0 && h[2]&0x0c != 0x0c &&
		(h[1] != 0xfe && h[1] != 0xff)
}

func isIcon(h []byte) bool {
	return len(h) >= 22 && h[4] > 0 && h[5] == 0 && h[9] == 0 && binary.LittleEndian.Uint32(h[18:]) >= 22
}

// isLZMA checks the header of the old LZMA format: a dictionary of a power of
// two and a size that is unknown or plausible.
func isLZMA(h []byte) bool {
	if len(h) < 14 || h[13] != 0 {
		return false
	}
	dict, size := binary.LittleEndian.Uint32(h[1:]), binary.LittleEndian.Uint64(h[5:])
	return dict >= 1<<12 && dict&(dict-1) == 0 && (size == 1<<64-1 || size < 1<<38)
}

// isTar checks the magic or, in the oldest archives, the checksum of the
// first header.
func isTar(h []byte) bool {
	if len(h) < 512 {
		return false
	}
	if string(h[257:262]) == "ustar" {
		return true
	}
	var want, sum int64
	for _, c := range bytes.Trim(h[148:156], " \x00") {
		if c < '0' || c > '7' {
			return false
		}
		want = want<<3 | int64(c-'0')
	}
	for i, c := range h[:512] {
		if 148 <= i && i < 156 {
			c = ' '
		}
		sum += int64(c)
	}
	return want > 0 && want == sum && h[0] != 0
}

// latePDF tells a PDF that something stands before. Viewers take the header
// anywhere in the first 1024 bytes (ISO 32000-1, annex H, note 13).
func latePDF(head []byte) bool {
	at := bytes.Index(head[:min(len(head), 1024)], []byte("%PDF-"))
	return at > 0 && bytes.Contains(head[at:], []byte(" 0 obj"))
}

// isText tells text in any charset from binary content by its control bytes.
func isText(head []byte) bool {
	if skip, _ := byteOrderMark(head); skip > 0 || len(head) == 0 {
		return true
	}
	if wideByZeros(head) != nil || bytes.Contains(head, []byte("\n=ybegin ")) || bytes.HasPrefix(head, []byte("=ybegin ")) {
		return true
	}
	controls := 0
	for _, c := range head {
		switch {
		case c == 0:
			controls += 4
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v' && c != 0x1b && (c < 0x1c || c > 0x1f),
			c == 0x7f:
			controls++
		}
	}
	return controls*50 <= len(head) || ebcdic("", head) != nil || zeroDelimited(head)
}

// zeroDelimited tells text whose fields are parted by NUL: it is UTF-8 in lines
// and has no other control characters.
func zeroDelimited(head []byte) bool {
	zeros, lines := 0, 0
	for _, c := range head {
		switch {
		case c == 0:
			zeros++
		case c == '\n':
			lines++
		case c < ' ' && c != '\t' && c != '\r' || c == 0x7f:
			return false
		}
	}
	return lines > 2 && zeros > 0 && zeros*4 < len(head) && mostlyUTF8(head) && !bytes.Contains(head, []byte{0, 0, 0})
}

// sniffText tells the text formats that have a reader of their own, by their
// beginning in UTF-8.
func sniffText(head []byte) Format {
	s := bytes.TrimLeft(head, " \t\r\n\f\uFEFF")
	switch {
	case bytes.HasPrefix(s, []byte("{\\rt")):
		return FormatRTF
	case hasFold(s, "<?xml"):
		for _, root := range []string{"<html", "<svg"} {
			if i := indexFold(s, root); i >= 0 && i < 1024 {
				return FormatHTML
			}
		}
		return FormatXML
	case len(s) > 2 && s[0] == '<':
		return sniffMarkup(s)
	case hasFold(s, "begin:vcard"):
		return FormatVCard
	case len(s) > 1 && (s[0] == '{' || s[0] == '['):
		if t := bytes.TrimLeft(s[1:], " \t\r\n"); len(t) > 0 && bytes.IndexByte([]byte("\"{[]}-0123456789tfn"), t[0]) >= 0 {
			return FormatJSON
		}
	case bytes.HasPrefix(head, []byte("From ")):
		if line, rest, ok := bytes.Cut(head, []byte("\n")); ok && len(line) > 10 && IsMessage(rest) {
			return FormatMbox
		}
	case IsMessage(head):
		return FormatMessage
	}
	if markupDense(head) {
		return FormatHTML
	}
	return FormatText
}

// sniffMarkup decides between HTML and XML for what begins with "<".
func sniffMarkup(s []byte) Format {
	if hasFold(s, "<!doctype html") || hasFold(s, "<!--") {
		return FormatHTML
	}
	name, _ := tagName(s)
	switch {
	case htmlTag(name):
		return FormatHTML
	case name == "" || bytes.IndexByte(s, '>') < 0:
		return FormatText
	case indexFold(s, "<table") >= 0 || indexFold(s, "<td") >= 0 || indexFold(s, "<div") >= 0:
		return FormatHTML
	case bytes.Contains(s, []byte("</")) || bytes.Contains(s, []byte("/>")):
		return FormatXML
	}
	return FormatText
}

// tagName returns the lower-case name of the tag that s begins with.
func tagName(s []byte) (string, bool) {
	if len(s) < 2 || s[0] != '<' {
		return "", false
	}
	i := 1
	for i < len(s) && i < 40 && (letter(s[i]) || '0' <= s[i] && s[i] <= '9' || s[i] == ':' || s[i] == '_' || s[i] == '-') {
		i++
	}
	return asciiLower(string(s[1:i])), i > 1
}

func htmlTag(name string) bool {
	switch name {
	case "html", "head", "body", "table", "tr", "td", "th", "thead", "tbody", "div", "span", "p", "br",
		"a", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "b", "i", "u", "font", "center", "img", "style",
		"script", "meta", "title", "pre", "form", "input", "blockquote", "hr", "strong", "em", "section", "article",
		"main", "header", "footer", "nav", "dl", "dt", "dd", "base", "link", "o:p", "small", "code", "svg", "details":
		return true
	}
	return false
}

// markupDense tells HTML that begins with words: several closing tags that
// HTML has.
func markupDense(head []byte) bool {
	n := 0
	for i := 0; n < 4; n++ {
		k := bytes.Index(head[i:], []byte("</"))
		if k < 0 {
			return false
		}
		i += k + 1
		name, ok := tagName(append([]byte("<"), head[i+1:min(i+20, len(head))]...))
		if !ok || !htmlTag(name) {
			return false
		}
	}
	return true
}

func hasFold(s []byte, lower string) bool {
	return len(s) >= len(lower) && asciiLower(string(s[:len(lower)])) == lower
}

func indexFold(s []byte, lower string) int {
	return bytes.Index([]byte(asciiLower(string(s))), []byte(lower))
}
