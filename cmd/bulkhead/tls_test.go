package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/textproto"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// startTLS upgrades a connection, trusting the certificate in the file alone.
func (c *client) startTLS(cert string) {
	c.t.Helper()
	c.cmd(220, "STARTTLS")
	c.secure(cert)
	c.ehlo = c.cmd(250, "EHLO client.example")
}

func (c *client) secure(cert string) {
	c.t.Helper()
	pem, err := os.ReadFile(cert)
	if err != nil {
		c.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	secured := tls.Client(c.conn, &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12})
	if err := secured.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	c.conn, c.text = secured, textproto.NewConn(secured)
}

func authPlain(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
}

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestAuthIsPassedThroughOverTLSOnly(t *testing.T) {
	box := newMailbox(t)
	box.password = "open-sesame"
	config, cert := tlsListener(t, false)
	p := serve(t, t.TempDir(), box.url(), "--config", config)

	c := dial(t, p.smtp[0])
	if hasLine(c.ehlo, "AUTH") {
		t.Errorf("AUTH is offered before TLS:\n%s", c.ehlo)
	}
	if !hasLine(c.ehlo, "STARTTLS") {
		t.Fatalf("no STARTTLS is offered:\n%s", c.ehlo)
	}
	if code, text := c.reply("AUTH PLAIN %s", authPlain("ana", "open-sesame")); code < 500 {
		t.Errorf("AUTH before TLS is answered %d %s", code, text)
	}
	c.startTLS(cert)
	if !hasLine(c.ehlo, "AUTH PLAIN LOGIN") {
		t.Errorf("AUTH is not offered over TLS:\n%s", c.ehlo)
	}
	if code, text := c.reply("AUTH PLAIN %s", authPlain("ana", "wrong")); code != 535 || text != "5.7.8 The post office does not know you" {
		t.Errorf("a wrong password is answered %d %s, want the upstream's own words", code, text)
	}
	c.cmd(235, "AUTH PLAIN %s", authPlain("ana", "open-sesame"))
	message := letter("", "ana@office.example", "ben@client.example", ordinaryLetter).content
	if code, text := c.send("ana@office.example", []string{"ben@client.example"}, message); code != 250 || text != "2.0.0 kept as 1" {
		t.Errorf("the message is answered %d %s, want the upstream's own words", code, text)
	}

	c = dial(t, p.smtp[0])
	c.startTLS(cert)
	c.cmd(334, "AUTH LOGIN")
	c.cmd(334, "%s", base64Of("ana"))
	c.cmd(235, "%s", base64Of("open-sesame"))
	c.send("ana@office.example", []string{"ben@client.example"}, message)
	for i, m := range box.got() {
		if m.user != "ana" {
			t.Errorf("message %d came as %q, want ana", i+1, m.user)
		}
		if !bytes.Contains(m.content, []byte("with ESMTPSA")) {
			t.Errorf("message %d has no trace of TLS and AUTH (RFC 3848):\n%.300s", i+1, m.content)
		}
	}
	if n := len(box.got()); n != 2 {
		t.Errorf("%d messages arrived, want 2", n)
	}
	if strings.Contains(p.logged(), "sesame") || strings.Contains(p.logged(), authPlain("ana", "wrong")) {
		t.Errorf("a password is logged:\n%s", p.logged())
	}
	p.stop(t)
}

// reply sends a command and returns whatever is answered.
func (c *client) reply(format string, args ...any) (code int, text string) {
	c.t.Helper()
	if err := c.text.PrintfLine(format, args...); err != nil {
		c.t.Fatal(err)
	}
	code, text, err := c.text.ReadResponse(0)
	if err != nil {
		c.t.Fatal(err)
	}
	return code, text
}

