package wire_test

import (
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

// TestRatesOfOneClient: who is too fast is told to come again, and keeps its
// session.
func TestRatesOfOneClient(t *testing.T) {
	t.Run("connections", func(t *testing.T) {
		s := serve(t, wire.Config{Limits: wire.Limits{PerMinute: wire.Rates{Connections: 2}}}, nil)
		dial(t, s)
		dial(t, s).cmd("QUIT", "221")
		over := connect(t, s)
		over.want("421 4.7.0")
		over.wantClosed()
	})
	t.Run("messages", func(t *testing.T) {
		s := serve(t, wire.Config{Limits: wire.Limits{PerMinute: wire.Rates{Messages: 2}}}, nil)
		c := hello(t, s)
		for range 2 {
			c.envelope()
			c.cmd("RSET", "250")
		}
		c.cmd("MAIL FROM:<a@corp.test>", "450 4.7.1")
		c.cmd("RCPT TO:<b@rcpt.test>", "503")
		hello(t, s).cmd("MAIL FROM:<a@corp.test>", "450 4.7.1") // on whatever connection
		c.cmd("NOOP", "250")
	})
	t.Run("messages through a mail server in front", func(t *testing.T) {
		s := serve(t, wire.Config{XForward: loopback, Limits: wire.Limits{PerMinute: wire.Rates{Messages: 1}}}, nil)
		c := hello(t, s)
		for _, first := range []string{"192.0.2.7", "192.0.2.8"} {
			c.cmd("XFORWARD ADDR="+first, "250")
			c.envelope()
			c.cmd("RSET", "250")
		}
		c.cmd("XFORWARD ADDR=192.0.2.7", "250")
		c.cmd("MAIL FROM:<a@corp.test>", "450 4.7.1")
	})
	t.Run("recipients", func(t *testing.T) {
		s := serve(t, wire.Config{Limits: wire.Limits{PerMinute: wire.Rates{Recipients: 2}}}, nil)
		c := hello(t, s)
		c.cmd("MAIL FROM:<a@corp.test>", "250")
		c.cmd("RCPT TO:<b@rcpt.test>", "250")
		c.cmd("RCPT TO:<c@rcpt.test>", "250")
		c.cmd("RCPT TO:<d@rcpt.test>", "450 4.7.1")
		c.cmd("DATA", "354") // those that were taken get theirs
	})
}

// TestRecipientsOfOneMessage: the client is told to send to the rest apart
// (RFC 5321 section 4.5.3.1.10), and those that were taken get theirs.
func TestRecipientsOfOneMessage(t *testing.T) {
	s := serve(t, wire.Config{Limits: wire.Limits{Recipients: 2}}, nil)
	c := hello(t, s)
	for range 2 {
		c.cmd("MAIL FROM:<a@corp.test>", "250")
		c.cmd("RCPT TO:<b@rcpt.test>", "250")
		c.cmd("RCPT TO:<c@rcpt.test>", "250")
		c.cmd("RCPT TO:<d@rcpt.test>", "452 4.5.3")
		c.cmd("RSET", "250")
	}
}

// TestCommandsWithoutAMessageAreBounded: a client that keeps the relay busy with
// nothing is sent away; one that sends messages between them is not.
func TestCommandsWithoutAMessageAreBounded(t *testing.T) {
	for _, empty := range []string{"NOOP", "RSET", "VRFY x", "EHLO client.test", "HELO client.test"} {
		s := serve(t, wire.Config{Limits: wire.Limits{EmptyCommands: 6}}, nil)
		c := hello(t, s)
		for range 3 {
			for range 4 {
				c.cmd(empty, "25")
			}
			c.envelope()
			c.cmd("DATA", "354")
			c.cmd("x\r\n.", "250")
		}
		for range 6 {
			c.cmd(empty, "25")
		}
		c.cmd(empty, "25")
		c.want("421 4.7.0")
		c.wantClosed()
	}
}

// TestRefusalsOfOursAreBounded: a client that goes on naming recipients that are
// too many is sent away in the end.
func TestRefusalsOfOursAreBounded(t *testing.T) {
	s := serve(t, wire.Config{Limits: wire.Limits{Recipients: 1, Refusals: 3}}, nil)
	c := hello(t, s)
	c.envelope()
	for range 3 {
		c.cmd("RCPT TO:<d@rcpt.test>", "452 4.5.3")
	}
	c.want("421 4.7.0")
	c.wantClosed()
}
