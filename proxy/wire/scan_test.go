package wire

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// refer is the plainest way to read a message: it returns the content of what
// begins with in, and what follows the end. ok is false if there is no end.
func refer(in string, dots bool, policy LineEnds) (content, rest string, bad, ok bool) {
	const end = "\r\n.\r\n"
	content = in
	if dots {
		i := strings.Index("\r\n"+in, end)
		if i < 0 {
			return "", "", false, false
		}
		content, rest = ("\r\n" + in)[:i+2], in[i+len(end)-2:]
		content = strings.ReplaceAll(content, "\r\n.", "\r\n")[2:]
	}
	lines := strings.Split(content, "\r\n")
	lone := strings.ContainsAny(strings.Join(lines, ""), "\r\n")
	if policy == Normalise && lone {
		for i, line := range lines {
			lines[i] = strings.NewReplacer("\r", "\r\n", "\n", "\r\n").Replace(line)
		}
		content, lone = strings.Join(lines, "\r\n"), false
	}
	return content, rest, lone || strings.Contains(content, "\x00"), true
}

// testBody returns a Body that reads from r, with a buffer of size octets.
func testBody(r io.Reader, size int, scan lineScanner) *Body {
	b := &Body{scan: scan, chunks: !scan.dots, in: &window{buf: make([]byte, size)}, closed: make(chan struct{})}
	b.pipe = r
	b.fill = b.fillChunk
	return b
}

func checkBody(t *testing.T, in string, scan lineScanner, size int, cut func(io.Reader) io.Reader) {
	t.Helper()
	want, rest, bad, ok := refer(in, scan.dots, scan.policy)
	src := strings.NewReader(in)
	b := testBody(cut(src), size, scan)
	if scan.dots {
		// A body without an end is a client that has gone.
		b.fill = func() error {
			err := b.fillChunk()
			if err == nil && b.ended {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
	got, err := io.ReadAll(b)
	left := string(b.in.unread()) + in[len(in)-src.Len():]
	switch {
	case !ok:
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: error %v, want an unexpected end", in, err)
		}
	case bad:
		if !errors.Is(err, ErrLineEnds) {
			t.Errorf("%q: error %v, want %v", in, err, ErrLineEnds)
		}
		if scan.dots && left != rest {
			t.Errorf("%q: %q is left, want %q", in, left, rest)
		}
	default:
		if err != nil || string(got) != want || scan.dots && left != rest {
			t.Errorf("%q: %q, %v, left %q; want %q, left %q", in, got, err, left, want, rest)
		}
		if !b.whole.Load() {
			t.Errorf("%q: not whole", in)
		}
	}
}

func FuzzBodyReadsAsTheReferenceDoes(f *testing.F) {
	for _, seed := range []string{
		"", ".\r\n", "a\r\n.\r\nNOOP\r\n", "..\r\n.\r\n", ".a\r\n.\r\n", "a\n.\r\n.\r\n", "a\r\n.\n\r\n.\r\n",
		"\r\r\n.\r\n", "\r.\r\n\r\n.\r\n", "a\x00\r\n.\r\n", "\r\n.\r\r\n.\r\n", "\n\r\n\r.\r\n.\r\n", ".\r.\r\n\r\n.\r\n",
	} {
		f.Add(seed, true, false)
		f.Add(seed, false, true)
		f.Add(seed, true, true)
	}
	f.Fuzz(func(t *testing.T, in string, dots, normalise bool) {
		scan := lineScanner{dots: dots}
		if normalise {
			scan.policy = Normalise
		}
		checkBody(t, in, scan, 1<<10, func(r io.Reader) io.Reader { return r })
		checkBody(t, in, scan, 4, iotest.OneByteReader)
		checkBody(t, in, scan, 7, iotest.HalfReader)
	})
}

func TestBodyReadsAsTheReferenceDoesWhereverItIsCut(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const alphabet = "\r\r\n\n..x\x00"
	for range 20000 {
		in := make([]byte, rnd.IntN(14))
		for i := range in {
			in[i] = alphabet[rnd.IntN(len(alphabet))]
		}
		scan := lineScanner{dots: rnd.IntN(4) > 0, policy: LineEnds(rnd.IntN(2))}
		text := string(in)
		if scan.dots {
			text += "\r\n.\r\nQUIT\r\n"
		}
		checkBody(t, text, scan, 4, iotest.OneByteReader)
		checkBody(t, text, scan, 5, iotest.HalfReader)
	}
}

func TestBodyGivesOctetsOneByOne(t *testing.T) {
	b := testBody(strings.NewReader("a\nb\r\n..\r\n.\r\n"), 64, lineScanner{dots: true, policy: Normalise})
	got, err := io.ReadAll(iotest.OneByteReader(b))
	if want := "a\r\nb\r\n.\r\n"; string(got) != want || err != nil {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

func TestBodyLimitCountsContent(t *testing.T) {
	// 5 octets of content, 12 on the way.
	const in = "..\r\n..\r\n.\r\n"
	for limit, want := range map[int64]error{5: ErrTooLarge, 6: nil, 0: nil} {
		b := testBody(strings.NewReader(in), 64, lineScanner{dots: true})
		b.limit, b.discard = limit, 100
		if _, err := io.ReadAll(b); !errors.Is(err, want) {
			t.Errorf("limit %d: %v, want %v", limit, err, want)
		}
	}
}

func BenchmarkBody(b *testing.B) {
	prose := strings.Repeat(strings.Repeat("The quick brown fox jumps over the lazy dog, and ", 2)[:76]+"\r\n", 1<<16)
	for _, bc := range []struct{ name, text string }{
		{"base64", prose},
		{"short_lines", strings.Repeat("a,b,c,d\r\n", 1<<19)},
		{"dots", strings.Repeat("..a dot at each line\r\n", 1<<17)},
		{"one_line", strings.Repeat("x", 4<<20) + "\r\n"},
	} {
		b.Run(bc.name, func(b *testing.B) {
			in := []byte(bc.text + ".\r\n")
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			buf := make([]byte, bodyWindow)
			for b.Loop() {
				body := testBody(bytes.NewReader(in), 0, lineScanner{dots: true})
				body.in.buf = buf
				if _, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{body}, make([]byte, 32<<10)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
