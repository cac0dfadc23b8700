package wire_test

import (
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

func TestWholeSessionInOneWriteIsAnsweredInOrder(t *testing.T) {
	s := serve(t, wire.Config{}, nil)
	c := connect(t, s)
	c.send("EHLO x.test\r\nMAIL FROM:<a@corp.test>\r\nRCPT TO:<b@rcpt.test>\r\nDATA\r\n" +
		"Subject: one\r\n\r\n..dot\r\n.\r\n" +
		"MAIL FROM:<>\r\nRCPT TO:<c@rcpt.test>\r\nBDAT 6\r\n.\r\n.\r\nBDAT 3 LAST\r\nx\r\nNOOP\r\nQUIT\r\n")
	for _, want := range []string{"220", "250", "250", "250", "354", "250", "250", "250", "250", "250", "250", "221"} {
		c.want(want)
	}
	c.wantClosed()
	wantMessages(t, s, "Subject: one\r\n\r\n.dot\r\n", ".\r\n.\r\nx\r\n")
}

func TestEhloListsExactlyTheExtensionsOfTheSession(t *testing.T) {
	s := serve(t, wire.Config{}, &backend{exts: []string{"PIPELINING", "SIZE 1000"}})
	c := dial(t, s)
	if got, want := c.cmd("EHLO client.test", "250"), "250-relay.test greets client.test\r\n250-PIPELINING\r\n250 SIZE 1000\r\n"; got != want {
		t.Errorf("EHLO: %q, want %q", got, want)
	}
	if got, want := c.cmd("HELO cli\tent\x01\xff", "250"), "250 relay.test greets cli?ent??\r\n"; got != want {
		t.Errorf("HELO: %q, want %q", got, want)
	}
	c.cmd("EHLO", "501")
	c.cmd("EHLO "+strings.Repeat("x", 256), "501")
}

func TestCommandsOutOfOrderAre503(t *testing.T) {
	s := serve(t, wire.Config{}, nil)
	c := dial(t, s)
	c.cmd("MAIL FROM:<a@corp.test>", "503 5.5.1")
	c.cmd("AUTH PLAIN", "503 5.5.1")
	c.cmd("NOOP", "250")
	c.cmd("RSET", "250")
	c.cmd("EHLO client.test", "250")
	c.cmd("RCPT TO:<b@rcpt.test>", "503 5.5.1")
	c.cmd("DATA", "503 5.5.1")
	c.cmd("MAIL FROM:<a@corp.test>", "250 2.1.0")
	c.cmd("DATA", "503 5.5.1")
	c.send("BDAT 6 LAST\r\nRSET\r\n")
	c.want("503 5.5.1")
	c.cmd("NOOP", "250")
	c.cmd("FOO", "500 5.5.2")
	c.cmd("HELP", "502 5.5.1")
}

func TestErrorsAreCountedAndEndTheConnection(t *testing.T) {
	s := serve(t, wire.Config{Limits: wire.Limits{Errors: 3}}, nil)
	c := hello(t, s)
	c.cmd("FOO", "500")
	c.cmd("DATA", "503")
	c.cmd("BAR", "500")
	c.want("421 4.7.0")
	c.wantClosed()
}
