package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

// newSecureMailbox starts an upstream with a certificate, over implicit TLS or
// STARTTLS.
func newSecureMailbox(t *testing.T, implicit bool) (box *mailbox, cert string) {
	t.Helper()
	cert, key := certificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box = &mailbox{address: l.Addr().String(), password: "open-sesame"}
	box.server = smtp.NewServer(box)
	if implicit {
		l = tls.NewListener(l, config)
	} else {
		box.server.TLSConfig = config
	}
	serveSMTP(t, box.server, l)
	return box, cert
}

// The upstream is verified, Bulkhead's own credentials are used, and they are
// shown nowhere.
func TestUpstreamOverTLSWithOwnCredentials(t *testing.T) {
	message := letter("", "ana@office.example", "ben@client.example", ordinaryLetter).content
	for _, scheme := range []string{"smtp+starttls", "smtps"} {
		t.Run(scheme, func(t *testing.T) {
			box, cert := newSecureMailbox(t, scheme == "smtps")
			secret := writeFile(t, "secret", "open-sesame\n")
			config := writeFile(t, "bulkhead.yaml", fmt.Sprintf("listeners: [{address: \"127.0.0.1:0\", allow: [127.0.0.0/8]}]\n"+
				"upstream: {ca: %q, username: ana, password: \"${file:%s}\"}\nlog: {level: debug}\n", cert, secret))
			p := serve(t, t.TempDir(), scheme+"://"+box.address, "--config", config)
			c := dial(t, p.smtp[0])
			if hasLine(c.ehlo, "AUTH") {
				t.Errorf("AUTH is offered although Bulkhead has credentials of its own:\n%s", c.ehlo)
			}
			if code, text := c.send("ana@office.example", []string{"ben@client.example"}, message); code != 250 {
				t.Fatalf("answered %d %s\n%s", code, text, p.logged())
			}
			checkArrived(t, box, message)
			if user := box.got()[0].user; user != "ana" {
				t.Errorf("it came as %q, want ana", user)
			}
			out, _, _ := runBulkhead(t, "config", "show", "--config", config)
			if strings.Contains(p.logged()+out, "sesame") {
				t.Error("the password is shown")
			}
			p.stop(t)
		})
	}
}

// A certificate that nobody vouches for ends the matter: nothing is sent.
func TestUpstreamThatIsNotVerifiedGetsNothing(t *testing.T) {
	for _, scheme := range []string{"smtp+starttls", "smtps"} {
		t.Run(scheme, func(t *testing.T) {
			box, _ := newSecureMailbox(t, scheme == "smtps")
			stranger, _ := certificate(t)
			p := serve(t, t.TempDir(), scheme+"://"+box.address, "BULKHEAD_UPSTREAM_CA="+stranger)
			if code, text := dial(t, p.smtp[0]).reply("MAIL FROM:<ana@office.example>"); code != 451 || !strings.HasPrefix(text, "4.4.1") {
				t.Errorf("answered %d %s, want 451 4.4.1", code, text)
			}
			if n := len(box.got()); n != 0 {
				t.Errorf("%d messages were sent", n)
			}
			p.stop(t)
		})
	}
}
