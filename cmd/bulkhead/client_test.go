package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// client is an SMTP client that hides nothing: commands and replies are what
// is on the wire.
type client struct {
	t    testing.TB
	conn net.Conn
	text *textproto.Conn
	ehlo string // the reply to EHLO
}

// dial connects and greets.
func dial(t testing.TB, address string) *client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	return newClient(t, conn)
}

// newClient greets over a connection.
func newClient(t testing.TB, conn net.Conn) *client {
	t.Helper()
	conn.SetDeadline(time.Now().Add(2 * patience)) // a test that waits longer fails anyway
	c := &client{t: t, conn: conn, text: textproto.NewConn(conn)}
	t.Cleanup(func() { c.text.Close() }) // closed already, perhaps
	c.expect(220)
	c.ehlo = c.cmd(250, "EHLO client.example")
	return c
}

// expect reads a reply and fails unless it has the code.
func (c *client) expect(code int) string {
	c.t.Helper()
	_, text, err := c.text.ReadResponse(code)
	if err != nil {
		c.t.Fatalf("want %d, got: %v", code, err)
	}
	return text
}

// cmd sends a command and expects the reply's code.
func (c *client) cmd(code int, format string, args ...any) string {
	c.t.Helper()
	if err := c.text.PrintfLine(format, args...); err != nil {
		c.t.Fatal(err)
	}
	return c.expect(code)
}

// send sends a message and returns the reply after the final dot.
func (c *client) send(from string, to []string, content []byte) (code int, text string) {
	c.t.Helper()
	code, text, err := c.try(from, to, content)
	if err != nil {
		c.t.Fatal(err)
	}
	return code, text
}

// try is send for a server that may go away.
func (c *client) try(from string, to []string, content []byte) (code int, text string, err error) {
	commands := []string{"MAIL FROM:<" + from + ">"}
	for _, r := range to {
		commands = append(commands, "RCPT TO:<"+r+">")
	}
	for _, line := range append(commands, "DATA") {
		if err := c.text.PrintfLine("%s", line); err != nil {
			return 0, "", err
		}
		code, text, err := c.text.ReadResponse(0)
		if err != nil {
			return 0, "", err
		}
		if code >= 400 {
			return code, text, nil
		}
	}
	w := c.text.DotWriter()
	if _, err := w.Write(content); err != nil {
		return 0, "", err
	}
	if err := w.Close(); err != nil {
		return 0, "", err
	}
	return c.text.ReadResponse(0)
}

// mailbox is an upstream that keeps what it gets.
type mailbox struct {
	address string
	server  *smtp.Server

	mu       sync.Mutex
	messages []mailed
	refuse   func(to string) error // asked for each recipient, if set
	password string                // of the user ana; AUTH is offered if set
}

type mailed struct {
	from, user string
	to         []string
	content    []byte
}

// newMailbox starts an upstream on a free port.
func newMailbox(t testing.TB) *mailbox {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &mailbox{address: l.Addr().String()}
	b.server = smtp.NewServer(b)
	b.server.AllowInsecureAuth = true
	b.server.ErrorLog = log.New(io.Discard, "", 0) // clients that go away are part of the tests
	b.server.EnableSMTPUTF8, b.server.EnableDSN, b.server.EnableBINARYMIME = true, true, true
	serveSMTP(t, b.server, l)
	return b
}

// serveSMTP lets server serve until the test ends, or closes it.
func serveSMTP(t testing.TB, server *smtp.Server, l net.Listener) {
	served := make(chan struct{})
	go func() { defer close(served); server.Serve(l) }()
	t.Cleanup(func() {
		server.Close() // closed already, perhaps
		l.Close()      // which the server knows of only once it serves
		<-served
	})
}

func (b *mailbox) url() string { return "smtp://" + b.address }

func (b *mailbox) got() []mailed {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]mailed(nil), b.messages...)
}

func (b *mailbox) refusing(f func(to string) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = f
}

func (b *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &mailboxSession{mailbox: b}, nil
}

type mailboxSession struct {
	*mailbox
	now  mailed
	user string
}

func (s *mailboxSession) Reset()        { s.now = mailed{} }
func (s *mailboxSession) Logout() error { return nil }

func (s *mailboxSession) AuthMechanisms() []string {
	if s.password == "" {
		return nil
	}
	return []string{sasl.Plain, sasl.Login}
}

func (s *mailboxSession) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != "ana" || password != s.password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "The post office does not know you"}
		}
		s.user = user
		return nil
	}
	if mechanism == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// loginServer is the server side of LOGIN, which go-sasl lacks.
type loginServer struct {
	check func(user, password string) error
	user  *string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil:
		return []byte("Username:"), false, nil
	case l.user == nil:
		user := string(response)
		l.user = &user
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(*l.user, string(response))
}

func (s *mailboxSession) Mail(from string, _ *smtp.MailOptions) error {
	s.now = mailed{from: from, user: s.user}
	return nil
}

func (s *mailboxSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	refuse := s.refuse
	s.mu.Unlock()
	if refuse != nil {
		if err := refuse(to); err != nil {
			return err
		}
	}
	s.now.to = append(s.now.to, to)
	return nil
}

func (s *mailboxSession) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.now.content = content
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, s.now)
	return &smtp.SMTPError{Code: 250, EnhancedCode: smtp.EnhancedCode{2, 0, 0}, Message: fmt.Sprintf("kept as %d", len(s.messages))}
}

// belowTrace returns a message without the one Received line that the relay
// put above it.
func belowTrace(content []byte) ([]byte, error) {
	if !bytes.HasPrefix(content, []byte("Received: ")) {
		return nil, errors.New("no Received line of the relay's")
	}
	for at := 0; ; {
		end := bytes.IndexByte(content[at:], '\n')
		if end < 0 {
			return nil, errors.New("a Received line without an end")
		}
		at += end + 1
		if at == len(content) || content[at] != ' ' && content[at] != '\t' {
			return content[at:], nil
		}
	}
}

// certificate writes a self-signed certificate for localhost and 127.0.0.1.
func certificate(t testing.TB) (cert, key string) {
	t.Helper()
	return certificateFor(t, time.Hour)
}

// certificateFor makes one that is good for so long.
func certificateFor(t testing.TB, valid time.Duration) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(valid),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// writeFile writes a file into the test's own folder and returns its path.
func writeFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// hasLine reports whether a reply of several lines has one that begins so.
func hasLine(reply, beginning string) bool {
	for line := range strings.Lines(reply) {
		if strings.HasPrefix(line, beginning) {
			return true
		}
	}
	return false
}

// readersOf are the recipients of all the mails, in order, each as often as a mail
// went to it.
func readersOf(mails []mailed) (all []string) {
	for _, m := range mails {
		all = append(all, m.to...)
	}
	slices.Sort(all)
	return all
}
