package detect

import (
	"bytes"
	"testing"
)

// FuzzIndexFigure: what is found many bytes at a time is what is found byte by
// byte.
func FuzzIndexFigure(f *testing.F) {
	every := make([]byte, 256)
	for c := range every {
		every[c] = byte(c)
	}
	f.Add(every)
	f.Add([]byte("some words, then 7"))
	f.Add([]byte("\xb0\xc0\xc2\xa0\xad\xa4 \xc3\x84rger"))
	f.Add([]byte("a long line without any of them, /:?[`"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for i := range text {
			if got, want := IndexFigure(text[i:]), bytes.IndexAny(text[i:], "0123456789@"); got != want {
				t.Fatalf("the first figure of %q is at %d, want %d", text[i:], got, want)
			}
		}
	})
}
