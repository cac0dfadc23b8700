package upstream

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

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
