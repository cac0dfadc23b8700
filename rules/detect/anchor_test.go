package detect

import (
	"bytes"
	"testing"
)

// FuzzAnchors: what is found eight bytes at a time is what is found byte by
// byte.
func FuzzAnchors(f *testing.F) {
	every := make([]byte, 256)
	for c := range every {
		every[c] = byte(c)
	}
	f.Add(every)
	f.Add([]byte("some words, then 7"))
	f.Add([]byte("\xb0\xc0\xc2\xa0\xad\xa4 \xc3\x84rger"))
	f.Add([]byte("a long line without any of them, /:?[`"))
	d := newDetector(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		want, plain := len(text), len(text)
		for i := len(text); i >= 0; i-- {
			if i < len(text) && d.anchor[text[i]] != anchorNone {
				want = i
			}
			if got := nextAnchor(&d.anchor, text, i); got != want {
				t.Fatalf("the first anchor of %q from %d on is at %d, want %d", text, i, got, want)
			}
			if i < len(text) && d.plain[text[i]] != anchorNone {
				plain = i
			}
			if got := nextPlain(&d.plain, text, i); got != plain {
				t.Fatalf("the first plain anchor of %q from %d on is at %d, want %d", text, i, got, plain)
			}
		}
		for i := range text {
			if got, want := IndexFigure(text[i:]), bytes.IndexAny(text[i:], "0123456789@"); got != want {
				t.Fatalf("the first figure of %q is at %d, want %d", text[i:], got, want)
			}
		}
	})
}
