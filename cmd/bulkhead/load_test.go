package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// countingSink is an upstream that takes everything and keeps nothing but a count.
type countingSink struct {
	address string
	taken   atomic.Int64
}

// newCountingSink starts one on a free port.
func newCountingSink(t testing.TB) *countingSink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &countingSink{address: l.Addr().String()}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return countingSession{d}, nil }))
	server.EnableSMTPUTF8, server.EnableDSN, server.MaxLineLength = true, true, 0
	server.ErrorLog = log.New(io.Discard, "", 0)
	serveSMTP(t, server, l)
	return d
}

func (d *countingSink) url() string { return "smtp://" + d.address }

type countingSession struct{ *countingSink }

func (countingSession) Reset()                               { /* nothing is kept */ }
func (countingSession) Logout() error                        { return nil }
func (countingSession) Mail(string, *smtp.MailOptions) error { return nil }
func (countingSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (d countingSession) Data(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	d.taken.Add(1)
	return nil
}

// readyMessage is a message as it goes over the wire.
type readyMessage struct {
	name    string
	content []byte // with CRLF line ends, dot-stuffed, and its final dot
}

// readied makes a message ready. What no client may send, a lone CR or a NUL, is
// left out of it.
func readied(name string, content []byte) readyMessage {
	content = bytes.ReplaceAll(bytes.ReplaceAll(content, []byte("\r"), nil), []byte{0}, nil)
	content = bytes.ReplaceAll(content, []byte("\n"), []byte("\r\n"))
	content = bytes.ReplaceAll(content, []byte("\r\n."), []byte("\r\n.."))
	if !bytes.HasSuffix(content, []byte("\r\n")) {
		content = append(content, "\r\n"...)
	}
	if bytes.HasPrefix(content, []byte(".")) {
		content = append([]byte("."), content...)
	}
	return readyMessage{name, append(content, ".\r\n"...)}
}

// tool is a client that sends as fast as it can.
type tool struct {
	conn net.Conn
	in   *lineReader
}

// newTool connects from an address of loopback, "" for the usual one, and
// greets.
func newTool(source, address string) (*tool, error) {
	d := net.Dialer{Timeout: patience}
	if source != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(source)}
	}
	conn, err := d.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(2 * patience)) // a test that waits longer fails anyway
	c := &tool{conn, &lineReader{r: conn}}
	for _, greeting := range []string{"", "EHLO tool.example\r\n"} {
		if _, err := io.WriteString(conn, greeting); err != nil {
			return nil, err
		}
		if reply := c.in.line(); !strings.HasPrefix(reply, "2") {
			conn.Close() // the refusal is what is told
			return nil, fmt.Errorf("refused: %s", reply)
		}
	}
	return c, nil
}

// send sends a message, the envelope in one write as a client may where
// PIPELINING is offered, and returns the last reply. One without its final dot
// ends the connection.
func (c *tool) send(from, to string, m readyMessage) string {
	c.conn.SetDeadline(time.Now().Add(2 * patience)) // as above
	fmt.Fprintf(c.conn, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", from, to)
	for range 3 {
		if reply := c.in.line(); !strings.HasPrefix(reply, "2") && !strings.HasPrefix(reply, "3") {
			return reply
		}
	}
	if _, err := c.conn.Write(m.content); err != nil {
		return "lost: " + err.Error()
	}
	if !bytes.HasSuffix(m.content, []byte("\r\n.\r\n")) {
		c.conn.Close() // there is no reply to half a message
		return "cut off"
	}
	return c.in.line()
}
