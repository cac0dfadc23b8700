package upstream

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// uploaded plays a transaction up to the content and gives it.
func (p *peer) uploaded() string {
	p.t.Helper()
	p.envelope()
	p.turn("DATA", "354 go")
	return p.content()
}

func TestContentArrivesByteForByte(t *testing.T) {
	// Lines of all lengths, many beginning with dots, across block borders.
	random := rand.New(rand.NewPCG(1, 2))
	var long strings.Builder
	for long.Len() < 5*blockSize {
		long.WriteString(strings.Repeat(".", random.IntN(3)) + strings.Repeat("x\xe9", random.IntN(80)) + "\r\n")
	}
	for name, content := range map[string]string{
		"small":            "Subject: hi\r\n\r\n.\r\n..dots\r\n",
		"empty":            "",
		"only dots":        strings.Repeat(".\r\n", blockSize),
		"many blocks":      long.String(),
		"one block":        strings.Repeat("a", blockSize-2) + "\r\n",
		"CR at the border": strings.Repeat("a", blockSize-1) + "\r\n.\r\n",
		"LF at the border": strings.Repeat("a", blockSize-2) + "\r\n.\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(p *peer) {
				p.greet("PIPELINING")
				got, ok := receive(p.uploaded())
				if !ok || got != content {
					p.t.Errorf("received %d octets, want %d: %s", len(got), len(content), cmp.Diff(content, got))
				}
				p.say("250 2.0.0 Ok")
				p.quit()
			})
			c := dial(t, Config{URL: "smtp://" + address})
			begin(t, c)
			replies, err := send(t.Context(), c, content)
			if err != nil || len(replies) != 1 || !replies[0].OK() {
				t.Errorf("got %v, %v", replies, err)
			}
		})
	}
}

func TestContentThatCannotBeSentIsNeverFinished(t *testing.T) {
	for _, test := range []struct {
		name, content string
		size          int64
	}{
		{"lone LF", "a\nb\r\n", 5},
		{"lone CR", "a\rb\r\n", 5},
		{"lone CR at the end", "a\r", 2},
		{"lone LF in a later block", strings.Repeat("a", 2*blockSize) + "\nb\r\n", 2*blockSize + 4},
		{"shorter than announced", "a\r\n", 5},
		{"longer than announced", "a\r\n.\r\nb\r\n", 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := serve(t, func(p *peer) {
				p.greet()
				if wire := p.uploaded(); strings.HasSuffix("\r\n"+wire, "\r\n.\r\n") {
					p.t.Errorf("the final dot was sent")
				}
			})
			c := dial(t, Config{URL: "smtp://" + address})
			begin(t, c)
			_, err := c.Data(t.Context(), strings.NewReader(test.content), test.size)
			if wantFailure(t, err, StageData, false); !errors.Is(err, ErrContent) {
				t.Errorf("got %v, want ErrContent", err)
			}
		})
	}
}

func TestRefusalInTheMiddleOfTheContentIsTheAnswer(t *testing.T) {
	for name, after := range map[string]func(*peer){
		"and closes":        func(*peer) {},
		"and reads no more": func(*peer) { time.Sleep(400 * time.Millisecond) },
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(p *peer) {
				p.greet("SIZE")
				p.envelope()
				p.turn("DATA", "354 go")
				p.line()
				p.say("552-5.3.4 Too", "552 5.3.4 big")
				after(p)
			})
			c := dial(t, Config{URL: "smtp://" + address, Timeouts: Timeouts{Data: 200 * time.Millisecond}})
			begin(t, c)
			replies, err := send(t.Context(), c, strings.Repeat("0123456789\r\n", 2<<20))
			if err != nil || len(replies) != 1 || replies[0].String() != "552-5.3.4 Too\r\n552 5.3.4 big\r\n" {
				t.Errorf("got %v, %v", replies, err)
			}
		})
	}
}

func TestSuccessBeforeTheEndIsNoSuccess(t *testing.T) {
	for name, test := range map[string]struct {
		answer []string
		stage  Stage
	}{
		"instead of the go-ahead": {[]string{"250 Ok"}, StageData},
		"with the go-ahead":       {[]string{"354 go", "250 Ok"}, StageData},
		"another 3xx":             {[]string{"334 go"}, StageData},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(p *peer) { p.greet(); p.envelope(); p.turn("DATA", test.answer...); p.content() })
			c := dial(t, Config{URL: "smtp://" + address})
			begin(t, c)
			replies, err := send(t.Context(), c, "a\r\n")
			if wantFailure(t, err, test.stage, false); !errors.Is(err, ErrMalformed) || len(replies) > 0 {
				t.Errorf("got %v, %v, want ErrMalformed", replies, err)
			}
		})
	}
}

func TestDATARefusedLeavesTheConnectionUsable(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet("PIPELINING")
		p.envelope()
		p.turn("DATA", "452 4.3.1 Full")
		p.hear("RSET")
		p.hear("MAIL FROM:<ann@a.example>")
		p.say("250 reset", "250 Ok")
		p.turn("RCPT TO:<bob@b.example>", "250 Ok")
		p.turn("DATA", "354 go")
		p.content()
		p.say("550 5.7.1 Spam")
		p.quit()
	})
	c := dial(t, Config{URL: "smtp://" + address})
	for _, code := range []int{452, 550} {
		begin(t, c)
		replies, err := send(t.Context(), c, "a\r\n")
		if err != nil || len(replies) != 1 || replies[0].Code != code {
			t.Fatalf("got %v, %v; want %d", replies, err, code)
		}
	}
}

func TestDataWithoutAcceptedRecipientIsNotTried(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet("PIPELINING")
		p.turn("MAIL FROM:<ann@a.example>", "250 Ok")
		p.turn("RCPT TO:<bob@b.example>", "550 no")
		p.hear("RSET")
		p.hear("QUIT")
		p.say("250 Ok", "221 Bye")
	})
	c := dial(t, Config{URL: "smtp://" + address})
	want(t, "MAIL")(c.Mail(t.Context(), "ann@a.example", nil))
	if reply, err := c.Rcpt(t.Context(), "bob@b.example", nil); err != nil || reply.Code != 550 {
		t.Fatal(reply, err)
	}
	_, err := send(t.Context(), c, "a\r\n")
	wantFailure(t, err, StageData, false)
}

// The dot goes out with the last octets of the content, so this is the last
// moment at which a client that has gone can be noticed.
func TestCancellationWhileTheContentEndsSendsNoDot(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet()
		if wire := p.uploaded(); wire != "" {
			p.t.Errorf("%q was sent", wire)
		}
	})
	c := dial(t, Config{URL: "smtp://" + address})
	begin(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	content := io.MultiReader(strings.NewReader("a\r\n"), readerFunc(func([]byte) (int, error) {
		cancel()
		return 0, io.EOF
	}))
	_, err := c.Data(ctx, content, 3)
	if wantFailure(t, err, StageData, false); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
