package upstream

import (
	"strings"
	"testing"
)

// somewhere is an origin with what has to be encoded, and what is not known.
var somewhere = []Attribute{
	{"NAME", ""}, {"ADDR", "192.0.2.7"}, {"PORT", "4711"}, {"PROTO", "ESMTP"}, {"HELO", "a+b = c"}, {"IDENT", "4Xyz"}, {"SOURCE", "REMOTE"},
}

func TestOriginGoesOutWithMail(t *testing.T) {
	const line = "XFORWARD NAME=[UNAVAILABLE] ADDR=192.0.2.7 PORT=4711 PROTO=ESMTP HELO=a+2Bb+20+3D+20c IDENT=4Xyz SOURCE=REMOTE"
	const offer = "XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT"
	for name, script := range map[string]func(*peer){
		"pipelined": func(p *peer) {
			p.greet(offer, "PIPELINING")
			p.hear(line)
			p.turn("MAIL FROM:<ann@a.example>", "250 2.0.0 Ok", "250 2.1.0 Ok") // both lines came before an answer
			p.turn("RCPT TO:<bob@b.example>", "250 2.1.5 Ok")
		},
		"one after the other": func(p *peer) {
			p.greet(offer)
			p.turn(line, "250 2.0.0 Ok")
			p.envelope()
		},
		// It is only told: mail does not depend on it.
		"refused": func(p *peer) {
			p.greet(offer, "PIPELINING")
			p.hear(line)
			p.turn("MAIL FROM:<ann@a.example>", "550 5.7.0 Error: insufficient authorization", "250 2.1.0 Ok")
			p.turn("RCPT TO:<bob@b.example>", "250 2.1.5 Ok")
		},
		"refused, one after the other": func(p *peer) {
			p.greet(offer)
			p.turn(line, "501 5.5.4 Bad HELO syntax")
			p.envelope()
		},
		"some of it is offered": func(p *peer) {
			p.greet("xforward port ADDR FUTURE")
			p.turn("XFORWARD ADDR=192.0.2.7 PORT=4711", "250 2.0.0 Ok")
			p.envelope()
		},
		"not offered": func(p *peer) {
			p.greet("PIPELINING")
			p.envelope()
		},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(p *peer) {
				script(p)
				p.turn("DATA", "354 go")
				p.content()
				p.say("250 2.0.0 Ok")
				p.quit()
			})
			c := dial(t, Config{URL: "smtp://" + address})
			c.Forward(somewhere)
			if r, err := c.Mail(t.Context(), "ann@a.example", nil); err != nil || r.String() != "250 2.1.0 Ok\r\n" {
				t.Fatalf("%q %v", r.String(), err)
			}
			if r, err := c.Rcpt(t.Context(), "bob@b.example", nil); err != nil || !r.OK() {
				t.Fatal(r, err)
			}
			if _, err := c.Data(t.Context(), strings.NewReader("x\r\n"), 3); err != nil {
				t.Fatal(err)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A server has the origin of a message that was not begun until RSET: the next that
// the connection carries, which may have none, is not to be logged with it.
func TestOriginOfARefusedSenderIsTakenBack(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet("XFORWARD ADDR", "PIPELINING")
		p.hear("XFORWARD ADDR=192.0.2.7")
		p.turn("MAIL FROM:<ann@a.example>", "250 2.0.0 Ok", "550 5.1.0 No")
		p.turn("RSET", "250 2.0.0 Ok")
		p.turn("MAIL FROM:<ann@a.example>", "250 2.1.0 Ok")
		p.turn("RSET", "250 2.0.0 Ok")
		p.quit()
	})
	server := newServer(t, Config{URL: "smtp://" + address, PoolSize: 1})
	for range 2 {
		c, err := server.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c.(*conn).link.uses == 0 {
			c.Forward([]Attribute{{"ADDR", "192.0.2.7"}})
		}
		if _, err := c.Mail(t.Context(), "ann@a.example", nil); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Without pipelining Close would have to wait for the answer to RSET, as long as the
// server likes.
func TestCloseDoesNotWaitForAnOriginToBeTakenBack(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet("XFORWARD ADDR")
		p.turn("XFORWARD ADDR=192.0.2.7", "250 2.0.0 Ok")
		p.turn("MAIL FROM:<ann@a.example>", "550 5.1.0 No")
		p.quit()
	})
	c := dial(t, Config{URL: "smtp://" + address})
	c.Forward([]Attribute{{"ADDR", "192.0.2.7"}})
	if r, err := c.Mail(t.Context(), "ann@a.example", nil); err != nil || r.Code != 550 {
		t.Fatal(r, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// An idle connection that the server has closed is replaced, and the new one is told
// the same.
func TestOriginIsToldAgainOnANewConnection(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet("XFORWARD ADDR", "PIPELINING")
		p.turn("MAIL FROM:<ann@a.example>", "250 2.1.0 Ok")
		p.turn("RSET", "250 2.0.0 Ok")
		p.hear("XFORWARD ADDR=192.0.2.7")
	}, func(p *peer) {
		p.greet("XFORWARD ADDR", "PIPELINING")
		p.hear("XFORWARD ADDR=192.0.2.7")
		p.turn("MAIL FROM:<ann@a.example>", "250 2.0.0 Ok", "250 2.1.0 Ok")
		p.turn("RSET", "250 2.0.0 Ok")
		p.quit()
	})
	server := newServer(t, Config{URL: "smtp://" + address, PoolSize: 1})
	for _, origin := range [][]Attribute{nil, {{"ADDR", "192.0.2.7"}}} {
		c, err := server.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.Forward(origin)
		if r, err := c.Mail(t.Context(), "ann@a.example", nil); err != nil || !r.OK() {
			t.Fatal(r, err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The lines of XFORWARD are within 512 octets, whatever is told, and hold nothing
// that could end them.
func TestOriginIsSplitIntoLines(t *testing.T) {
	odd := strings.Repeat("x", 200) + "\r\nRSET\x00\xff"
	c := &conn{link: &link{extensions: Extensions{"XFORWARD": "NAME ADDR HELO IDENT"}}}
	c.Forward([]Attribute{{"NAME", odd}, {"HELO", odd}, {"IDENT", odd}, {"ADDR", strings.Repeat("+", 100)}})
	lines := c.forwardLines()
	if len(lines) != 2 {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
	all := strings.Join(lines, " ")
	for _, line := range lines {
		if len(line)+2 > 512 || !strings.HasPrefix(line, "XFORWARD NAME=") && !strings.HasPrefix(line, "XFORWARD IDENT=") {
			t.Errorf("%d octets: %q", len(line), line)
		}
	}
	if strings.ContainsFunc(all, func(r rune) bool { return r < ' ' || r >= 0x7f }) || strings.Count(all, "x+0D+0ARSET+00+FF") != 3 || !strings.HasSuffix(all, "ADDR=[UNAVAILABLE]") {
		t.Errorf("%q", all)
	}
}
