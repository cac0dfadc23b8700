package upstream

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRepliesComeBackWordForWord(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet("PIPELINING", "SIZE 1000", "auth=LOGIN", "AUTH PLAIN LOGIN")
		p.turn("MAIL FROM:<ann@a.example> SIZE=5 BODY=8BITMIME", "250-2.1.0 Welcome,", "250 2.1.0   Ann")
		p.turn(`RCPT TO:<"x y"@b.example> NOTIFY=NEVER`, "550-5.1.1 <\"x y\"@b.example>:", "550 5.1.1 Unknown in bücher")
		p.turn("RCPT TO:<bob@b.example>", "251 moved")
		p.turn("DATA", "354 go")
		p.content()
		p.say("250-2.0.0 thanks", "250 2.0.0 queued as 4F2")
		p.quit()
	})
	c := dial(t, Config{URL: "smtp://" + address})
	want := Extensions{"PIPELINING": "", "SIZE": "1000", "AUTH": "PLAIN LOGIN"}
	if diff := cmp.Diff(want, c.Extensions()); diff != "" {
		t.Error(diff)
	}
	if !c.Extensions().Has("pipelining") || c.Extensions().Has("DSN") || c.Extensions().Size() != 1000 {
		t.Error("Has or Size is wrong")
	}
	var wire strings.Builder
	note := func(reply Reply, err error) {
		if err != nil {
			t.Fatal(err)
		}
		wire.WriteString(reply.String())
	}
	note(c.Mail(t.Context(), "ann@a.example", []string{"SIZE=5", "BODY=8BITMIME"}))
	note(c.Rcpt(t.Context(), `"x y"@b.example`, []string{"NOTIFY=NEVER"}))
	note(c.Rcpt(t.Context(), "bob@b.example", nil))
	replies, err := send(t.Context(), c, "hi\r\n")
	if len(replies) != 1 {
		t.Fatalf("%d replies, %v", len(replies), err)
	}
	note(replies[0], err)
	said := "250-2.1.0 Welcome,\r\n250 2.1.0   Ann\r\n" +
		"550-5.1.1 <\"x y\"@b.example>:\r\n550 5.1.1 Unknown in bücher\r\n" +
		"251 moved\r\n250-2.0.0 thanks\r\n250 2.0.0 queued as 4F2\r\n"
	if diff := cmp.Diff(said, wire.String()); diff != "" {
		t.Error(diff)
	}
}

func TestEHLORefusedFallsBackToHELO(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.say("220-old", "220 server")
		p.turn("EHLO me.example", "502 what?")
		p.turn("HELO me.example", "250 hi")
		p.quit()
	})
	c := dial(t, Config{URL: "smtp://" + address, Hello: "me.example"})
	if len(c.Extensions()) != 0 {
		t.Errorf("extensions after HELO: %v", c.Extensions())
	}
}

func TestRefusalBeforeTheTransactionKeepsItsReply(t *testing.T) {
	for _, test := range []struct {
		name  string
		play  func(*peer)
		stage Stage
		reply string
	}{
		{"greeting", func(p *peer) { p.say("554 5.7.1 go away ann@a.example"); p.line() }, StageGreeting, "554 5.7.1 go away ann@a.example\r\n"},
		{"greeting for now", func(p *peer) { p.say("421 4.3.2 busy") }, StageGreeting, "421 4.3.2 busy\r\n"},
		{"EHLO for now", func(p *peer) { p.say("220 x"); p.turn("EHLO localhost", "450 4.3.2 later"); p.line() }, StageHello, "450 4.3.2 later\r\n"},
		{"EHLO and HELO", func(p *peer) {
			p.say("220 x")
			p.turn("EHLO localhost", "550 no")
			p.turn("HELO localhost", "550 no, no")
			p.line()
		}, StageHello, "550 no, no\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, Config{URL: "smtp://" + serve(t, test.play)})
			_, err := server.Dial(t.Context())
			failure := wantFailure(t, err, test.stage, false)
			if failure.Reply.String() != test.reply {
				t.Errorf("reply %q, want %q", failure.Reply, test.reply)
			}
			if strings.Contains(err.Error(), "ann@") {
				t.Errorf("the reply's text is in the error: %v", err)
			}
		})
	}
}

