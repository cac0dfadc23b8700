package wire_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

func TestVanishedClientLeavesNoTruncatedMessage(t *testing.T) {
	for _, begin := range []string{"BDAT 100 LAST\r\nhalf", "BDAT 4\r\nhalfBDAT 100 LAST\r\n", "BDAT 4\r\nhalf", "DATA\r\nhalf\r\n", "DATA\r\nhalf\r\n.\r"} {
		ended := make(chan error, 1)
		s := serve(t, wire.Config{}, &backend{onData: func(w *wire.Conn, r io.Reader) error {
			b := w.Body(r)
			defer b.Close()
			_, err := io.ReadAll(b)
			ended <- err
			return nil // even so
		}})
		c := hello(t, s)
		c.envelope()
		c.send(begin)
		_ = c.conn.(*net.TCPConn).CloseWrite()
		select {
		case err := <-ended:
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q: Body: %v, want an unexpected end", begin, err)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%q: Data goes on", begin)
		}
		for {
			got := c.reply()
			if got == "" {
				break
			}
			if strings.HasPrefix(got, "250") && got != "250 2.0.0 Continue\r\n" {
				t.Errorf("%q: reply %q", begin, got)
			}
		}
	}
}

func TestChunkThatIsNotOfferedIsNotRun(t *testing.T) {
	s := serve(t, wire.Config{}, &backend{exts: []string{"PIPELINING"}})
	for _, line := range []string{"BDAT 32 LAST\r\n", "BDAT\r\n", "BDAT -1\r\n", "BDAT 99999999999999999999\r\n", "BDAT 3 2 LAST\r\n"} {
		c := hello(t, s)
		c.envelope()
		c.send(line + "MAIL FROM:<smuggled@evil.test>\r\n")
		c.want("50")
		c.wantClosed()
	}
	for _, p := range s.paths() {
		if strings.Contains(p, "evil") {
			t.Errorf("chunk was run: %q", s.paths())
		}
	}
}

func TestChunkAfterRefusalIsPassedOver(t *testing.T) {
	s := serve(t, wire.Config{}, &backend{max: 3})
	c := hello(t, s)
	c.envelope()
	c.send("BDAT 6\r\nRSET\r\nBDAT 6\r\nRSET\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n")
	c.want("250 2.0.0 Continue") // taken before it was judged
	c.want("552 5.3.4")
	c.want("503 5.5.1")
	c.want("250 2.0.0")
	c.cmd("QUIT", "221")
}

func TestOnlyBdatGoesOnAfterBdat(t *testing.T) {
	s := serve(t, wire.Config{}, nil)
	c := hello(t, s)
	c.envelope()
	c.cmd("BDAT 0", "250 2.0.0 Continue")
	c.cmd("DATA", "503")
	c.send("BDAT 3\r\nabc")
	c.want("250")
	c.cmd("DATA", "503")
	c.cmd("RCPT TO:<c@rcpt.test>", "503")
	c.cmd("MAIL FROM:<c@rcpt.test>", "503")
	c.cmd("BDAT 0 LAST", "250")
	wantMessages(t, s, "abc")
	c.cmd("MAIL FROM:<a@corp.test> BODY=BINARYMIME", "250")
	c.cmd("RCPT TO:<b@rcpt.test>", "250")
	c.cmd("DATA", "503")
}

// TestResetWaitsForTheSessionsData: go-smtp runs Data in another goroutine for
// BDAT and does not wait for it. What that says late must not be the answer to
// the next transaction's commands.
func TestResetWaitsForTheSessionsData(t *testing.T) {
	s := serve(t, wire.Config{}, &backend{onData: func(w *wire.Conn, r io.Reader) error {
		b := w.Body(r)
		defer b.Close()
		if _, err := io.ReadAll(b); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
		w.Say("599 9.9.9 Late\r\n")
		return errors.New("aborted")
	}})
	c := hello(t, s)
	for _, abort := range []string{"RSET", "EHLO client.test"} {
		c.envelope()
		c.send("BDAT 3\r\nabc")
		c.want("250")
		c.cmd(abort, "250")
		c.envelope()
		c.send("BDAT 3 LAST\r\nabc")
		c.want("250")
	}
}

func TestSuccessNeedsTheWholeMessageRead(t *testing.T) {
	read := func(n int64) func(*wire.Conn, io.Reader) error {
		return func(w *wire.Conn, r io.Reader) error {
			if n < 0 { // go-smtp's reader, which sees nothing of the message
				_, err := io.ReadAll(r)
				return err
			}
			b := w.Body(r)
			defer b.Close()
			_, err := io.CopyN(io.Discard, b, n)
			return err
		}
	}
	for _, n := range []int64{-1, 0, 3} {
		s := serve(t, wire.Config{}, &backend{onData: read(n)})
		c := hello(t, s)
		c.envelope()
		c.cmd("DATA", "354")
		c.send("some text\r\n.\r\n")
		c.want("451 4.3.0")
		c.cmd("NOOP", "250 2.0.0")
	}
}
