package sheet

import (
	"unicode/utf16"
	"unicode/utf8"
)

// AppendUTF16 adds little-endian UTF-16 as UTF-8. Half a surrogate pair
// becomes U+FFFD, and an odd last byte is left out.
func AppendUTF16(dst, b []byte) []byte {
	for i := 0; i+1 < len(b); i += 2 {
		c := rune(b[i]) | rune(b[i+1])<<8
		if c < utf8.RuneSelf {
			dst = append(dst, byte(c))
			continue
		}
		if utf16.IsSurrogate(c) {
			pair := rune(utf8.RuneError)
			if i+3 < len(b) {
				pair = utf16.DecodeRune(c, rune(b[i+2])|rune(b[i+3])<<8)
			}
			if pair != utf8.RuneError {
				i += 2
			}
			c = pair
		}
		dst = utf8.AppendRune(dst, c)
	}
	return dst
}
