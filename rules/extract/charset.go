package extract

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// utf8Reader gives text in UTF-8, whatever charset it proves to have. head is
// the beginning of r. What is valid UTF-8 is UTF-8, whatever was declared:
// a wrong label on it is far more common than text of another charset that
// happens to be valid.
func utf8Reader(label string, head []byte, r io.Reader) io.Reader {
	return utf8ReaderBy(guess, label, head, r)
}

// guesser says what charset bytes have that are not of the one declared.
type guesser func(head []byte) encoding.Encoding

// utf8ReaderBy is utf8Reader with a guesser of the caller's.
func utf8ReaderBy(guess guesser, label string, head []byte, r io.Reader) io.Reader {
	if skip, enc := byteOrderMark(head); skip > 0 {
		_, _ = io.CopyN(io.Discard, r, int64(skip))
		if enc == nil {
			return r
		}
		return transform.NewReader(r, enc.NewDecoder())
	}
	if enc := wideByZeros(head); enc != nil {
		return transform.NewReader(r, enc.NewDecoder())
	}
	if enc := ebcdic(label, head); enc != nil {
		return transform.NewReader(r, enc.NewDecoder())
	}
	if isUTF7(label) {
		return newUTF7(r)
	}
	if enc := escaped(label, head); enc != nil {
		return transform.NewReader(r, enc.NewDecoder())
	}
	if mostlyUTF8(head) {
		if ascii(head) {
			// Nothing is proved yet: what comes later and is no UTF-8 has
			// the declared charset, where that is of single bytes.
			if enc := lookup(label); enc != nil && enc != unicode.UTF8 && !singleByte(enc) {
				return &lateCharset{r: r, enc: enc}
			}
		}
		return &mixed{r: r, old: byteCharset(label)}
	}
	enc := lookup(label)
	if enc == nil || enc == unicode.UTF8 || isASCIILabel(label) {
		enc = guess(head)
	}
	return transform.NewReader(r, enc.NewDecoder())
}

// decodeBytes is utf8Reader for a short value.
func decodeBytes(label string, raw []byte) string { return decodeBytesBy(guess, label, raw) }

// decodeBytesBy is decodeBytes with a guesser of the caller's.
func decodeBytesBy(guess guesser, label string, raw []byte) string {
	if utf8.Valid(raw) && !isUTF7(label) && (ascii(raw) || label == "") && escaped(label, raw) == nil {
		return string(raw)
	}
	out, err := io.ReadAll(utf8ReaderBy(guess, label, raw, bytes.NewReader(raw)))
	if err != nil {
		return strings.ToValidUTF8(string(raw), "\uFFFD")
	}
	return string(out)
}

