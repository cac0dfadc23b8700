package upstream

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
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
		"and reads no more": func(p *peer) { time.Sleep(400 * time.Millisecond) },
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

// lmtp plays LHLO, MAIL and three recipients, the second refused.
func lmtp(p *peer) {
	p.say("220 lmtp.example")
	p.turn("LHLO localhost", ehlo("PIPELINING")...)
	p.turn("MAIL FROM:<ann@a.example>", "250 Ok")
	p.turn("RCPT TO:<b1@b.example>", "250 Ok")
	p.turn("RCPT TO:<b2@b.example>", "550 no")
	p.turn("RCPT TO:<b3@b.example>", "250 Ok")
	p.hear("DATA")
}

func lmtpBegin(t *testing.T, c Conn) {
	t.Helper()
	want(t, "MAIL")(c.Mail(t.Context(), "ann@a.example", nil))
	for i := range 3 {
		if _, err := c.Rcpt(t.Context(), fmt.Sprintf("b%d@b.example", i+1), nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLMTPAnswersForEachAcceptedRecipient(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "lmtp")
	serveOn(t, "unix", socket, func(p *peer) {
		lmtp(p)
		p.say("354 go")
		p.content()
		p.say("250 2.1.5 <b1> kept", "452 4.2.2 <b3> over quota")
		p.quit()
	})
	c := dial(t, Config{URL: "lmtp+unix://" + socket})
	lmtpBegin(t, c)
	replies, err := send(t.Context(), c, "a\r\n")
	if err != nil || len(replies) != 2 || replies[0].Code != 250 || replies[1].Code != 452 {
		t.Errorf("got %v, %v", replies, err)
	}
}

func TestLMTPDataRefusalIsForEachRecipient(t *testing.T) {
	address := serve(t, func(p *peer) { lmtp(p); p.say("451 4.3.0 not now"); p.line() })
	c := dial(t, Config{URL: "lmtp://" + address})
	lmtpBegin(t, c)
	replies, err := send(t.Context(), c, "a\r\n")
	if err != nil || len(replies) != 2 || replies[1].Code != 451 {
		t.Errorf("got %v, %v", replies, err)
	}
}

func TestLMTPDeathBetweenAnswersKeepsTheFirst(t *testing.T) {
	address := serve(t, func(p *peer) { lmtp(p); p.say("354 go"); p.content(); p.say("250 2.1.5 kept") })
	c := dial(t, Config{URL: "lmtp://" + address})
	lmtpBegin(t, c)
	replies, err := send(t.Context(), c, "a\r\n")
	if wantFailure(t, err, StageFinal, true); len(replies) != 1 || replies[0].Code != 250 {
		t.Errorf("got %v", replies)
	}
}

func TestBinaryGoesByBDAT(t *testing.T) {
	// What DATA could not carry: a lone LF, a lone dot line, no end of line.
	for name, content := range map[string]string{
		"small": "a\nb\r\n.\r\n\r.\x00", "empty": "", "large": strings.Repeat("\n.\r", blockSize),
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(p *peer) {
				p.greet("CHUNKING", "BINARYMIME")
				p.turn("MAIL FROM:<ann@a.example> body=binarymime", "250 Ok")
				p.turn("RCPT TO:<bob@b.example>", "250 Ok")
				p.hear(fmt.Sprintf("BDAT %d LAST", len(content)))
				got := make([]byte, len(content))
				if _, err := io.ReadFull(p.r, got); err != nil || string(got) != content {
					p.t.Errorf("received %d octets: %v", len(got), err)
				}
				p.say("250 2.0.0 Ok")
				p.quit()
			})
			c := dial(t, Config{URL: "smtp://" + address})
			want(t, "MAIL")(c.Mail(t.Context(), "ann@a.example", []string{"body=binarymime"}))
			want(t, "RCPT")(c.Rcpt(t.Context(), "bob@b.example", nil))
			replies, err := send(t.Context(), c, content)
			if err != nil || len(replies) != 1 || !replies[0].OK() {
				t.Errorf("got %v, %v", replies, err)
			}
		})
	}
}

func TestChunkingIsPreferredWhereConfiguredAndOffered(t *testing.T) {
	for name, test := range map[string]struct {
		extension, first string
	}{
		"offered":     {"CHUNKING", "BDAT 3 LAST"},
		"not offered": {"SIZE", "DATA"},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(p *peer) {
				p.greet(test.extension)
				p.envelope()
				p.hear(test.first)
				if test.first == "DATA" {
					p.say("354 go")
				}
				p.line()
				if test.first == "DATA" {
					p.hear(".")
					p.say("250 Ok")
					p.quit()
					return
				}
				p.say("554 5.6.0 no")
				p.hear("RSET") // RFC 3030: what a refused chunk leaves is undefined
				p.say("250 Ok")
				p.quit()
			})
			c := dial(t, Config{URL: "smtp://" + address, Chunking: true})
			begin(t, c)
			if replies, err := send(t.Context(), c, "a\r\n"); err != nil || len(replies) != 1 {
				t.Errorf("got %v, %v", replies, err)
			}
		})
	}
}

func TestBinaryWithoutChunkingIsNotSent(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet()
		p.turn("MAIL FROM:<ann@a.example> BODY=BINARYMIME", "250 Ok")
		p.turn("RCPT TO:<bob@b.example>", "250 Ok")
		p.quit()
	})
	c := dial(t, Config{URL: "smtp://" + address})
	want(t, "MAIL")(c.Mail(t.Context(), "ann@a.example", []string{"BODY=BINARYMIME"}))
	want(t, "RCPT")(c.Rcpt(t.Context(), "bob@b.example", nil))
	_, err := send(t.Context(), c, "a\r\n")
	if wantFailure(t, err, StageData, false); !errors.Is(err, ErrContent) {
		t.Errorf("got %v", err)
	}
}
