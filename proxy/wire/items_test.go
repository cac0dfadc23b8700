package wire_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

// The tests of this file are named after what was seen go wrong with go-smtp
// v0.25.1 alone.

func TestRecipientSwap_item1(t *testing.T) {
	s := serve(t, wire.Config{}, nil)
	c := hello(t, s)
	c.cmd("MAIL FROM:<a@corp.test>", "250")
	c.cmd(`RCPT TO:<"v@evil.test> ORCPT=rfc822;x"@ok.test>`, "553 5.1.3")
	c.cmd(`RCPT TO:<"v@evil.test ORCPT=rfc822;x"@ok.test>`, "250")
	c.cmd(`RCPT TO:<@route.test,@other.test:"a\"b"@ok.test>`, "250")
	got := s.paths()
	want := []string{"a@corp.test", `"v@evil.test ORCPT=rfc822;x"@ok.test`, `"a\"b"@ok.test`}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("paths %q, want %q", got, want)
	}
}

const bodyOfCommands = "RSET\r\nMAIL FROM:<smuggled@evil.test>\r\nRCPT TO:<victim@rcpt.test>\r\nDATA\r\nx\r\n.\r\n"

func TestTimedOutBodyIsNeverCommands_item2(t *testing.T) {
	// Half of what looks like commands comes before the message fails, and
	// half after.
	cfg := wire.Config{Timeouts: wire.Timeouts{Window: 80 * time.Millisecond, MinRate: 1 << 20}}
	for _, begin := range []string{"DATA\r\n", "BDAT 4000 LAST\r\n", "BDAT 4000\r\n"} {
		s := serve(t, cfg, nil)
		c := hello(t, s)
		c.envelope()
		c.send(begin)
		if begin == "DATA\r\n" {
			c.want("354")
		}
		c.send("half a message\r\n" + strings.TrimSuffix(bodyOfCommands, "x\r\n.\r\n"))
		time.Sleep(150 * time.Millisecond)
		_, _ = io.WriteString(c.conn, bodyOfCommands)
		c.want("421 4.4.2")
		c.wantClosed()
		if got := s.paths(); len(got) != 2 {
			t.Errorf("%q: paths %q", begin, got)
		}
		wantMessages(t, s)
	}
}

func TestBodyOfRefusingSessionIsNeverCommands_item2(t *testing.T) {
	// The session gives up at once, without reading: the body must still be
	// passed over.
	s := serve(t, wire.Config{}, &backend{onData: func(*wire.Conn, io.Reader) error {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "no"}
	}})
	c := hello(t, s)
	for _, body := range []string{"DATA\r\n" + bodyOfCommands, fmt.Sprintf("BDAT %d LAST\r\n%s", len(bodyOfCommands), bodyOfCommands)} {
		c.envelope()
		c.send(body)
		if strings.HasPrefix(body, "DATA") {
			c.want("354")
		}
		c.want("554 5.7.1 no")
	}
	c.cmd("NOOP", "250 2.0.0")
	if got := s.paths(); len(got) != 4 {
		t.Errorf("paths %q", got)
	}
}

func TestSteadySlowUploadIsTaken_item3(t *testing.T) {
	cfg := wire.Config{Timeouts: wire.Timeouts{Window: 300 * time.Millisecond, MinRate: 100}}
	s := serve(t, cfg, nil)
	c := hello(t, s)
	c.envelope()
	c.cmd("DATA", "354")
	line := strings.Repeat("x", 38) + "\r\n"
	const lines = 40 // each 30 ms: several windows
	for range lines {
		c.send(line)
		time.Sleep(30 * time.Millisecond)
	}
	c.send(".\r\n")
	c.want("250")
	wantMessages(t, s, strings.Repeat(line, lines))
}

func TestDrippingUploadIsCutOff_item3(t *testing.T) {
	cfg := wire.Config{Timeouts: wire.Timeouts{Window: 100 * time.Millisecond, MinRate: 5000}}
	s := serve(t, cfg, nil)
	c := hello(t, s)
	c.envelope()
	c.cmd("DATA", "354")
	c.flood("x", 100, 10*time.Millisecond)
	c.want("421 4.4.2")
	wantMessages(t, s)
}

