package pdf

import (
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// encodingTable returns what the codes of a simple font stand for under one
// of the encodings that have a name (ISO 32000-2, annex D).
func encodingTable(n name) [256]rune {
	var t [256]rune
	decode := charmap.Windows1252.DecodeByte
	switch n {
	case "MacRomanEncoding":
		decode = charmap.Macintosh.DecodeByte
	case "StandardEncoding":
		decode = standardByte
	}
	for i := range t {
		if r := decode(byte(i)); r >= ' ' && r != '\ufffd' && (r < 0x7f || r > 0x9f) {
			t[i] = r
		}
	}
	return t
}

// standardByte decodes Adobe's standard Latin encoding.
func standardByte(b byte) rune {
	const upper = "¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ" + "\x00" + "–†‡·\x00¶•‚„”»…‰\x00¿" +
		"\x00`´ˆ˜¯˘˙¨\x00˚¸\x00˝˛ˇ" + "—"
	switch {
	case b == '\'':
		return '’'
	case b == '`':
		return '‘'
	case b < 0x7f:
		return rune(b)
	case b >= 0xa1 && b <= 0xd0:
		return []rune(upper)[b-0xa1]
	}
	switch b {
	case 0xe1:
		return 'Æ'
	case 0xe3:
		return 'ª'
	case 0xe8:
		return 'Ł'
	case 0xe9:
		return 'Ø'
	case 0xea:
		return 'Œ'
	case 0xeb:
		return 'º'
	case 0xf1:
		return 'æ'
	case 0xf5:
		return 'ı'
	case 0xf8:
		return 'ł'
	case 0xf9:
		return 'ø'
	case 0xfa:
		return 'œ'
	case 0xfb:
		return 'ß'
	}
	return 0
}

// legacyEncoding returns the character set behind one of the predefined CMaps
// (ISO 32000-2, table 116), nil if it is none, and the codes that lead a pair.
func legacyEncoding(cmap string) (encoding.Encoding, func(byte) bool) {
	above := func(low byte) func(byte) bool {
		return func(b byte) bool { return b >= low && b != 0xff }
	}
	switch {
	case strings.HasPrefix(cmap, "GB"):
		return simplifiedchinese.GB18030, above(0x81)
	case strings.Contains(cmap, "RKSJ"):
		return japanese.ShiftJIS, func(b byte) bool { return b >= 0x81 && b <= 0x9f || b >= 0xe0 && b <= 0xfc }
	case strings.HasPrefix(cmap, "EUC"):
		return japanese.EUCJP, above(0x8e)
	case strings.HasPrefix(cmap, "B5"), strings.HasPrefix(cmap, "ETen"), strings.HasPrefix(cmap, "HKscs"):
		return traditionalchinese.Big5, above(0x81)
	case strings.HasPrefix(cmap, "KSC"):
		return korean.EUCKR, above(0x81)
	}
	return nil, nil
}

// documentText decodes a text string (ISO 32000-2, 7.9.2.2): UTF-16 or UTF-8
// with a mark, else PDFDocEncoding.
func documentText(t text) string {
	s := string(t)
	switch {
	case strings.HasPrefix(s, "\xfe\xff"):
		return decodeLong(s[2:], 0)
	case strings.HasPrefix(s, "\xff\xfe"):
		return decodeLong(s[2:], 1)
	case strings.HasPrefix(s, "\xef\xbb\xbf"):
		return strings.ToValidUTF8(s[3:], "\ufffd")
	}
	const upper = "˘ˇˆ˙˝˛˚˜" // 0x18 to 0x1f
	const middle = "•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž\ufffd€"
	var b strings.Builder
	b.Grow(len(s))
	for _, c := range []byte(s) {
		switch {
		case c >= 0x18 && c <= 0x1f:
			b.WriteRune([]rune(upper)[c-0x18])
		case c >= 0x80 && c <= 0xa0:
			b.WriteRune([]rune(middle)[c-0x80])
		default:
			b.WriteRune(rune(c))
		}
	}
	return b.String()
}

// decodeLong decodes UTF-16; high is the place of the higher byte of a pair.
func decodeLong(s string, high int) string {
	u := make([]uint16, 0, len(s)/2)
	for ; len(s) >= 2; s = s[2:] {
		u = append(u, uint16(s[high])<<8|uint16(s[1-high]))
	}
	return string(utf16.Decode(u))
}