func TestHostileArgumentReachesNoWire(t *testing.T) {
	address := serve(t, func(p *peer) { p.greet(); p.quit() })
	c := dial(t, Config{URL: "smtp://" + address})
	_, err := c.Mail(t.Context(), "a@b.example>\r\nRCPT TO:<v@evil.example", nil)
	wantFailure(t, err, StageMail, false)
	_, err = c.Rcpt(t.Context(), "a@b.example", []string{"NOTIFY=NEVER\r\nDATA"})
	wantFailure(t, err, StageRcpt, false)
	_, err = c.Auth(t.Context(), "PLAIN x\r\nQUIT", nil, nil)
	if wantFailure(t, err, StageAuth, false); !errors.Is(err, ErrArgument) {
		t.Errorf("got %v, want ErrArgument", err)
	}
}

func TestGoAheadInTheWrongPlaceEndsTheDialogue(t *testing.T) {
	address := serve(t, func(p *peer) { p.greet(); p.turn("MAIL FROM:<ann@a.example>", "354 go on"); p.hear("") })
	c := dial(t, Config{URL: "smtp://" + address})
	_, err := c.Mail(t.Context(), "ann@a.example", nil)
	if wantFailure(t, err, StageMail, false); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v, want ErrMalformed", err)
	}
}

func TestReplyNobodyAskedForEndsTheDialogue(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet()
		p.turn("MAIL FROM:<ann@a.example>", "250 Ok", "250 and the next in advance")
		p.hear("")
	})
	c := dial(t, Config{URL: "smtp://" + address})
	want(t, "MAIL")(c.Mail(t.Context(), "ann@a.example", nil))
	_, err := c.Rcpt(t.Context(), "bob@b.example", nil)
	if wantFailure(t, err, StageRcpt, false); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v, want ErrMalformed", err)
	}
}

func TestSlowServerIsWaitedForAndNoLonger(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet()
		p.hear("MAIL FROM:<ann@a.example>")
		time.Sleep(50 * time.Millisecond)
		p.say("250 Ok")
		p.hear("RCPT TO:<bob@b.example>")
		p.hear("")
	})
	c := dial(t, Config{URL: "smtp://" + address, Timeouts: Timeouts{Command: 300 * time.Millisecond}})
	want(t, "MAIL")(c.Mail(t.Context(), "ann@a.example", nil))
	begun := time.Now()
	_, err := c.Rcpt(t.Context(), "bob@b.example", nil)
	var timeout net.Error
	if wantFailure(t, err, StageRcpt, false); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v, want a timeout", err)
	}
	if waited := time.Since(begun); waited < 300*time.Millisecond || waited > 3*time.Second {
		t.Errorf("waited %s, want about 300ms", waited)
	}
}

func TestDialEndsAfterTheConnectTimeout(t *testing.T) {
	address := serve(t, func(p *peer) { p.hear("") })
	server := newServer(t, Config{URL: "smtp://" + address, Timeouts: Timeouts{Connect: 50 * time.Millisecond}})
	_, err := server.Dial(t.Context())
	if wantFailure(t, err, StageGreeting, false); !errors.Is(err, context.DeadlineExceeded) {
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("got %v, want a timeout", err)
		}
	}
}

func TestNothingWorksAfterClose(t *testing.T) {
	address := serve(t, func(p *peer) { p.greet(); p.quit() })
	server := newServer(t, Config{URL: "smtp://" + address})
	c, err := server.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Mail(t.Context(), "", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("MAIL after Close: %v", err)
	}
	if _, err := c.Rcpt(t.Context(), "", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("RCPT after Close: %v", err)
	}
	if _, err := send(t.Context(), c, ""); !errors.Is(err, ErrClosed) {
		t.Errorf("DATA after Close: %v", err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Dial(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Dial after Close: %v", err)
	}
}

func TestProbe(t *testing.T) {
	address := serve(t,
		func(p *peer) { p.greet("SIZE"); p.quit() },
		func(p *peer) { p.say("554 no") })
	server := newServer(t, Config{URL: "smtp://" + address, PoolSize: 1})
	if err := server.Probe(t.Context()); err != nil {
		t.Errorf("a server that works: %v", err)
	}
	wantFailure(t, server.Probe(t.Context()), StageGreeting, false)
	closed := newServer(t, Config{URL: "smtp://127.0.0.1:1"})
	wantFailure(t, closed.Probe(t.Context()), StageDial, false)
}
