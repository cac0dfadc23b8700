package rules

import (
	"strings"
	"unicode"
)

// mask hides a value but for its shape: the first letter of each word and the
// separators stay, every other letter becomes "•" and every digit "0". The
// length is kept up to maxCellRunes. It cannot be turned back.
func mask(value string) string {
	var b strings.Builder
	start, n := true, 0
	for _, r := range value {
		if n++; n > maxCellRunes {
			b.WriteRune('…')
			break
		}
		switch {
		case unicode.IsDigit(r):
			b.WriteByte('0')
			start = false
		case unicode.IsLetter(r) && start && !unicode.Is(unicode.Han, r):
			b.WriteRune(unicode.ToUpper(r))
			start = false
		case unicode.IsLetter(r):
			b.WriteRune('•')
			start = false
		case unicode.IsControl(r):
			b.WriteByte(' ')
			start = true
		default:
			b.WriteRune(r)
			start = true
		}
	}
	return b.String()
}

// plain is a value as it stands, on one line and of bounded length.
func plain(value string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.TrimSpace(value) {
		if n++; n > maxPlainRunes {
			b.WriteRune('…')
			break
		}
		if unicode.IsControl(r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}