// byteOrderMark returns the size of the mark and the charset that it names,
// nil for UTF-8.
func byteOrderMark(b []byte) (int, encoding.Encoding) {
	switch {
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		return 3, nil
	case bytes.HasPrefix(b, []byte{0xff, 0xfe, 0, 0}):
		return 4, utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case bytes.HasPrefix(b, []byte{0, 0, 0xfe, 0xff}):
		return 4, utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		return 2, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		return 2, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return 0, nil
}

// wideByZeros recognises UTF-16 and UTF-32 without a mark by where the zero
// bytes of ASCII characters stand.
func wideByZeros(b []byte) encoding.Encoding {
	b = b[:len(b)/4*4]
	if len(b) < 8 || bytes.IndexByte(b, 0) < 0 {
		return nil
	}
	var zero [4]int
	for i, c := range b {
		if c == 0 {
			zero[i%4]++
		}
	}
	quads := len(b) / 4
	most := func(n int) bool { return n*10 >= quads*7 }
	few := func(n int) bool { return n*10 <= quads }
	switch {
	case most(zero[1]) && most(zero[2]) && most(zero[3]) && few(zero[0]):
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case most(zero[0]) && most(zero[1]) && most(zero[2]) && few(zero[3]):
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case few(zero[0]) && few(zero[2]) && zero[1]+zero[3] > quads/2 && printable16(b, binary.LittleEndian):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case few(zero[1]) && few(zero[3]) && zero[0]+zero[2] > quads/2 && printable16(b, binary.BigEndian):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return nil
}

// printable16 tells text from a binary table of small numbers.
func printable16(b []byte, order binary.ByteOrder) bool {
	bad := 0
	for i := 0; i+1 < len(b); i += 2 {
		if u := order.Uint16(b[i:]); u < ' ' && u != '\t' && u != '\n' && u != '\r' {
			bad++
		}
	}
	return bad*2*25 <= len(b)
}

// escaped recognises the charsets that are ASCII with escapes.
func escaped(label string, head []byte) encoding.Encoding {
	if !bytes.Contains(head, []byte("\x1b$")) && !bytes.Contains(head, []byte("\x1b(")) &&
		!bytes.Contains(head, []byte("~{")) {
		return nil
	}
	if l := strings.ToLower(label); strings.HasPrefix(l, "iso-2022") || strings.HasPrefix(l, "hz") {
		return lookup(label)
	}
	if bytes.Contains(head, []byte("\x1b$B")) || bytes.Contains(head, []byte("\x1b$@")) {
		return lookup("iso-2022-jp")
	}
	return nil
}

// lookup finds the charset of a label, nil if nobody knows it.
func lookup(label string) encoding.Encoding {
	label = strings.Trim(strings.ToLower(label), "\"' \t")
	if label == "" {
		return nil
	}
	if enc, err := htmlindex.Get(label); err == nil && enc != encoding.Replacement {
		return enc
	}
	for _, l := range []string{label, strings.TrimPrefix(label, "x-"), strings.Replace(label, "cp", "ibm", 1)} {
		if enc, err := ianaindex.MIME.Encoding(l); err == nil && enc != nil {
			return enc
		}
	}
	return nil
}

func isUTF7(label string) bool {
	l := strings.ToLower(strings.Trim(label, "\"' \t"))
	return l == "utf-7" || l == "utf7" || l == "unicode-1-1-utf-7" || l == "x-unicode-2-0-utf-7"
}

func isASCIILabel(label string) bool {
	l := strings.ToLower(strings.Trim(label, "\"' \t"))
	return l == "us-ascii" || l == "ascii" || l == "ansi_x3.4-1968" || l == "7bit"
}

func singleByte(enc encoding.Encoding) bool { _, ok := enc.(*charmap.Charmap); return ok }

// byteCharset is the charset of single bytes that stands in for what is not
// valid UTF-8.
func byteCharset(label string) *charmap.Charmap {
	if m, ok := lookup(label).(*charmap.Charmap); ok {
		return m
	}
	return charmap.Windows1252
}

// guess detects a charset. Below certainty it is windows-1252, by far the
// most common one that goes without a label.
func guess(head []byte) encoding.Encoding {
	const sure = 0.6
	if found := chardet.Detect(head); found.Confidence >= sure {
		if enc := lookup(found.Encoding); enc != nil && enc != unicode.UTF8 {
			return enc
		}
	}
	return charmap.Windows1252
}

// guesses counts the short values whose charset was guessed.
type guesses int

// maxGuesses bounds them: each takes a tenth of a millisecond. What comes after
// is windows-1252.
const maxGuesses = 1000

// short guesses for one of many short values.
func (g *guesses) short(head []byte) encoding.Encoding {
	if *g++; *g > maxGuesses {
		return charmap.Windows1252
	}
	return guess(head)
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// mostlyUTF8 tells whether a text's beginning is UTF-8, cut at any byte: no
// invalid sequence, or a few among many valid ones, as in a file that was put
// together from several.
func mostlyUTF8(b []byte) bool {
	good, bad := 0, 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		_, size := utf8.DecodeRune(b[i:])
		switch {
		case size > 1:
			good++
		case len(b)-i < utf8.UTFMax && !utf8.FullRune(b[i:]):
		default:
			bad++
		}
		i += max(size, 1)
	}
	return bad == 0 || good > 4*bad
}
