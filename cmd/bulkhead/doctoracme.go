package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/acme"
)

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
	e.names()
	e.port(ctx)
	e.directory(ctx)
}

// names looks whether the names that we go by have a certificate.
func (e *examination) names() {
	used := map[string][]string{}
	for i, l := range e.cfg.Listeners {
		if l.TLS.Cert == configs.ByACME {
			used[fmt.Sprintf("listeners[%d].tls", i)] = []string{hostname(e.cfg)}
		}
	}
	if e.cfg.Admin.Cert == configs.ByACME {
		used["admin.cert"] = e.cfg.ConsoleHosts()
	}
	for _, check := range slices.Sorted(maps.Keys(used)) {
		for _, name := range used[check] {
			if !slices.Contains(e.cfg.ACME.Hosts, strings.ToLower(name)) {
				e.note(check, levelWarn, "have acme.hosts hold it, or set hostname, or for the console admin.hosts, to one of its names",
					"no certificate is for %s: clients that verify it go away", name)
			}
		}
	}
}

// port looks whether the authority can be waited for.
func (e *examination) port(ctx context.Context) {
	const check = "acme.listen"
	address := e.cfg.ACME.Address()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		l.Close() //nolint:errcheck // it was only tried
		e.note(check, levelOK, "", "%s can be listened on", address)
	case errors.Is(err, syscall.EADDRINUSE) && address == e.cfg.Admin.Address:
		e.note(check, levelOK, "", "the console listens on %s", address)
	case errors.Is(err, syscall.EADDRINUSE):
		e.note(check, levelWarn, "have what listens there pass the authority on, and listen elsewhere", "%v", err)
	default:
		e.note(check, levelFail, "listen on a port from 1024 on and have the authority's lead there, or give the relay CAP_NET_BIND_SERVICE", "%v", err)
	}
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
