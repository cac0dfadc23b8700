package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestThunderbirdLikeSubmission is the dialogue of a program with a window, as
// Thunderbird has it: one command at a time, the address of the machine as its
// name, a password asked for again when it was wrong, SIZE and 8BITMIME.
func TestThunderbirdLikeSubmission(t *testing.T) {
	box := newMailbox(t)
	box.password = "open-sesame"
	p, starttls, implicit, cert := submissionRelay(t, box)
	message := crlf("Message-ID: <4711@office.example>\nDate: Thu, 26 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\n" +
		"User-Agent: Mozilla Thunderbird\nContent-Language: de\nTo: ben@client.example\nFrom: Ana <ana@office.example>\n" +
		"Subject: Treffen\nContent-Type: text/plain; charset=UTF-8; format=flowed\nContent-Transfer-Encoding: 8bit\n\n" +
		"Grüße aus dem Büro, bis morgen.\n.\nAna\n")
	for name, connect := range map[string]func() *client{
		"STARTTLS":     func() *client { return dial(t, starttls) },
		"implicit TLS": func() *client { return dialTLS(t, implicit, cert) },
	} {
		c := connect()
		if name == "STARTTLS" {
			if code, text := c.reply("EHLO [192.0.2.7]"); code != 250 || hasLine(text, "AUTH") {
				t.Errorf("before STARTTLS EHLO is answered %d\n%s", code, text)
			}
			c.cmd(220, "STARTTLS")
			c.secure(cert)
		}
		offered := c.cmd(250, "EHLO [192.0.2.7]")
		for _, want := range []string{"AUTH PLAIN LOGIN", "SIZE ", "8BITMIME"} {
			if !hasLine(offered, want) {
				t.Errorf("%s: %q is not offered:\n%s", name, want, offered)
			}
		}
		if hasLine(offered, "STARTTLS") {
			t.Errorf("%s: STARTTLS is offered again", name)
		}
		c.cmd(530, "MAIL FROM:<ana@office.example> BODY=8BITMIME SIZE=%d", len(message))
		c.cmd(535, "AUTH PLAIN %s", authPlain("ana", "not-this"))
		c.cmd(334, "AUTH LOGIN")
		c.cmd(501, "*") // the person has closed the window that asks for it
		c.cmd(235, "AUTH PLAIN %s", authPlain("ana", "open-sesame"))
		c.cmd(552, "MAIL FROM:<ana@office.example> BODY=8BITMIME SIZE=%d", 1<<31)
		c.cmd(250, "MAIL FROM:<ana@office.example> BODY=8BITMIME SIZE=%d", len(message))
		c.cmd(250, "RCPT TO:<ben@client.example>")
		c.cmd(354, "DATA")
		w := c.text.DotWriter()
		if _, err := w.Write(message); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		c.expect(250)
		c.cmd(221, "QUIT")
		if _, err := c.text.R.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: after QUIT: %v, want the end of the connection", name, err)
		}
	}
	got := box.got()
	if len(got) != 2 {
		t.Fatalf("%d messages arrived, want 2", len(got))
	}
	for _, m := range got {
		below, err := belowTrace(m.content)
		if err != nil || !bytes.Equal(below, message) || m.user != "ana" {
			t.Errorf("from %q: %v\n%s", m.user, err, m.content)
		}
		if !strings.Contains(string(m.content), "[192.0.2.7]") {
			t.Errorf("the trace has not the client's name:\n%.300s", m.content)
		}
	}
	p.stop(t)
}

// dialTLS connects to where TLS begins at once.
func dialTLS(t testing.TB, address, cert string) *client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(2 * patience)) // a test that waits longer fails anyway
	c := &client{t: t, conn: conn}
	c.secure(cert)
	t.Cleanup(func() { c.text.Close() }) // closed already, perhaps
	c.expect(220)
	return c
}
