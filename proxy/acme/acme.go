// Package acme gets certificates from a certificate authority by ACME (RFC
// 8555), and renews them while they are in use.
//
// It is certmagic with the choices of a mail relay: the names are those of the
// configuration and no others, whatever a client asks for; nothing waits for
// the authority, neither the start nor a handshake; one authority, and none to
// fall back on; and of each failure a line in the log says what to do.
//
// What it keeps is in one folder, whose files only their owner reads: the key of
// the account, and each name's certificate with its key. What is there is in
// use from the start, whether or not the authority answers.
package acme

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"
)

// The ways in which an authority finds out that a name is ours.
const (
	HTTP01    = "http-01"     // it fetches a page on port 80 (RFC 8555 section 8.3)
	TLSALPN01 = "tls-alpn-01" // it begins TLS on port 443 (RFC 8737)
)

// Config says whose certificates are asked for where. All is required but for
// what says otherwise.
type Config struct {
	// Folder holds what is kept. It is made with mode 0700.
	Folder string
	// Directory is the authority's directory, an https address.
	Directory string
	// Trust has the roots that are trusted for the directory; nil for the
	// system's.
	Trust *tls.Config
	// Email is where the authority writes to; it is not logged. Its terms are
	// accepted by the one who calls.
	Email string
	// Hosts are the names, the first of which is shown to who asks for none
	// of them.
	Hosts []string
	// KeyID and Key bind the account to one that there is at the authority
	// (RFC 8555 section 7.3.4); "" for none. Key is in base64url.
	KeyID, Key string
	// Challenge is HTTP01 or TLSALPN01, and Listen the address to which the
	// authority comes for it. It is listened on while a certificate is asked
	// for; what listens there already has to answer by [Certificates.TLS].
	Challenge, Listen string
	Log               *slog.Logger
	// Look is how often it is looked whether a certificate is to be renewed; 0
	// is ten minutes.
	Look time.Duration
}

// Certificates are what clients are shown.
type Certificates struct {
	cfg   Config
	mask  mask // of what is logged
	cache *certmagic.Cache
	magic *certmagic.Config
	// shown are the certificates in force, in the order of the names; nil
	// where there is none yet.
	shown atomic.Pointer[[]*tls.Certificate]
	tell  []func(*x509.Certificate)
}

// New reads the certificates that are there. It asks nobody for others: see
// [Certificates.Run]. Close it in the end.
func New(cfg Config) (*Certificates, error) {
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("acme.listen: %w", err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("acme.listen: %q: want a number as the port", cfg.Listen)
	}
	if cfg.Look == 0 {
		cfg.Look = certmagic.DefaultRenewCheckInterval
	}
	c := &Certificates{cfg: cfg, mask: maskOf(cfg.Email)}
	log := zap.New(bridge{cfg.Log, slog.LevelWarn, c.mask})
	c.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert:   func(certmagic.Certificate) (*certmagic.Config, error) { return c.magic, nil },
		RenewCheckInterval: cfg.Look, Logger: log,
	})
	c.magic = certmagic.New(c.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: cfg.Folder}, Logger: log, OnEvent: c.failed,
		// Mail clients do not look at OCSP, public authorities have given it up,
		// and it would be asked for before the first certificate is in use.
		OCSP: certmagic.OCSPConfig{DisableStapling: true},
	})
	issuer := certmagic.ACMEIssuer{
		CA: cfg.Directory, Email: cfg.Email, Agreed: true,
		DisableHTTPChallenge: cfg.Challenge != HTTP01, DisableTLSALPNChallenge: cfg.Challenge != TLSALPN01,
		ListenHost: host, AltHTTPPort: number, AltTLSALPNPort: number,
		Logger: zap.New(bridge{cfg.Log, slog.LevelDebug, c.mask}), // its failures are told with the certificate's
	}
	if cfg.Trust != nil {
		issuer.TrustedRoots = cfg.Trust.RootCAs
	}
	if cfg.KeyID != "" {
		issuer.ExternalAccount = &acme.EAB{KeyID: cfg.KeyID, MACKey: cfg.Key}
	}
	c.magic.Issuers = []certmagic.Issuer{certmagic.NewACMEIssuer(c.magic, issuer)}
	c.load()
	return c, nil
}

// Told has someone told of the first name's certificate, now and whenever it is
// another; nil while there is none. Call it before Run.
func (c *Certificates) Told(tell func(*x509.Certificate)) {
	c.tell = append(c.tell, tell)
	tell(c.leaf())
}

// Ready reports whether there is a certificate to be shown.
func (c *Certificates) Ready() bool {
	return slices.ContainsFunc(*c.shown.Load(), func(cert *tls.Certificate) bool { return cert != nil })
}

// leaf is the certificate of the names that ends first; nil while one of them
// has none.
func (c *Certificates) leaf() *x509.Certificate {
	var first *x509.Certificate
	for _, cert := range *c.shown.Load() {
		if cert == nil {
			return nil
		}
		if first == nil || cert.Leaf.NotAfter.Before(first.NotAfter) {
			first = cert.Leaf
		}
	}
	return first
}

var errNone = errors.New("there is no certificate yet")

// TLS shows the certificates from TLS 1.2 on, by these protocols (RFC 7301). A
// handshake fails while there is none.
func (c *Certificates) TLS(protocols ...string) *tls.Config {
	if c.cfg.Challenge == TLSALPN01 && len(protocols) > 0 {
		protocols = append(protocols, challengeProtocol)
	}
	return &tls.Config{GetCertificate: c.choose, MinVersion: tls.VersionTLS12, NextProtos: protocols}
}

// challengeProtocol is by which an authority asks for a proof (RFC 8737
// section 3).
const challengeProtocol = "acme-tls/1"

// choose gives the certificate of the name that is asked for, or the first that
// there is: a mail server that looks for another name can still encrypt, and
// one that verifies it goes away.
func (c *Certificates) choose(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if slices.Equal(hello.SupportedProtos, []string{challengeProtocol}) {
		return c.magic.GetCertificate(hello)
	}
	var first *tls.Certificate
	for _, cert := range *c.shown.Load() {
		switch {
		case cert == nil:
		case cert.Leaf.VerifyHostname(hello.ServerName) == nil:
			return cert, nil
		case first == nil:
			first = cert
		}
	}
	if first == nil {
		return nil, errNone
	}
	return first, nil
}