func TestForeignClientMustAuthenticate(t *testing.T) {
	box := newMailbox(t)
	box.password = "open-sesame"
	cert, key := certificate(t)
	config := writeFile(t, "bulkhead.yaml", fmt.Sprintf(
		"listeners:\n  - address: 127.0.0.1:0\n    allow: [192.0.2.0/24]\n    tls: {cert: %q, key: %q}\n", cert, key))
	p := serve(t, t.TempDir(), box.url(), "--config", config)
	c := dial(t, p.smtp[0])
	if code, text := c.reply("MAIL FROM:<ana@office.example>"); code != 530 {
		t.Errorf("a client that is not allowed is answered %d %s, want 530", code, text)
	}
	c.startTLS(cert)
	c.cmd(235, "AUTH PLAIN %s", authPlain("ana", "open-sesame"))
	message := letter("", "ana@office.example", "ben@client.example", ordinaryLetter).content
	if code, text := c.send("ana@office.example", []string{"ben@client.example"}, message); code != 250 {
		t.Errorf("after AUTH the message is answered %d %s, want 250", code, text)
	}
	p.stop(t)
}

// checkArrived checks that one message arrived, unchanged below the trace.
func checkArrived(t testing.TB, box *mailbox, want []byte) {
	t.Helper()
	got := box.got()
	if len(got) != 1 {
		t.Fatalf("%d messages arrived, want 1", len(got))
	}
	below, err := belowTrace(got[0].content)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(below, want) {
		t.Errorf("the message has changed:\n%q\nwant\n%q", below, want)
	}
}

// openssl is an independent view on the TLS that is offered.
func TestOpensslSeesModernTLS(t *testing.T) {
	openssl := needProgram(t, "openssl", "openssl")
	box := newMailbox(t)
	for _, implicit := range []bool{false, true} {
		config, cert := tlsListener(t, implicit)
		p := serve(t, t.TempDir(), box.url(), "--config", config)
		args := []string{"s_client", "-connect", p.smtp[0], "-CAfile", cert, "-verify_return_error", "-servername", "localhost", "-brief"}
		if !implicit {
			args = append(args, "-starttls", "smtp")
		}
		cmd := exec.Command(openssl, args...)
		cmd.Stdin = strings.NewReader("QUIT\r\n")
		out, err := cmd.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("Verification: OK")) || !bytes.Contains(out, []byte("TLSv1.3")) {
			t.Errorf("implicit %v: %v\n%s", implicit, err, out)
		}
		old := exec.Command(openssl, append(args, "-tls1_1")...)
		old.Stdin = strings.NewReader("QUIT\r\n")
		if out, err := old.CombinedOutput(); err == nil {
			t.Errorf("implicit %v: TLS 1.1 is taken\n%s", implicit, out)
		}
		p.stop(t)
	}
}

func TestSwaksSendsAndIsToldOfAHeldMessage(t *testing.T) {
	swaks := needProgram(t, "swaks", "swaks")
	box := newMailbox(t)
	p := serve(t, t.TempDir(), box.url())
	message := letter("", "ana@office.example", "ben@client.example", ordinaryLetter).content
	file := writeFile(t, "message.eml", strings.ReplaceAll(string(message), "\r\n", "\n"))
	args := []string{"--server", p.smtp[0], "--from", "ana@office.example", "--to", "ben@client.example", "--pipeline"}
	out := runProgram(t, swaks, append(args, "--data", "@"+file)...)
	if !strings.Contains(out, "250-PIPELINING") || !strings.Contains(out, "250 2.0.0 kept as 1") {
		t.Errorf("swaks:\n%s", out)
	}
	checkArrived(t, box, append(message, "\r\n"...)) // swaks ends every message with an empty line

	leak := attached("", "list@isp.example", "ben@client.example", "customers.csv", "text/csv", []byte(csvOf(makeCustomers(50))))
	out = runProgram(t, swaks, append(args, "--data", "@"+writeFile(t, "leak.eml", strings.ReplaceAll(string(leak.content), "\r\n", "\n")))...)
	if !strings.Contains(out, "250 2.0.0 Held for review as BH-") || !strings.Contains(out, "; not delivered yet") {
		t.Errorf("swaks, of a message that is to be held:\n%s", out)
	}
	time.Sleep(200 * time.Millisecond) // for a message that must not come
	if n := len(box.got()); n != 1 {
		t.Errorf("%d messages arrived, want the letter only", n)
	}
	p.stop(t)
}
