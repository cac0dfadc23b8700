package xmlzip

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// Unescape decodes the predefined entities and character references of XML in
// place and returns the shorter slice. What is none of these stays as written.
func Unescape(b []byte) []byte {
	i := bytes.IndexByte(b, '&')
	if i < 0 {
		return b
	}
	w := i
	for i < len(b) {
		if b[i] != '&' {
			b[w] = b[i]
			i, w = i+1, w+1
			continue
		}
		r, n := entity(b[i:])
		if n == 0 {
			b[w] = '&'
			i, w = i+1, w+1
			continue
		}
		w += utf8.EncodeRune(b[w:], r) // never longer than the reference itself
		i += n
	}
	return b[:w]
}

// entity decodes the reference at the start of b; n is 0 if there is none.
func entity(b []byte) (r rune, n int) {
	end := bytes.IndexByte(b[:min(len(b), 12)], ';')
	if end < 2 {
		return 0, 0
	}
	switch name := string(b[1:end]); name {
	case "amp":
		return '&', end + 1
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	default:
		if name[0] != '#' {
			return 0, 0
		}
		digits, base := name[1:], 10
		if len(digits) > 0 && (digits[0] == 'x' || digits[0] == 'X') {
			digits, base = digits[1:], 16
		}
		v, err := strconv.ParseUint(digits, base, 32)
		if err != nil || v > utf8.MaxRune || utf8.RuneLen(rune(v)) < 0 || utf8.RuneLen(rune(v)) > end+1 {
			return 0, 0
		}
		return rune(v), end + 1
	}
}
