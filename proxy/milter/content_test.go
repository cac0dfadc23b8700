package milter

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
	"testing"
)

// made gives a message as content makes it of a header and chunks of a body.
func made(normalise bool, room int64, fields [][2]string, chunks ...string) (string, error) {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	c := content{w: w, room: room, normalise: normalise}
	err := func() error {
		for _, f := range fields {
			if err := c.field(f[0], f[1]); err != nil {
				return err
			}
		}
		if err := c.endHeader(); err != nil {
			return err
		}
		for _, chunk := range chunks {
			if err := c.write([]byte(chunk)); err != nil {
				return err
			}
		}
		return c.end()
	}()
	w.Flush()
	return out.String(), err
}

func TestContentIsTheMessage(t *testing.T) {
	subject := [][2]string{{"Subject", " s"}}
	for _, c := range []struct {
		name      string
		fields    [][2]string
		chunks    []string
		normalise bool
		want      string
		err       error
	}{
		{"a field and a line", subject, []string{"one\r\n"}, false, "Subject: s\r\n\r\none\r\n", nil},
		{"fields in order, twice the same", [][2]string{{"To", " b"}, {"X", ""}, {"To", "a"}}, nil, false, "To: b\r\nX:\r\nTo:a\r\n\r\n", nil},
		// Postfix parts the lines of a value by LF, others by CRLF.
		{"folded", [][2]string{{"A", " 1\n\t2\r\n 3"}}, nil, false, "A: 1\r\n\t2\r\n 3\r\n\r\n", nil},
		{"no header", nil, []string{"one\r\n"}, false, "\r\none\r\n", nil},
		{"no line end at the end", subject, []string{"one"}, false, "Subject: s\r\n\r\none", nil},
		{"a CRLF in two chunks", subject, []string{"one\r", "\ntwo\r\n"}, false, "Subject: s\r\n\r\none\r\ntwo\r\n", nil},
		{"lone LF", subject, []string{"one\ntwo\r\n"}, false, "", ErrLineEnds},
		{"lone CR", subject, []string{"one\rtwo\r\n"}, false, "", ErrLineEnds},
		{"lone CR at a chunk's end", subject, []string{"one\r", "two\r\n"}, false, "", ErrLineEnds},
		{"lone CR at the end", subject, []string{"one\r"}, false, "", ErrLineEnds},
		{"lone CR in a field", [][2]string{{"A", " 1\r2"}}, nil, false, "", ErrLineEnds},
		{"NUL", subject, []string{"a\x00b\r\n"}, false, "", ErrLineEnds},
		{"lone ends made whole", subject, []string{"a\nb\rc\r", "d\r\r\n", "\r"}, true, "Subject: s\r\n\r\na\r\nb\r\nc\r\nd\r\n\r\n\r\n", nil},
		{"NUL all the same", subject, []string{"a\x00b\r\n"}, true, "", ErrLineEnds},
		{"a name with a colon", [][2]string{{"A: b", "c"}}, nil, false, "", errOrder},
		{"a name of two lines", [][2]string{{"A\r\nB", "c"}}, nil, false, "", errOrder},
		{"no name", [][2]string{{"", "c"}}, nil, false, "", errOrder},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := made(c.normalise, 1<<20, c.fields, c.chunks...)
			if !errors.Is(err, c.err) {
				t.Fatalf("%v, want %v", err, c.err)
			}
			if err == nil && got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestContentHasABound(t *testing.T) {
	whole, err := made(false, 20, [][2]string{{"A", " b"}}, "12345678\r\n\r\n")
	if err != nil || len(whole) != 20 {
		t.Fatalf("%d octets, %v; want 20", len(whole), err)
	}
	for _, body := range []string{"12345678\r\n\r\n1", "123456789\r\n\r\n"} {
		if _, err := made(false, 20, [][2]string{{"A", " b"}}, body); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d octets of body: %v, want too large", len(body), err)
		}
	}
}

// FuzzContent: however a body is cut into chunks, the message is the same; it has
// no lone CR or LF, and is what was shown if nothing had to be made whole.
func FuzzContent(f *testing.F) {
	for _, body := range []string{"", "one\r\ntwo\r\n", "a\rb\nc\r\r\n\n", "\x00"} {
		f.Add(body, 3, true)
		f.Add(body, 1, false)
	}
	f.Fuzz(func(t *testing.T, body string, size int, normalise bool) {
		whole, wholeErr := made(normalise, 1<<20, nil, body)
		var chunks []string
		for rest := body; rest != ""; {
			n := min(max(size, 1), len(rest))
			chunks, rest = append(chunks, rest[:n]), rest[n:]
		}
		got, err := made(normalise, 1<<20, nil, chunks...)
		if !errors.Is(err, wholeErr) || err == nil && got != whole {
			t.Fatalf("in chunks %q, %v; whole %q, %v", got, err, whole, wholeErr)
		}
		if err != nil {
			return
		}
		if bare := strings.ReplaceAll(got, "\r\n", ""); strings.ContainsAny(bare, "\r\n\x00") {
			t.Errorf("lone line ends in %q", got)
		}
		if !normalise && got != "\r\n"+body {
			t.Errorf("%q became %q", body, got)
		}
	})
}

func BenchmarkContent(b *testing.B) {
	chunk := bytes.Repeat([]byte("a line of a message, as base64 has them: 76 octets and two for its ends.....\r\n"), 800)
	b.SetBytes(int64(len(chunk)))
	w := bufio.NewWriterSize(discard{}, 32<<10)
	for b.Loop() {
		c := content{w: w, room: 1 << 20}
		if err := c.write(chunk); err != nil {
			b.Fatal(err)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
