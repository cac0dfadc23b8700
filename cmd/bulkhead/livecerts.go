package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync/atomic"
	"time"
)

// shownCertificate is what clients of one address are shown, and can be renewed
// while they are: each handshake is by the one in force when it begins.
type shownCertificate struct {
	where string // the setting that names it
	files watched
	now   atomic.Pointer[tls.Certificate]
	tell  func(*x509.Certificate) // nil where nobody asks
}

// openCertificate loads a certificate and its key from files in PEM form (RFC 7468).
func openCertificate(where, cert, key string) (*shownCertificate, error) {
	c := &shownCertificate{where: where, files: watch(cert, key)}
	if err := c.open(); err != nil {
		return nil, err
	}
	return c, nil
}

// open loads the files in the place of what was loaded before.
func (c *shownCertificate) open() error {
	c.files.take()
	cert, key := c.files.paths[0], c.files.paths[1]
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("%s: certificate %s with key %s: %w", c.where, cert, key, err)
	}
	c.now.Store(&pair)
	if c.tell != nil {
		c.tell(pair.Leaf)
	}
	return nil
}

// told has someone told of the certificate in force, now and whenever it is
// another.
func (c *shownCertificate) told(tell func(*x509.Certificate)) {
	c.tell = tell
	tell(c.now.Load().Leaf)
}

// ends is until when the certificate in force is good.
func (c *shownCertificate) ends() time.Time { return c.now.Load().Leaf.NotAfter }

// config offers the certificate from TLS 1.2 on, by these protocols (RFC 7301).
func (c *shownCertificate) config(protocols ...string) *tls.Config {
	return &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.now.Load(), nil },
		MinVersion:     tls.VersionTLS12, NextProtos: protocols,
	}
}

// show has a certificate renewed with the rest.
func (l *live) show(c *shownCertificate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.certificates = append(l.certificates, c)
}

// reloadCertificates takes those whose files have changed, or with force all.
func (l *live) reloadCertificates(force bool, r *reloading) {
	for _, c := range l.certificates {
		if !c.files.changed() && !force {
			continue
		}
		err := c.open()
		if r.tried("certificate", c.where, err) {
			l.log.Info("certificate taken", "setting", c.where, "file", c.files.paths[0], "ends", c.ends())
			continue
		}
		l.log.Error("certificate not taken; the one before stays in use: put a certificate and its key in place, in PEM form",
			"setting", c.where, "ends", c.ends(), "error", err)
	}
}
