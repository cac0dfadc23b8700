package table

import (
	"bytes"
	"strings"
	"testing"
)

// sourceOf is a window that holds a whole text.
func sourceOf(text string) *source { return &source{buf: []byte(text), end: len(text), eof: true} }

// FuzzStretch: what is remembered of open quotes says of every line what reading
// on from there says.
func FuzzStretch(f *testing.F) {
	f.Add(strings.Repeat("\"a\"\"b\",\"\n", 300), byte(','), byte('"'))
	f.Add(strings.Repeat("x;'y\n", 250)+"z'\n"+strings.Repeat("a;b\n", 5), byte(';'), byte('\''))
	f.Add("a,\"b\nc\n> d\",e\nf,\"g\"\"\nh\",i\n", byte(','), byte('"'))
	f.Fuzz(func(t *testing.T, text string, delim, quote byte) {
		if len(text) > 16<<10 || quote != '"' && quote != '\'' || strings.IndexByte(delimiters, delim) < 0 {
			return
		}
		form := form{delim: delim, quote: quote}
		src := sourceOf(text)
		var q stretch
		for off := 0; off < len(text); {
			got, known := q.closes(src, &form, off)
			want, at := off, off
			joined := []byte{quote} // an open cell before the line
			for range recordLines {
				line, next, ok := src.peek(at)
				if !ok {
					break
				}
				at = next
				joined = append(append(joined, unquote(line)...), '\n')
				if !form.open(joined) {
					want = at
					break
				}
			}
			if got != want || !known {
				t.Fatalf("a quote open before offset %d of %q is closed at %d (known: %v), want %d", off, text, got, known, want)
			}
			_, off, _ = src.peek(off)
		}
	})
}

// TestEachLineBehindAnOpenQuoteIsReadOnce: however many lines ask what closes
// their quote. The lines are wiped once they were read.
func TestEachLineBehindAnOpenQuoteIsReadOnce(t *testing.T) {
	const lines = 150
	line := "\"a\"\"b\",\"\n"
	text := strings.Repeat(line, lines) + "end\"\n"
	src := sourceOf(text)
	f := form{delim: ',', quote: '"'}
	var q stretch
	if end, _ := q.closes(src, &f, len(line)); end != len(text) {
		t.Fatalf("closed at %d of %d", end, len(text))
	}
	copy(src.buf, bytes.Repeat([]byte{'"', '\n'}, len(text)/2))
	for i := 2; i < lines; i++ {
		if end, _ := q.closes(src, &f, i*len(line)); end != len(text) {
			t.Fatalf("line %d: closed at %d of %d: it was read again", i, end, len(text))
		}
	}
}
