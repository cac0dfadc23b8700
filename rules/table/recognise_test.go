package table

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzMarks: the marks of a line are those of its bytes, and of two spaces
// side by side.
func FuzzMarks(f *testing.F) {
	for _, line := range []string{"", " ", "  ", "a b  ", "12345678", "1234567  ", "1234567 9 1234567 ", "       a,b", "        ", strings.Repeat("many ", 102) + "a  b", strings.Repeat("many ", 102) + "a, b", "a \x00 \xa0 \xe2\x94\x82 b"} {
		f.Add([]byte(line))
	}
	marks := newTraits()
	f.Fuzz(func(t *testing.T, line []byte) {
		var want uint16
		for _, c := range line {
			want |= marks.of[c]
		}
		if bytes.Contains(line, []byte("  ")) {
			want |= hasPair
		}
		if got := marks.line(line); got != want {
			t.Errorf("%q has the marks %b, want %b", line, got, want)
		}
	})
}
