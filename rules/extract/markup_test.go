package extract

import (
	"bytes"
	"testing"
)

// FuzzCollapse: white space is shown as if it were read byte by byte.
func FuzzCollapse(f *testing.F) {
	for _, text := range []string{"", " ", "one two  three\n four ", "  a", " 1234567", "a b c d e f g h i j  k", "12345678 12345678", "1234567  8", "a\x80\xa0 \t\x8b", "\x0b\x0c"} {
		f.Add([]byte("x"), []byte(text), true)
		f.Add([]byte(nil), []byte(text), false)
		f.Add([]byte("\n"), []byte(text), true)
	}
	f.Fuzz(func(t *testing.T, line, text []byte, space bool) {
		want, after := bytes.Clone(line), space
		for _, c := range text {
			if blankByte(c) {
				after = true
				continue
			}
			if after && len(want) > 0 && want[len(want)-1] != '\n' {
				want = append(want, ' ')
			}
			want, after = append(want, c), false
		}
		got, now := collapse(bytes.Clone(line), text, space)
		if !bytes.Equal(got, want) || now != after {
			t.Errorf("%q behind %q: %q, %v, want %q, %v", text, line, got, now, want, after)
		}
	})
}
