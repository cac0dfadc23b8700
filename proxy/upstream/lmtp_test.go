package upstream

import (
	"fmt"
	"path/filepath"
	"testing"
)

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
