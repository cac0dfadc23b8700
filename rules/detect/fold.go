package detect

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
	"golang.org/x/text/unicode/norm"
)

// appendFold appends text in the form in which two spellings of a word are
// equal: lower case, letters without their marks, ligatures and struck letters
// spelt out. It keeps everything that is no letter.
func appendFold(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c |= 0x20
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			// A byte that is no UTF-8 is most often Latin-1 that nobody marked.
			var latin [2]byte
			dst = appendFoldRune(dst, rune(c), latin[:utf8.EncodeRune(latin[:], rune(c))])
		} else {
			dst = appendFoldRune(dst, r, text[i:i+size])
		}
		i += size
	}
	return dst
}

// appendLower appends ASCII in lower case.
func appendLower(dst, text []byte) []byte {
	start := len(dst)
	dst = append(dst, text...)
	lower(dst[start:])
	return dst
}

// lower puts ASCII into lower case.
func lower(text []byte) {
	for ; len(text) >= 8; text = text[8:] {
		word := binary.LittleEndian.Uint64(text)
		capitals := lanes.Within(lanes.Low(word), 'A', 'Z') &^ word & lanes.Tops
		binary.LittleEndian.PutUint64(text, word|capitals>>2)
	}
	for i, c := range text {
		if isUpper(c) {
			text[i] = c | 0x20
		}
	}
}

// isASCII reports whether text has no byte above 0x7f.
func isASCII(text []byte) bool {
	for len(text) >= 8 {
		if binary.LittleEndian.Uint64(text)&0x8080808080808080 != 0 {
			return false
		}
		text = text[8:]
	}
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendFoldRune folds one character that is not ASCII; raw is its encoding.
func appendFoldRune(dst []byte, r rune, raw []byte) []byte {
	if r >= 0x1100 && unicode.Is(unicode.Lo, r) || r == '´' {
		return appendLetter(dst, r) // CJK and Hangul have neither case nor marks
	}
	d := norm.NFKD.Properties(raw).Decomposition()
	if len(d) == 0 {
		return appendLetter(dst, r)
	}
	for len(d) > 0 {
		r, size := utf8.DecodeRune(d)
		dst = appendLetter(dst, r)
		d = d[size:]
	}
	return dst
}

// appendLetter folds a character that does not decompose.
func appendLetter(dst []byte, r rune) []byte {
	switch r {
	case 'ß', 'ẞ':
		return append(dst, "ss"...)
	case 'æ', 'Æ':
		return append(dst, "ae"...)
	case 'œ', 'Œ':
		return append(dst, "oe"...)
	case 'ø', 'Ø':
		return append(dst, 'o')
	case 'ł', 'Ł':
		return append(dst, 'l')
	case 'đ', 'Đ', 'ð', 'Ð':
		return append(dst, 'd')
	case 'þ', 'Þ':
		return append(dst, "th"...)
	case 'ı':
		return append(dst, 'i')
	case '’', '‘', 'ʼ', '´':
		return append(dst, '\'')
	case '\u200b', '\u200c', '\u200d', '\ufeff', '\u00ad':
		return dst // invisible
	}
	if isMark(r) {
		return dst
	}
	return utf8.AppendRune(dst, unicode.ToLower(r))
}

// isMark reports marks that people leave out: accents, and the vowel points
// of Arabic and Hebrew. The vowel signs of Indic scripts are letters to their
// readers and stay.
func isMark(r rune) bool {
	return 0x300 <= r && r <= 0x36f || 0x64b <= r && r <= 0x65f || 0x591 <= r && r <= 0x5c7
}
