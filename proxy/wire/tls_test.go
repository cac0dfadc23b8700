package wire_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

func serverTLS(t testing.TB) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"relay.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func (c *client) startTLS() {
	c.t.Helper()
	conn := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the test made the certificate
	if err := conn.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	c.conn, c.r = conn, bufio.NewReader(conn)
}

func TestStartTLSForgetsEverything_item16(t *testing.T) {
	s := serve(t, wire.Config{TLS: serverTLS(t)}, nil)
	c := dial(t, s)
	if got := c.cmd("EHLO client.test", "250"); !strings.Contains(got, "STARTTLS") {
		t.Errorf("EHLO without STARTTLS: %q", got)
	}
	c.cmd("STARTTLS", "220 2.0.0")
	c.startTLS()
	c.cmd("MAIL FROM:<a@corp.test>", "503 5.5.1")
	if sessions, logouts := s.counts(); sessions != 1 || logouts != 1 {
		t.Errorf("%d sessions, %d ended; want 1 and 1", sessions, logouts)
	}
	if got := c.cmd("EHLO client.test", "250"); strings.Contains(got, "STARTTLS") {
		t.Errorf("EHLO within TLS lists STARTTLS: %q", got)
	}
	c.cmd("STARTTLS", "503 5.5.1")
	c.envelope()
	c.cmd("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("250")
	c.cmd("QUIT", "221")
	until(t, "second session ended", func() bool {
		sessions, logouts := s.counts()
		return sessions == 2 && logouts == 2
	})
	wantMessages(t, s, "x\r\n")
}

func TestStartTLSInjectionIsThrownAway_item16(t *testing.T) {
	s := serve(t, wire.Config{TLS: serverTLS(t)}, nil)
	c := hello(t, s)
	c.send("STARTTLS\r\nEHLO evil.test\r\nMAIL FROM:<injected@evil.test>\r\n")
	c.want("220")
	c.startTLS()
	// The answer must be to NOOP, and the first.
	c.cmd("NOOP", "250 2.0.0")
	c.cmd("RCPT TO:<b@rcpt.test>", "503")
	if got := s.paths(); len(got) != 0 {
		t.Errorf("paths %q", got)
	}
}

func TestStartTLSIsRefusedWithinTransactionAndAfterAuth_item16(t *testing.T) {
	s := serve(t, wire.Config{TLS: serverTLS(t)}, nil)
	c := hello(t, s)
	c.cmd("MAIL FROM:<a@corp.test>", "250")
	c.cmd("STARTTLS", "503 5.5.1")
	c.cmd("RSET", "250")
	c.cmd("AUTH PLAIN AHVzZXIAcmlnaHQ=", "235")
	c.cmd("STARTTLS", "503 5.5.1")
	c.cmd("STARTTLS now", "501")
	hello(t, serve(t, wire.Config{}, nil)).cmd("STARTTLS", "502 5.5.1")
}

func TestFailedHandshakeClosesTheConnection_item16(t *testing.T) {
	s := serve(t, wire.Config{TLS: serverTLS(t), Timeouts: wire.Timeouts{Handshake: 100 * time.Millisecond}}, nil)
	for _, hello2 := range []string{"EHLO client.test\r\nMAIL FROM:<a@corp.test>\r\n", ""} {
		c := hello(t, s)
		c.cmd("STARTTLS", "220")
		c.send(hello2)
		for c.reply() != "" { // a TLS alert, if anything, and the end
		}
	}
	until(t, "sessions ended", func() bool {
		sessions, logouts := s.counts()
		return sessions == 2 && logouts == 2
	})
	if got := s.paths(); len(got) != 0 {
		t.Errorf("paths %q", got)
	}
}

func TestImplicitTLSSpeaksFromTheFirstOctet(t *testing.T) {
	s := serve(t, wire.Config{TLS: serverTLS(t), Implicit: true}, nil)
	c := connect(t, s)
	c.startTLS()
	c.want("220 relay.test")
	if got := c.cmd("EHLO client.test", "250"); strings.Contains(got, "STARTTLS") {
		t.Errorf("EHLO lists STARTTLS: %q", got)
	}
	c.envelope()
	c.cmd("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("250")
	wantMessages(t, s, "x\r\n")
}

func TestAuthIsRefusedWhereItIsNotListed(t *testing.T) {
	s := serve(t, wire.Config{TLS: serverTLS(t)}, &backend{exts: []string{"PIPELINING"}})
	c := hello(t, s)
	c.cmd("AUTH PLAIN AHVzZXIAcmlnaHQ=", "530 5.7.0")
	c.cmd("STARTTLS", "220")
	c.startTLS()
	c.cmd("EHLO x", "250")
	c.cmd("AUTH PLAIN AHVzZXIAcmlnaHQ=", "502 5.5.1")
	s.mu.Lock()
	s.exts = allExts()
	s.mu.Unlock()
	c = hello(t, s)
	c.cmd("AUTH", "501")
	c.cmd("MAIL FROM:<a@corp.test>", "250")
	c.cmd("AUTH PLAIN AHVzZXIAcmlnaHQ=", "503")
}

func TestSessionSeesTLSAndSize(t *testing.T) {
	type facts struct {
		tls  bool
		size uint64
	}
	seen := make(chan facts, 1)
	s := serve(t, wire.Config{TLS: serverTLS(t)}, &backend{onRcpt: func(w *wire.Conn, _ string) error {
		seen <- facts{w.TLS() != nil, w.Size()}
		return nil
	}})
	c := hello(t, s)
	c.cmd("MAIL FROM:<a@corp.test> SIZE=5000000000", "250")
	c.cmd("RCPT TO:<b@rcpt.test>", "250")
	if got, want := <-seen, (facts{false, 5000000000}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	c.cmd("RSET", "250")
	c.cmd("STARTTLS", "220")
	c.startTLS()
	c.cmd("EHLO x", "250")
	c.cmd("MAIL FROM:<a@corp.test> REQUIRETLS", "555")
	c.cmd("MAIL FROM:<a@corp.test>", "250")
	c.cmd("RCPT TO:<b@rcpt.test>", "250")
	if got, want := <-seen, (facts{true, 0}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A certificate can be still to come: TLS is offered once it is there.
func TestStartTLSWaitsForItsCertificate(t *testing.T) {
	var ready atomic.Bool
	s := serve(t, wire.Config{TLS: serverTLS(t), TLSReady: ready.Load}, nil)
	c := dial(t, s)
	if got := c.cmd("EHLO client.test", "250"); strings.Contains(got, "STARTTLS") {
		t.Errorf("EHLO lists STARTTLS before there is a certificate: %q", got)
	}
	c.cmd("STARTTLS", "454 4.7.0")
	ready.Store(true)
	if got := c.cmd("EHLO client.test", "250"); !strings.Contains(got, "STARTTLS") {
		t.Errorf("EHLO does not list STARTTLS with a certificate: %q", got)
	}
	c.cmd("STARTTLS", "220 2.0.0")
	c.startTLS()
	c.cmd("EHLO client.test", "250")
}
