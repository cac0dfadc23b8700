package upstream

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// three is an envelope with three recipients.
func three() Envelope {
	return Envelope{
		From:       "ann@a.example",
		MailParams: []string{"SIZE=3"},
		Recipients: []Recipient{{Path: "b1@b.example"}, {Path: "b2@b.example", Params: []string{"NOTIFY=NEVER"}}, {Path: "b3@b.example"}},
	}
}

const threeLines = "MAIL FROM:<ann@a.example> SIZE=3\r\nRCPT TO:<b1@b.example>\r\n" +
	"RCPT TO:<b2@b.example> NOTIFY=NEVER\r\nRCPT TO:<b3@b.example>\r\n"

// group demands that all three come before any answer, and answers.
func (p *peer) group(answers ...string) {
	p.t.Helper()
	for line := range strings.Lines(threeLines) {
		p.hear(strings.TrimSuffix(line, "\r\n"))
	}
	p.say(answers...)
}

// summary is outcome and code of each result.
func summary(results []Result) []string {
	var lines []string
	for _, result := range results {
		lines = append(lines, fmt.Sprintf("%s %s %d", result.Path[:2], result.Outcome, result.Reply.Code))
	}
	return lines
}

func TestSendGivesEachRecipientItsOutcome(t *testing.T) {
	pipelining := func(p *peer) { p.greet("PIPELINING") }
	for _, test := range []struct {
		name string
		play func(*peer)
		want []string
		// stage of the error, "" for none
		stage   Stage
		unknown bool
	}{
		{"mixed answers", func(p *peer) {
			pipelining(p)
			p.group("250 Ok", "250 Ok", "550 5.1.1 no", "450 4.2.0 later")
			p.turn("DATA", "354 go")
			p.content()
			p.say("250 queued")
			p.quit()
		}, []string{"b1 accepted 250", "b2 refused 550", "b3 deferred 450"}, "", false},
		{"MAIL refused", func(p *peer) {
			pipelining(p)
			p.group("552 5.3.4 too big", "503 no MAIL", "503 no MAIL", "503 no MAIL")
			p.quit()
		}, []string{"b1 refused 552", "b2 refused 552", "b3 refused 552"}, "", false},
		{"no recipient accepted", func(p *peer) {
			pipelining(p)
			p.group("250 Ok", "550 no", "450 later", "550 no")
			p.hear("RSET")
			p.hear("QUIT")
		}, []string{"b1 refused 550", "b2 deferred 450", "b3 refused 550"}, "", false},
		{"content refused", func(p *peer) {
			pipelining(p)
			p.group("250 Ok", "250 Ok", "550 no", "250 Ok")
			p.turn("DATA", "354 go")
			p.content()
			p.say("554 5.7.1 spam")
			p.quit()
		}, []string{"b1 refused 554", "b2 refused 550", "b3 refused 554"}, "", false},
		{"DATA refused", func(p *peer) {
			pipelining(p)
			p.group("250 Ok", "250 Ok", "250 Ok", "250 Ok")
			p.turn("DATA", "451 not now")
			p.hear("RSET")
			p.hear("QUIT")
		}, []string{"b1 deferred 451", "b2 deferred 451", "b3 deferred 451"}, "", false},
		{"death between the answers", func(p *peer) {
			pipelining(p)
			p.group("250 Ok", "250 Ok", "550 no")
		}, []string{"b1 deferred 0", "b2 refused 550", "b3 deferred 0"}, StageRcpt, false},
		{"421 between the answers", func(p *peer) {
			pipelining(p)
			p.group("250 Ok", "421 4.3.2 going down")
		}, []string{"b1 deferred 421", "b2 deferred 0", "b3 deferred 0"}, StageRcpt, false},
		{"death after the dot", func(p *peer) {
			pipelining(p)
			p.group("250 Ok", "250 Ok", "550 no", "250 Ok")
			p.turn("DATA", "354 go")
			p.content()
		}, []string{"b1 unknown 0", "b2 refused 550", "b3 unknown 0"}, StageFinal, true},
		{"no greeting", func(*peer) {}, []string{"b1 deferred 0", "b2 deferred 0", "b3 deferred 0"}, StageGreeting, false},
		{"without pipelining", func(p *peer) {
			p.greet()
			p.turn("MAIL FROM:<ann@a.example> SIZE=3", "250 Ok")
			p.turn("RCPT TO:<b1@b.example>", "250 Ok")
			p.turn("RCPT TO:<b2@b.example> NOTIFY=NEVER", "550 no")
			p.turn("RCPT TO:<b3@b.example>", "250 Ok")
			p.turn("DATA", "354 go")
			p.content()
			p.say("250 queued")
			p.quit()
		}, []string{"b1 accepted 250", "b2 refused 550", "b3 accepted 250"}, "", false},
		{"without pipelining, MAIL refused", func(p *peer) {
			p.greet()
			p.turn("MAIL FROM:<ann@a.example> SIZE=3", "450 later")
			p.quit()
		}, []string{"b1 deferred 450", "b2 deferred 450", "b3 deferred 450"}, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, Config{URL: "smtp://" + serve(t, test.play)})
			results, err := server.Send(t.Context(), three(), strings.NewReader("a\r\n"), 3)
			if test.stage != "" {
				wantFailure(t, err, test.stage, test.unknown)
			} else if err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(test.want, summary(results)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSendOverLMTP(t *testing.T) {
	for _, test := range []struct {
		name    string
		answers []string
		want    []string
		unknown bool
	}{
		{"all answered", []string{"250 kept", "452 full"}, []string{"b1 accepted 250", "b2 refused 550", "b3 deferred 452"}, false},
		{"one answered", []string{"250 kept"}, []string{"b1 accepted 250", "b2 refused 550", "b3 unknown 0"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := serve(t, func(p *peer) {
				p.say("220 lmtp.example")
				p.turn("LHLO localhost", ehlo("PIPELINING")...)
				p.group("250 Ok", "250 Ok", "550 no", "250 Ok")
				p.turn("DATA", "354 go")
				p.content()
				p.say(test.answers...)
				if !test.unknown {
					p.quit()
				}
			})
			server := newServer(t, Config{URL: "lmtp://" + address})
			results, err := server.Send(t.Context(), three(), strings.NewReader("a\r\n"), 3)
			if test.unknown {
				wantFailure(t, err, StageFinal, true)
			} else if err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(test.want, summary(results)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSendWithManyRecipientsGoesInGroups(t *testing.T) {
	const recipients = 3*groupSize + 7
	address := serve(t, func(p *peer) {
		p.greet("PIPELINING")
		for range recipients + 1 {
			p.line()
			p.say("250 Ok")
		}
		p.turn("DATA", "354 go")
		p.content()
		p.say("250 queued")
		p.quit()
	})
	var envelope Envelope
	for i := range recipients {
		envelope.Recipients = append(envelope.Recipients, Recipient{Path: fmt.Sprintf("b%d@b.example", i)})
	}
	server := newServer(t, Config{URL: "smtp://" + address})
	results, err := server.Send(t.Context(), envelope, strings.NewReader("a\r\n"), 3)
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		if result.Outcome != Accepted || result.Path != envelope.Recipients[i].Path {
			t.Fatalf("result %d is %v", i, result)
		}
	}
}

func TestSendStopsAfterMAILIsRefused(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet("PIPELINING")
		p.line()
		p.say("550 5.7.1 not you")
		for range groupSize - 1 {
			p.line()
			p.say("250 Ok, nonetheless")
		}
		p.quit()
	})
	server := newServer(t, Config{URL: "smtp://" + address})
	envelope := Envelope{Recipients: slices.Repeat([]Recipient{{Path: "b@b.example"}}, 2*groupSize)}
	results, err := server.Send(t.Context(), envelope, strings.NewReader("a\r\n"), 3)
	if err != nil || results[0].Outcome != Refused || results[2*groupSize-1].Reply.Code != 550 {
		t.Errorf("got %v, %v", results[0], err)
	}
}

func TestSendWithAHostileRecipientWritesNothing(t *testing.T) {
	address := serve(t, func(p *peer) { p.greet("PIPELINING"); p.quit() })
	server := newServer(t, Config{URL: "smtp://" + address})
	envelope := three()
	envelope.Recipients[2].Path = "x> ORCPT=rfc822;v@evil.example"
	results, err := server.Send(t.Context(), envelope, strings.NewReader("a\r\n"), 3)
	if wantFailure(t, err, StageRcpt, false); !errors.Is(err, ErrArgument) || results[0].Outcome != Deferred {
		t.Errorf("got %v, %v", results, err)
	}
	if strings.Contains(err.Error(), "evil") {
		t.Errorf("the address is in the error: %v", err)
	}
}

func TestSendReplacesAStaleConnection(t *testing.T) {
	address := serve(t,
		func(p *peer) { p.greet("PIPELINING"); p.message() },
		func(p *peer) {
			p.greet("PIPELINING")
			p.group("250 Ok", "250 Ok", "250 Ok", "250 Ok")
			p.turn("DATA", "354 go")
			p.content()
			p.say("250 queued")
			p.quit()
		})
	server := newServer(t, Config{URL: "smtp://" + address, PoolSize: 1})
	one(t, server)
	results, err := server.Send(t.Context(), three(), strings.NewReader("a\r\n"), 3)
	if err != nil || results[2].Outcome != Accepted {
		t.Errorf("got %v, %v", results, err)
	}
}
