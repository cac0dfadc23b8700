package upstream

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// certificate makes a self-signed one for 127.0.0.1 and the name, and the
// configurations of a server that has it and of a client that trusts it.
func certificate(t *testing.T, ips ...net.IP) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "mx.example"},
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		DNSNames:              []string{"mx.example"},
		IPAddresses:           ips,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		&tls.Config{RootCAs: roots}
}

// encrypt does the server's handshake and reports whether it succeeded.
func (p *peer) encrypt(config *tls.Config) bool {
	secured := tls.Server(p.nc, config)
	if secured.Handshake() != nil {
		return false
	}
	p.nc, p.r = secured, bufio.NewReader(secured)
	return true
}

var loopback = net.IPv4(127, 0, 0, 1)

func TestSTARTTLSRequiredIsUsedAndLearntAnew(t *testing.T) {
	serverTLS, clientTLS := certificate(t, loopback)
	for _, form := range []string{"smtp+starttls://ADDRESS", "smtp://ADDRESS?starttls=required", "smtp://ADDRESS?starttls=opportunistic"} {
		t.Run(form, func(t *testing.T) {
			address := serve(t, func(p *peer) {
				p.greet("STARTTLS", "X-INSECURE")
				p.turn("STARTTLS", "220 go")
				if !p.encrypt(serverTLS) {
					p.t.Error("no handshake")
				}
				p.turn("EHLO localhost", ehlo("SIZE 7", "AUTH PLAIN")...)
				p.message()
				p.quit()
			})
			c := dial(t, Config{URL: strings.Replace(form, "ADDRESS", address, 1), TLS: clientTLS})
			if c.Extensions().Has("X-INSECURE") || c.Extensions().Size() != 7 || !c.Extensions().Has("AUTH") {
				t.Errorf("extensions from before TLS: %v", c.Extensions())
			}
			begin(t, c)
			if replies, err := send(t.Context(), c, "a\r\n"); err != nil || !replies[0].OK() {
				t.Errorf("got %v, %v", replies, err)
			}
		})
	}
}

func TestImplicitTLS(t *testing.T) {
	serverTLS, clientTLS := certificate(t, loopback)
	play := func(p *peer) {
		if p.encrypt(serverTLS) {
			p.greet()
			p.message()
			p.message()
		}
	}
	again := func(p *peer) {
		if p.encrypt(serverTLS) {
			p.greet()
			p.message()
			p.quit()
		}
	}
	server := newServer(t, Config{URL: "smtps://" + serve(t, play, again), TLS: clientTLS, PoolSize: 1})
	for range 3 { // the third finds the first connection cut without a farewell
		one(t, server)
	}
}

func TestConnectionThatIsNotSecureIsRefused(t *testing.T) {
	named, trusting := certificate(t, loopback)
	misnamed, trustingMisnamed := certificate(t)
	for _, test := range []struct {
		name, scheme string
		client       *tls.Config
		play         func(*peer)
		stage        Stage
	}{
		{"STARTTLS stripped", "smtp+starttls", trusting, func(p *peer) { p.greet("SIZE"); p.quit() }, StageStartTLS},
		{"STARTTLS refused", "smtp+starttls", trusting, func(p *peer) {
			p.greet("STARTTLS")
			p.turn("STARTTLS", "454 4.7.0 not now")
			p.quit()
		}, StageStartTLS},
		{"STARTTLS hidden by HELO", "smtp+starttls", trusting, func(p *peer) {
			p.say("220 x")
			p.turn("EHLO localhost", "502 what?")
			p.turn("HELO localhost", "250 x")
			p.quit()
		}, StageStartTLS},
		{"STARTTLS with another name", "smtp+starttls", trustingMisnamed, func(p *peer) {
			p.greet("STARTTLS")
			p.turn("STARTTLS", "220 go")
			_ = p.encrypt(misnamed)
			p.hear("")
		}, StageStartTLS},
		{"STARTTLS with an unknown issuer", "smtp+starttls", trustingMisnamed, func(p *peer) {
			p.greet("STARTTLS")
			p.turn("STARTTLS", "220 go")
			_ = p.encrypt(named)
			p.hear("")
		}, StageStartTLS},
		{"implicit with another name", "smtps", trustingMisnamed, func(p *peer) { _ = p.encrypt(misnamed); p.hear("") }, StageDial},
		{"implicit spoken to in clear", "smtps", trusting, func(p *peer) { p.say("220 x") }, StageDial},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, Config{URL: test.scheme + "://" + serve(t, test.play), TLS: test.client})
			_, err := server.Dial(t.Context())
			failure := wantFailure(t, err, test.stage, false)
			if failure.Reply.Code == 0 && !errors.Is(err, ErrTLS) {
				t.Errorf("got %v, want ErrTLS", err)
			}
		})
	}
}

func TestOpportunisticGoesOnInClearOnlyBeforeTheHandshake(t *testing.T) {
	misnamed, trusting := certificate(t)
	for _, test := range []struct {
		name string
		play func(*peer)
		ok   bool
	}{
		{"not offered", func(p *peer) { p.greet("SIZE"); p.quit() }, true},
		{"refused", func(p *peer) { p.greet("STARTTLS"); p.turn("STARTTLS", "454 not now"); p.quit() }, true},
		{"wrong name", func(p *peer) {
			p.greet("STARTTLS")
			p.turn("STARTTLS", "220 go")
			_ = p.encrypt(misnamed)
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := serve(t, test.play)
			server := newServer(t, Config{URL: "smtp://" + address + "?starttls=opportunistic", TLS: trusting})
			c, err := server.Dial(t.Context())
			if (err == nil) != test.ok {
				t.Fatalf("got %v, want ok: %t", err, test.ok)
			}
			if c != nil {
				_ = c.Close()
			}
		})
	}
}

// What an attacker writes behind the clear 220 must not count as an answer
// given under TLS (CVE-2011-0411 and its kin).
func TestResponseInjectedAfterSTARTTLSIsThrownAway(t *testing.T) {
	serverTLS, clientTLS := certificate(t, loopback)
	address := serve(t, func(p *peer) {
		p.greet("STARTTLS")
		p.turn("STARTTLS", "220 go", "250-evil", "250 AUTH PLAIN", "250 injected")
		if !p.encrypt(serverTLS) {
			p.t.Error("no handshake")
		}
		p.turn("EHLO localhost", ehlo("SIZE")...)
		p.turn("MAIL FROM:<ann@a.example>", "550 5.7.1 the true answer")
		p.quit()
	})
	c := dial(t, Config{URL: "smtp+starttls://" + address, TLS: clientTLS})
	if c.Extensions().Has("AUTH") {
		t.Error("an injected extension was believed")
	}
	if reply, err := c.Mail(t.Context(), "ann@a.example", nil); err != nil || reply.Code != 550 {
		t.Errorf("got %v, %v; want the true answer", reply, err)
	}
}
