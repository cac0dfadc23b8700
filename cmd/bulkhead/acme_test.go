package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/acme/pebble"
)

// byACME is a configuration of STARTTLS, implicit TLS and a console whose
// certificates come from an authority.
func byACME(t *testing.T, a *pebble.Authority, hosts, more string) string {
	t.Helper()
	return writeFile(t, "bulkhead.yaml", fmt.Sprintf(`listeners:
  - {address: "127.0.0.1:0", allow: [127.0.0.0/8], tls: {cert: acme}}
  - {address: "127.0.0.1:0", allow: [127.0.0.0/8], tls: {cert: acme, implicit: true}}
admin: {cert: acme}
acme: {hosts: %s, directory: %q, ca: %q, accept_terms: true, email: post@office.example, listen: %q%s}
`, hosts, a.Directory, a.CA, a.Comes, more))
}

// wait waits for what must happen.
func wait(t *testing.T, p *process, what string, happened func() bool) {
	t.Helper()
	for began := time.Now(); !happened(); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("%s: not within %v\n%s", what, patience, p.logged())
		}
	}
}

// verifies shakes hands as one who trusts these roots, and wants this name.
func verifies(conn net.Conn, host string, roots *x509.CertPool) (*tls.Conn, error) {
	secured := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12})
	return secured, secured.Handshake()
}

// The authority is away when the relay starts. Mail goes on, in the clear where
// the policy of the listener lets it, and TLS comes when the authority is back.
func TestCertificatesComeByACME(t *testing.T) {
	t.Parallel() // mostly waiting
	const host = "mail.office.example"
	box := newMailbox(t)
	box.password = "open-sesame"
	away := pebble.Prepare(t, pebble.Options{Hosts: []string{host}})
	data := t.TempDir()
	p := serve(t, data, box.url(), "--config", byACME(t, away, "["+host+"]", ""))
	message := letter("", "ana@office.example", "ben@client.example", ordinaryLetter).content

	c := dial(t, p.smtp[0])
	if hasLine(c.ehlo, "STARTTLS") || hasLine(c.ehlo, "AUTH") {
		t.Errorf("TLS or AUTH is offered without a certificate:\n%s", c.ehlo)
	}
	c.cmd(454, "STARTTLS")
	if code, text := c.reply("AUTH PLAIN %s", authPlain("ana", "open-sesame")); code < 500 {
		t.Errorf("AUTH in the clear is answered %d %s", code, text)
	}
	if code, text := c.send("ana@office.example", []string{"ben@client.example"}, message); code != 250 {
		t.Errorf("mail without a certificate is answered %d %s", code, text)
	}
	checkArrived(t, box, message)
	conn, err := net.Dial("tcp", p.smtp[1])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifies(conn, host, nil); err == nil {
		t.Error("implicit TLS works without a certificate")
	}
	const ends = `bulkhead_certificate_not_after_timestamp_seconds{listener=%q}`
	for _, label := range []string{"0", "1", "console"} {
		if n := p.metric(t, fmt.Sprintf(ends, label)); n != 0 {
			t.Errorf("without a certificate, that of %s ends at %v, want 0, which alerts", label, n)
		}
	}
	wait(t, p, "the failure in the log", func() bool {
		return strings.Contains(p.logged(), "look whether acme.directory can be reached")
	})

	away.Run()
	wait(t, p, "STARTTLS", func() bool { return hasLine(dial(t, p.smtp[0]).ehlo, "STARTTLS") })
	roots := away.Roots()
	c = dial(t, p.smtp[0])
	c.cmd(220, "STARTTLS")
	c.conn, err = verifies(c.conn, host, roots)
	if err != nil {
		t.Fatalf("STARTTLS: %v", err)
	}
	c.text = textproto.NewConn(c.conn)
	c.cmd(250, "EHLO client.example")
	c.cmd(235, "AUTH PLAIN %s", authPlain("ana", "open-sesame"))
	if code, text := c.send("ana@office.example", []string{"ben@client.example"}, message); code != 250 {
		t.Errorf("mail over STARTTLS is answered %d %s", code, text)
	}
	conn, err = net.Dial("tcp", p.smtp[1])
	if err != nil {
		t.Fatal(err)
	}
	secured, err := verifies(conn, host, roots)
	if err != nil {
		t.Fatalf("implicit TLS: %v", err)
	}
	leaf := secured.ConnectionState().PeerCertificates[0]
	for _, label := range []string{"0", "1", "console"} {
		if n := p.metric(t, fmt.Sprintf(ends, label)); n != float64(leaf.NotAfter.Unix()) {
			t.Errorf("the certificate of %s ends at %v, want %v", label, n, leaf.NotAfter.Unix())
		}
	}
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12}}}
	resp, err := browser.Get(p.admin + "/healthz")
	if err != nil {
		t.Fatalf("the console: %v", err)
	}
	resp.Body.Close() // only its status is wanted
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the console: %s", resp.Status)
	}

	found, _ := doctor(t, byACME(t, away, "["+host+", other.office.example]", ""), "--data-dir", data, "--upstream", box.url())
	for check, want := range map[string]level{"acme.hosts[1]": levelWarn, "acme.directory": levelOK, "acme.listen": levelOK, "listeners[1].tls": levelWarn} {
		if got, said := worst(found, check); got != want {
			t.Errorf("doctor: %s is %q, want %q:\n%s", check, got, want, said)
		}
	}
	if _, said := worst(found, "acme.hosts[0]"); !strings.Contains(said, "good until "+leaf.NotAfter.Format(time.DateOnly)) {
		t.Errorf("doctor says of the certificate: %s", said)
	}
	p.stop(t)
}

// A console on the port to which the authority comes answers it there.
func TestConsoleAnswersTheAuthority(t *testing.T) {
	t.Parallel()
	const host = "bulkhead.office.example"
	a := pebble.Start(t, pebble.Options{Hosts: []string{host}})
	config := byACME(t, a, "["+host+"]", ", challenge: tls-alpn-01")
	p := serve(t, t.TempDir(), newMailbox(t).url(), "--config", config, "--admin", a.Comes)
	roots := a.Roots()
	wait(t, p, "the certificate", func() bool {
		conn, err := net.Dial("tcp", a.Comes)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() // only looked at
		_, err = verifies(conn, host, roots)
		return err == nil
	})
	p.stop(t)
}