func TestMessageHasATimeInAll_item3(t *testing.T) {
	cfg := wire.Config{Timeouts: wire.Timeouts{Message: 150 * time.Millisecond, MinRate: 1}}
	s := serve(t, cfg, nil)
	c := hello(t, s)
	c.envelope()
	c.cmd("DATA", "354")
	c.flood("many octets at a time\r\n", 200, 5*time.Millisecond)
	c.want("421 4.4.2")
}

func TestLongLines_item5(t *testing.T) {
	s := serve(t, wire.Config{}, nil)
	c := hello(t, s)
	c.cmd("NOOP "+strings.Repeat("x", 4096-7), "250")
	c.cmd("NOOP "+strings.Repeat("x", 4096-6), "500 5.5.2")
	c.cmd("NOOP "+strings.Repeat("x", 20000), "500 5.5.2")
	body := strings.Repeat("z", 300000) + "\r\n"
	c.envelope()
	c.cmd("DATA", "354")
	c.send(body + ".\r\n")
	c.want("250")
	wantMessages(t, s, body)
	c.flood(strings.Repeat("y", 1<<16), 64, 0)
	c.want("500 5.5.2")
	c.wantClosed()
}

func TestDotAfterLoneCREndsTheData_item7(t *testing.T) {
	s := serve(t, wire.Config{}, nil)
	c := hello(t, s)
	c.envelope()
	c.cmd("DATA", "354")
	c.send("text\r\r\n.\r\n")
	c.want("554 5.6.0")
	c.envelope()
	c.cmd("DATA", "354")
	c.send("next\r\n.\r\n")
	c.want("250")
	wantMessages(t, s, "next\r\n")
}

