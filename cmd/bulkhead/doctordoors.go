package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

// secrets looks at who can read the configuration.
func (e *examination) secrets(context.Context) {
	if e.file == "" {
		return
	}
	has := e.cfg.Upstream.Password != "" || e.cfg.ACME.EAB.Key != "" || len(e.cfg.Tracing.Headers) > 0 || e.cfg.Events.HashKey != "" || e.cfg.Events.Webhook.Secret != "" || len(e.cfg.Notify.Webhooks) > 0
	if info, err := os.Stat(e.file); err == nil && has && info.Mode().Perm()&0o004 != 0 {
		e.note("configuration", levelWarn, "chmod o-r "+e.file+", or keep secrets in files of their own (${file:…})",
			"everybody on this machine can read the secrets in %s", e.file)
	}
}

// isLocal reports whether an address is one that only this machine reaches.
func isLocal(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// doors looks at who may relay. A relay that takes mail from strangers is found
// within hours, and its upstream's address is on block lists after.
func (e *examination) doors(context.Context) {
	for i, l := range e.cfg.Listeners {
		check := fmt.Sprintf("listeners[%d]", i)
		wide := e.trusted(check+".proxy_protocol", "come in as any client", l.ProxyProtocol.From)
		wide = e.trusted(check+".xclient", "say that it is any client, and has logged in", l.XClient.From) || wide
		wide = e.trusted(check+".xforward", "say that its mail is another's", l.XForward.From) || wide
		for _, network := range l.Allow {
			if isWide(network) {
				wide = true
				e.note(check, levelFail, "name the networks of your own clients; let others log in",
					"an open relay: everybody in %s may send through %s without a login", network, l.Address)
			}
		}
		if a, b, overlap := overlapping(l.Allow, l.ProxyProtocol.From); overlap {
			e.note(check+".proxy_protocol", levelWarn, "leave the proxies out of allow",
				"%s in allow holds %s: what comes without a client's address, such as health checks, may send", a, b)
		}
		switch {
		case wide:
		case l.InsecureAuth && l.TLS.Cert == "" && !isLocal(l.Address):
			e.note(check, levelWarn, "give it a certificate (tls), and set insecure_auth: false", "passwords cross the network in the clear to %s", l.Address)
		case len(l.Allow) == 0:
			e.note(check, levelOK, "", "%s takes mail after a login only", l.Address)
		default:
			e.note(check, levelOK, "", "%s takes mail from %d networks, and after a login", l.Address, len(l.Allow))
		}
	}
}

// milter looks at who may ask as a mail server: they could have anything held in
// anybody's name, and find out what is not.
func (e *examination) milter(context.Context) {
	m, check := &e.cfg.Milter, "milter"
	if !m.On() {
		return
	}
	network, address := m.Network()
	switch {
	case network == "unix":
		e.note(check, levelOK, "", "mail servers ask by %s", m.Listen)
	case e.trusted(check, "ask as a mail server", m.Allow):
	case !isLocal(address):
		e.note(check, levelWarn, "use a Unix socket or 127.0.0.1, or a network that nobody else reads",
			"messages come in the clear to %s: the milter protocol has no encryption", address)
	default:
		e.note(check, levelOK, "", "mail servers ask at %s", address)
	}
}

// trusted looks at whose word on the client counts, and reports whether it is
// everybody's.
func (e *examination) trusted(check, may string, from []netip.Prefix) (wide bool) {
	for _, network := range from {
		if isWide(network) {
			wide = true
			e.note(check, levelFail, "name the addresses of your own servers and proxies", "everybody in %s may %s", network, may)
		}
	}
	return wide
}

// overlapping returns two networks of two lists that have an address in common.
func overlapping(one, other []netip.Prefix) (a, b netip.Prefix, found bool) {
	for _, a := range one {
		for _, b := range other {
			if a.Overlaps(b) {
				return a, b, true
			}
		}
	}
	return a, b, false
}

// isWide reports whether a network holds more of the public internet than
// anybody's own would: beyond a /16, or a /32 of IPv6.
func isWide(n netip.Prefix) bool {
	for _, within := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10"} {
		if p := netip.MustParsePrefix(within); p.Contains(n.Addr()) && n.Bits() >= p.Bits() {
			return false // RFC 1918, 1122, 3927, 6598, 4193, 4291
		}
	}
	if n.Addr().Is6() {
		return n.Bits() < 32
	}
	return n.Bits() < 16
}

