package main

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/acme"
)

// acmeFolder is where what comes by ACME is kept.
func acmeFolder(cfg *configs.Config) string { return filepath.Join(cfg.DataDir, "acme") }

// newACME makes the certificates that come from an authority; nil where none
// does.
func newACME(cfg *configs.Config, log *slog.Logger) (*acme.Certificates, error) {
	if !cfg.UsesACME() {
		return nil, nil
	}
	trust, err := readRoots("acme.ca", cfg.ACME.CA)
	if err != nil {
		return nil, err
	}
	a := &cfg.ACME
	return acme.New(acme.Config{
		Folder: acmeFolder(cfg), Directory: a.Directory, Trust: trust, Email: a.Email, Hosts: a.Hosts,
		KeyID: a.EAB.KeyID, Key: string(a.EAB.Key), Challenge: a.Challenge, Listen: a.Address(), Log: log,
	})
}

// showACME tells of the end of what comes by ACME, as show does of files.
func (r *relay) showACME(at net.Addr, label string) {
	where := at.String()
	r.acme.Told(func(leaf *x509.Certificate) {
		r.figures.certificates.Shown(label, leaf)
		var ends time.Time
		if leaf != nil {
			ends = leaf.NotAfter
		}
		r.told.certificate(where, ends)
	})
}

// keepCertificates asks for certificates and renews them until it is stopped.
func (r *relay) keepCertificates(ctx context.Context) (stop func()) {
	if r.acme == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.acme.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}
