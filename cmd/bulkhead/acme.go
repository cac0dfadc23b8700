package main

import (
	"context"
	"crypto/x509"
	"fmt"
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

// acme looks at what comes from an authority.
func (e *examination) acme(ctx context.Context) {
	if !e.cfg.UsesACME() {
		return
	}
	a := &e.cfg.ACME
	for i, host := range a.Hosts {
		check := fmt.Sprintf("acme.hosts[%d]", i)
		leaf, err := acme.Kept(acmeFolder(e.cfg), a.Directory, host)
		switch {
		case err != nil:
			e.note(check, levelFail, "run doctor as the user that the relay runs as; if it is broken, move its folder away, and another is asked for", "the certificate of %s: %v", host, err)
		case leaf == nil:
			e.note(check, levelWarn, "start the relay; if it runs, its log says what the authority said",
				"there is no certificate of %s yet", host)
		default:
			e.leaf(check, leaf, host)
		}
		if _, err := net.DefaultResolver.LookupHost(ctx, host); err != nil {
			e.note(check, levelWarn, "have its address lead to this machine, since the authority comes there", "%s is not found in the DNS", host)
		}
	}
	e.directory(ctx)
}

// directory looks whether the authority answers.
func (e *examination) directory(ctx context.Context) {
	const check = "acme.directory"
	a := &e.cfg.ACME
	trust, err := readRoots("acme.ca", a.CA)
	if err != nil {
		e.note(check, levelFail, "put the authority's root in place, in PEM form", "%v", err)
		return
	}
	terms, err := acme.Terms(ctx, a.Directory, trust)
	switch {
	case err != nil:
		e.note(check, levelWarn, "look at names and firewalls between, at acme.directory, and at acme.ca for its certificate", "%v", err)
	case terms == "":
		e.note(check, levelOK, "", "%s answers", a.Directory)
	default:
		e.note(check, levelOK, "", "%s answers; its terms of service: %s", a.Directory, terms)
	}
}