// soon is how long before its end a certificate should be renewed.
const soon = 14 * 24 * time.Hour

// certificates looks at what clients are shown.
func (e *examination) certificates(context.Context) {
	for i, l := range e.cfg.Listeners {
		if l.TLS.Cert != "" && l.TLS.Cert != configs.ByACME {
			e.certificate(fmt.Sprintf("listeners[%d].tls", i), l.TLS.Cert, l.TLS.Key, hostname(e.cfg))
		}
	}
	if a := &e.cfg.Admin; a.Cert != "" && a.Cert != configs.ByACME {
		e.certificate("admin.cert", a.Cert, a.Key, e.cfg.ConsoleHosts()...)
	}
}

// certificate looks at one, which is to be for all of these names.
func (e *examination) certificate(check, cert, key string, names ...string) {
	shown, err := openCertificate(check, cert, key)
	if err != nil {
		e.note(check, levelFail, "give it a certificate and its key, in PEM form", "%v", err)
		return
	}
	if info, err := os.Stat(key); err == nil && info.Mode().Perm()&0o004 != 0 {
		e.note(check, levelWarn, "chmod o-r "+key, "everybody on this machine can read the private key")
	}
	e.leaf(check, shown.now.Load().Leaf, names...)
}

// leaf looks at a certificate, which is to be for all of these names.
func (e *examination) leaf(check string, leaf *x509.Certificate, names ...string) {
	left := leaf.NotAfter.Sub(e.now)
	missing := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return leaf.VerifyHostname(name) == nil })
	switch {
	case left <= 0 || e.now.Before(leaf.NotBefore):
		e.note(check, levelFail, "renew it: a running relay takes the new files", "the certificate is good from %s to %s", leaf.NotBefore.Format(time.DateOnly), leaf.NotAfter.Format(time.DateOnly))
	case left < soon:
		e.note(check, levelWarn, "renew it: a running relay takes the new files", "the certificate ends in %d days", left/(24*time.Hour))
	case len(missing) > 0:
		e.note(check, levelWarn, "have its names hold the one that clients connect to, and set hostname, or for the console admin.hosts, to it",
			"the certificate is not for %s: clients that verify it go away", strings.Join(missing, ", "))
	default:
		e.note(check, levelOK, "", "the certificate is good until %s", leaf.NotAfter.Format(time.DateOnly))
	}
}

// upstream looks at where mail goes on to.
func (e *examination) upstream(ctx context.Context) {
	const check = "upstream"
	server, err := newUpstream(e.cfg)
	if err != nil {
		e.note(check, levelFail, "set upstream.url", "%v", err)
		return
	}
	defer server.Close() //nolint:errcheck // a probe's connection at most
	u, err := url.Parse(e.cfg.Upstream.URL)
	if err == nil && e.isOwn(u.Host) {
		e.note(check, levelFail, "name the server behind the relay", "upstream.url is an address of this relay's own: mail would go round")
		return
	}
	if err := server.Probe(ctx); err != nil {
		e.note(check, levelFail, "look at that server, at names and firewalls between, and at upstream.ca for its certificate", "%s: %v", server, err)
		return
	}
	if err == nil && u.Scheme == "smtp" && !isLocal(withPort(u.Host)) {
		e.note(check, levelWarn, "use smtp+starttls:// or smtps:// where the server has a certificate", "%s answers; mail to it need not be encrypted on its way", server)
		return
	}
	e.note(check, levelOK, "", "%s answers", server)
}

func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(host, "25")
}

// isOwn reports whether an address is that of a listener.
func (e *examination) isOwn(address string) bool {
	for _, l := range e.cfg.Listeners {
		if l.Address == address {
			return true
		}
	}
	return false
}

// name looks at the name in greetings.
func (e *examination) name(ctx context.Context) {
	host := hostname(e.cfg)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if _, err := net.DefaultResolver.LookupHost(ctx, host); err != nil {
		e.note("hostname", levelNote, "set hostname to a name that the DNS knows", "%s is not found in the DNS; some servers refuse such a name in EHLO", host)
		return
	}
	e.note("hostname", levelOK, "", "%s is found", host)
}
