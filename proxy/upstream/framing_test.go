package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// frame gives the wire form of content, read in blocks of the given size.
func frame(f framing, content string, block int) (string, error) {
	var wire bytes.Buffer
	for len(content) > 0 {
		n := min(block, len(content))
		out, err := f.next(nil, []byte(content[:n]))
		if err != nil {
			return wire.String(), err
		}
		wire.Write(out)
		content = content[n:]
	}
	out, err := f.end(nil)
	wire.Write(out)
	return wire.String(), err
}

func TestDotsAreDoubledAndNothingElseChanges(t *testing.T) {
	for _, test := range []struct{ name, content, wire string }{
		{"nothing", "", ".\r\n"},
		{"no dot", "a\r\nb\r\n", "a\r\nb\r\n.\r\n"},
		{"first line", ".a\r\n", "..a\r\n.\r\n"},
		{"lone dot first", ".\r\n", "..\r\n.\r\n"},
		{"lone dot between", "a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"},
		{"dots after dots", "..\r\n...\r\n", "...\r\n....\r\n.\r\n"},
		{"dot inside a line", "a.b\r\nc.\r\n", "a.b\r\nc.\r\n.\r\n"},
		{"empty lines", "\r\n\r\n", "\r\n\r\n.\r\n"},
		{"no line end", "a", "a\r\n.\r\n"},
		{"ends with a dot line without end", "a\r\n.", "a\r\n..\r\n.\r\n"},
		{"8-bit and NUL", "\xff\x00\r\n.\xfe\r\n", "\xff\x00\r\n..\xfe\r\n.\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for block := 1; block <= len(test.content)+1; block++ {
				got, err := frame(newDots(), test.content, block)
				if err != nil || got != test.wire {
					t.Errorf("in blocks of %d: %q, %v; want %q", block, got, err, test.wire)
				}
			}
		})
	}
}

func TestLoneCROrLFIsRefusedBeforeTheDot(t *testing.T) {
	for _, content := range []string{
		"\n", "\r", "a\nb\r\n", "a\rb\r\n", "a\r\r\n", "a\r\n\r", "a\r\n\n", "\n\r", "a\nb\rc\r\n", "a\n.\r\nb\r\n", "a\r.\r\n", "a\r\n.\r\r\nb", "\r\n\r",
		"a\r\n.\nMAIL FROM:<x@y.example>\r\n",
	} {
		for block := 1; block <= len(content)+1; block++ {
			got, err := frame(newDots(), content, block)
			if !errors.Is(err, ErrContent) {
				t.Errorf("%q in blocks of %d: %v, want ErrContent", content, block, err)
			}
			if strings.Contains("\r\n"+got, "\r\n.\r\n") {
				t.Errorf("%q in blocks of %d: the end was sent: %q", content, block, got)
			}
		}
	}
}

func TestBodyOfAnotherLengthHasNoEnd(t *testing.T) {
	failing := errors.New("disk is gone")
	for _, test := range []struct {
		name    string
		content string
		end     error // of the reader
		size    int64
	}{
		{"shorter", "a\r\n", io.EOF, 4},
		{"longer", "a\r\nb", io.EOF, 3},
		{"empty but announced", "", io.EOF, 1},
		{"not empty but announced so", "a", io.EOF, 0},
		{"reader fails", "a\r\n", failing, 9},
		{"reader fails at the end", "a\r\n", failing, 3},
	} {
		for _, framing := range []framing{newDots(), newChunk(test.size)} {
			t.Run(fmt.Sprintf("%s, %T", test.name, framing), func(t *testing.T) {
				reader := io.MultiReader(strings.NewReader(test.content), iotest.ErrReader(test.end))
				b := body{content: reader, left: test.size, framing: framing}
				var err error
				for !b.done && err == nil {
					_, err = b.next(newBlocks())
				}
				if !errors.Is(err, ErrContent) || errors.Is(test.end, failing) && !errors.Is(err, failing) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// FuzzDots: content without a lone CR or LF comes back byte for byte from a
// receiver that follows RFC 5321, whatever the blocks; all other is refused.
func FuzzDots(f *testing.F) {
	for _, seed := range []string{"", "a\r\n.\r\n", ".\r\n..\r\n", "a\nb", "a\r", "\r\n.", "x\r\n.\r\nMAIL FROM:<>\r\n"} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, content string, block int) {
		if block < 1 {
			block = 1
		}
		wire, err := frame(newDots(), content, block)
		rest := strings.ReplaceAll(content, "\r\n", "")
		if lone := strings.ContainsAny(rest, "\r\n"); lone != (err != nil) {
			t.Fatalf("lone CR or LF: %t, but %v", lone, err)
		}
		if err != nil {
			return
		}
		if content != "" && !strings.HasSuffix(content, "\r\n") {
			content += "\r\n"
		}
		if got, ok := receive(wire); !ok || got != content {
			t.Fatalf("%q was received from %q, want %q", got, wire, content)
		}
	})
}

// receive undoes the framing of DATA line by line, and reports whether the
// final dot is the last line and no earlier one.
func receive(wire string) (content string, ok bool) {
	var b strings.Builder
	for wire != "" {
		line, rest, _ := strings.Cut(wire, "\r\n")
		if line == "." {
			return b.String(), rest == ""
		}
		b.WriteString(strings.TrimPrefix(line, ".") + "\r\n")
		wire = rest
	}
	return b.String(), false
}