func TestRepliesGoOnWordForWord_item10_item12(t *testing.T) {
	words := "550-5.1.1 No such\r\n550 5.1.1 person\r\n"
	s := serve(t, wire.Config{}, &backend{
		onRcpt: func(w *wire.Conn, _ string) error {
			if strings.HasPrefix(w.Path(), "no") {
				w.Say(words)
				return &smtp.SMTPError{Code: 550, Message: "unused"}
			}
			w.Say("250 2.1.5 upstream took it\r\n")
			return nil
		},
		onEnd: func(w *wire.Conn) error {
			w.Say("250 2.0.0 queued as 4711\r\n")
			return nil
		},
	})
	c := hello(t, s)
	c.cmd("MAIL FROM:<a@corp.test>", "250")
	if got := c.cmd("RCPT TO:<no@rcpt.test>", "550"); got != words {
		t.Errorf("RCPT: %q, want %q", got, words)
	}
	c.cmd("RCPT TO:<yes@rcpt.test>", "250 2.1.5 upstream took it")
	c.cmd("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("250 2.0.0 queued as 4711\r\n")
	c.envelope()
	c.send("BDAT 1\r\nx")
	c.want("250 2.0.0 Continue")
	c.send("BDAT 2 LAST\r\n\r\n")
	c.want("250 2.0.0 queued as 4711\r\n")
}

func TestSaidSuccessNeverHidesAFailure_item10(t *testing.T) {
	s := serve(t, wire.Config{}, &backend{onEnd: func(w *wire.Conn) error {
		w.Say("250 2.0.0 all well\r\n")
		return errors.New("disk full at /secret/path")
	}})
	c := hello(t, s)
	c.envelope()
	c.cmd("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("554")
}

func TestErrorTextStaysInside_item11(t *testing.T) {
	fault := fmt.Errorf("wrapped: %w", &smtp.SMTPError{Code: 550, Message: "secret"})
	s := serve(t, wire.Config{}, &backend{
		onRcpt: func(_ *wire.Conn, to string) error {
			if strings.HasPrefix(to, "fault") {
				return fault
			}
			return nil
		},
		onEnd: func(*wire.Conn) error { return fault },
	})
	c := hello(t, s)
	c.cmd("MAIL FROM:<a@corp.test>", "250")
	c.cmd("RCPT TO:<fault@rcpt.test>", "451 4.3.0 Local error in processing\r\n")
	c.cmd("RCPT TO:<b@rcpt.test>", "250")
	c.cmd("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("451 4.3.0 Local error in processing\r\n")
}

func TestWrongPasswordsEndTheConnection_item13(t *testing.T) {
	s := serve(t, wire.Config{}, nil)
	c := hello(t, s)
	c.cmd("AUTH PLAIN "+login("wrong"), "535 5.7.8")
	c.cmd("AUTH PLAIN", "334 ")
	c.cmd("*", "501")
	c.cmd("AUTH PLAIN", "334 ")
	c.cmd(login("wrong"), "535 5.7.8")
	c.cmd("AUTH PLAIN "+login("wrong"), "535 5.7.8")
	c.want("421 4.7.0")
	c.wantClosed()

	c = hello(t, s)
	c.cmd("AUTH PLAIN", "334 ")
	c.cmd("x\x00y", "500 5.5.2")
	c.cmd("AUTH PLAIN", "334 ")
	c.cmd(strings.Repeat("A", 13000), "500 5.5.2")
	c.cmd("NOOP", "250 2.0.0")
	c.cmd("AUTH PLAIN "+login("right"), "235")
	c.cmd("AUTH PLAIN "+login("right"), "503 5.5.1")
}

func TestSecondMailIs503_item14(t *testing.T) {
	s := serve(t, wire.Config{}, nil)
	c := hello(t, s)
	c.cmd("MAIL FROM:<a@corp.test>", "250")
	c.cmd("MAIL FROM:<z@corp.test>", "503 5.5.1")
	c.cmd("RSET", "250")
	c.cmd("MAIL FROM:<z@corp.test>", "250")
}

func TestSizes_item14(t *testing.T) {
	s := serve(t, wire.Config{}, &backend{max: 10})
	c := hello(t, s)
	c.cmd("MAIL FROM:<a@corp.test> SIZE=11", "552 5.3.4")
	c.cmd("MAIL FROM:<a@corp.test> SIZE=4294967296", "552 5.3.4")
	c.cmd("MAIL FROM:<a@corp.test> SIZE=99999999999999999999", "552 5.3.4")
	c.cmd("MAIL FROM:<a@corp.test> SIZE=-1", "501 5.5.4")
	for body, want := range map[string]string{"12345678\r\n": "250", "123456789\r\n": "552 5.3.4"} {
		c.envelope()
		c.cmd("DATA", "354")
		c.send(body + ".\r\n")
		c.want(want)
		c.envelope()
		c.send(fmt.Sprintf("BDAT %d LAST\r\n%s", len(body), body))
		c.want(want)
	}
	c = hello(t, serve(t, wire.Config{}, nil))
	c.cmd("MAIL FROM:<a@corp.test> SIZE=5000000000", "250")
}

func TestOversizedMessageIsCutOffInTheEnd_item15(t *testing.T) {
	s := serve(t, wire.Config{Limits: wire.Limits{Discard: 100000}}, &backend{max: 1000})
	c := hello(t, s)
	c.envelope()
	c.cmd("DATA", "354")
	c.send(strings.Repeat("x", 50000) + "\r\n.\r\n")
	c.want("552 5.3.4")
	c.envelope()
	c.cmd("DATA", "354")
	c.flood(strings.Repeat("y", 1<<14), 100, 0)
	c.want("552 5.3.4")
	c.wantClosed()
	c = hello(t, s)
	c.envelope()
	c.cmd("BDAT 200000 LAST", "552 5.3.4")
	c.wantClosed()
	wantMessages(t, s)
}

func TestPanicEndsTheConnection_item17(t *testing.T) {
	s := serve(t, wire.Config{}, &backend{onData: func(*wire.Conn, io.Reader) error { panic("test") }})
	for _, begin := range []string{"DATA\r\n", "BDAT 500 LAST\r\n"} {
		c := hello(t, s)
		c.envelope()
		c.send(begin)
		if begin == "DATA\r\n" {
			c.want("354")
		}
		c.send(bodyOfCommands + strings.Repeat("NOOP\r\n", 80))
		c.want("421")
		c.wantClosed()
	}
	for _, p := range s.paths() {
		if strings.Contains(p, "evil") {
			t.Errorf("the body was run: %q", s.paths())
		}
	}
}
