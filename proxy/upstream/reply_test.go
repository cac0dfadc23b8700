package upstream

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(wire string) (Reply, error) {
	return readReply(bufio.NewReaderSize(strings.NewReader(wire), commandBuffer), new(texts))
}

func TestReplyIsReadAsSent(t *testing.T) {
	for _, test := range []struct {
		name, wire, enhanced string
		want                 Reply
	}{
		{"one line", "250 Ok\r\n", "", Reply{250, []string{"Ok"}}},
		{"text keeps its spaces", "250   two  spaces \r\n", "", Reply{250, []string{"  two  spaces "}}},
		{"no text", "250\r\n", "", Reply{250, []string{""}}},
		{"no text after the space", "250 \r\n", "", Reply{250, []string{""}}},
		{"line ended by LF", "250 Ok\n", "", Reply{250, []string{"Ok"}}},
		{"codes on each line", "550-5.1.1 No\r\n550 5.1.1 such user\r\n", "5.1.1", Reply{550, []string{"5.1.1 No", "5.1.1 such user"}}},
		{"enhanced code on the last line only", "451-Wait\r\n451 4.7.1 a bit\r\n", "4.7.1", Reply{451, []string{"Wait", "4.7.1 a bit"}}},
		{"enhanced code of another class is text", "550 4.7.1 odd\r\n", "", Reply{550, []string{"4.7.1 odd"}}},
		{"version number is text", "220 2.0 ready\r\n", "", Reply{220, []string{"2.0 ready"}}},
		{"UTF-8 text", "550 5.1.1 gibt es nicht: bücher\r\n", "5.1.1", Reply{550, []string{"5.1.1 gibt es nicht: bücher"}}},
		// A CR inside would be a line end to some clients.
		{"control characters become spaces", "250 a\rb\x00c\x1bd\r\n", "", Reply{250, []string{"a b c d"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := read(test.wire)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if got.Enhanced() != test.enhanced {
				t.Errorf("enhanced code %q, want %q", got.Enhanced(), test.enhanced)
			}
		})
	}
}

// Texts said before are shared between replies; each is still what was sent.
func TestRepliesInARowAreReadAsSent(t *testing.T) {
	texts := new(texts)
	var wire strings.Builder
	sent := []string{
		"250 Ok\r\n", "250 Ok\r\n", "354 Ok\r\n", "250 \r\n", "250-Ok\r\n250 \r\n", "250-Ok\r\n250-Ok\r\n250 a\r\n",
		"550 Ok\r\n", "250 a\r\n", "250 b\r\n", "250 c\r\n", "250 d\r\n", "250 a\r\n", "250 Ok\r\n",
	}
	for _, s := range sent {
		wire.WriteString(s)
	}
	r := bufio.NewReaderSize(strings.NewReader(wire.String()), 16)
	var got []Reply
	for range sent {
		reply, err := readReply(r, texts)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, reply)
	}
	for i, reply := range got { // the first ones too, after the last
		if reply.String() != sent[i] {
			t.Errorf("reply %d is %q, was sent as %q", i, reply.String(), sent[i])
		}
	}
}

func TestWhatIsNoReplyIsRefused(t *testing.T) {
	for _, test := range []struct {
		name, wire string
		want       error
	}{
		{"no code", "Hello\r\n", ErrMalformed},
		{"empty line", "\r\n", ErrMalformed},
		{"code too low", "100 x\r\n", ErrMalformed},
		{"code too high", "600 x\r\n", ErrMalformed},
		{"text joined to the code", "250Ok\r\n", ErrMalformed},
		{"four digits", "2500 Ok\r\n", ErrMalformed},
		{"codes differ", "250-a\r\n550 b\r\n", ErrMalformed},
		{"line too long", "250 " + strings.Repeat("x", maxReplyLine) + "\r\n", ErrMalformed},
		{"line longer than the buffer", "250 " + strings.Repeat("x", 3*commandBuffer), ErrMalformed},
		{"too many lines", strings.Repeat("250-x\r\n", maxReplyLines) + "250 x\r\n", ErrMalformed},
		{"too large", strings.Repeat("250-"+strings.Repeat("x", 2000)+"\r\n", 40) + "250 x\r\n", ErrMalformed},
		{"nothing", "", io.EOF},
		{"cut in a line", "250 O", io.ErrUnexpectedEOF},
		{"cut between lines", "250-a\r\n", io.ErrUnexpectedEOF},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, err := read(test.wire); !errors.Is(err, test.want) {
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			}
		})
	}
}

func TestLongestReplyIsTaken(t *testing.T) {
	wire := strings.Repeat("250-x\r\n", maxReplyLines-1) + "250 " + strings.Repeat("y", maxReplyLine-6) + "\r\n"
	got, err := read(wire)
	if err != nil || got.String() != wire {
		t.Errorf("not the same after reading: %v", err)
	}
}

func TestReplyClasses(t *testing.T) {
	for code, want := range map[int][2]bool{0: {}, 250: {true, false}, 354: {}, 421: {false, true}, 554: {}} {
		r := Reply{Code: code}
		if got := [2]bool{r.OK(), r.Temporary()}; got != want {
			t.Errorf("%d: ok and temporary are %v, want %v", code, got, want)
		}
	}
	if got := (Reply{}).String(); got != "" {
		t.Errorf("the zero reply has the wire form %q", got)
	}
}

// FuzzReply: what is read is bounded, holds no line end, and its wire form
// reads back as itself.
func FuzzReply(f *testing.F) {
	for _, seed := range []string{
		"250 Ok\r\n", "250-a\r\n250 b\r\n", "550-5.1.1 x\n550 5.1.1\n", "220\r\n", "250 a\rb\r\n", "999 x\r\n", "250-\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		reply, err := read(string(wire))
		if err != nil {
			return
		}
		if len(reply.Lines) == 0 || len(reply.Lines) > maxReplyLines || reply.Code < 200 || reply.Code > 599 {
			t.Fatalf("out of bounds: %d with %d lines", reply.Code, len(reply.Lines))
		}
		text := reply.String()
		if strings.Count(text, "\r") != len(reply.Lines) || strings.Count(text, "\n") != len(reply.Lines) {
			t.Fatalf("a line end inside a line: %q", text)
		}
		again, err := read(text)
		if err != nil || !cmp.Equal(reply, again) {
			t.Fatalf("%q reads back as %v, %v", text, again, err)
		}
	})
}
