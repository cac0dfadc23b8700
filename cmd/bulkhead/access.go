package main

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// newAccess makes what tells who uses the console.
func newAccess(cfg *configs.Config, store *quarantine.Store, m *metrics.Metrics) *access.Door {
	a := &cfg.Admin
	roster := access.Roster{Groups: map[string]access.Role{}, Default: access.Role(a.Roles.Default)}
	for group, role := range a.Roles.Groups {
		roster.Groups[group] = access.Role(role)
	}
	door := access.Config{
		Keeper: store, Idle: a.Session.Idle, Longest: a.Session.Longest, Now: time.Now,
		Proxy: access.TrustedProxy{Networks: a.Proxy.Networks, User: a.Proxy.User, Groups: a.Proxy.Groups, Roles: roster},
		Tried: func(method access.Method, result string) { m.Logins.WithLabelValues(string(method), result).Inc() },
	}
	if a.OIDC.Issuer != "" {
		door.OIDC = access.NewOpenID(access.OpenIDConfig{
			Issuer: a.OIDC.Issuer, ClientID: a.OIDC.ClientID, ClientSecret: string(a.OIDC.ClientSecret),
			RedirectURL: strings.TrimSuffix(a.OIDC.URL, "/") + "/login/oidc/callback", Scopes: a.OIDC.Scopes,
			NameClaim: a.OIDC.NameClaim, GroupsClaim: a.OIDC.GroupsClaim, Roles: roster,
		}, time.Now)
	}
	return access.New(door)
}

// consoleURL is the address of the console on this machine.
func (r *relay) consoleURL() string {
	scheme := "http"
	if r.cfg.Admin.Cert != "" {
		scheme = "https"
	}
	address := r.admin.Addr().String()
	if tcp, is := r.admin.Addr().(*net.TCPAddr); is && tcp.IP.IsUnspecified() {
		address = net.JoinHostPort("localhost", strconv.Itoa(tcp.Port))
	}
	return scheme + "://" + address
}

// tellFirstRun logs the link that makes the first account, while there is none.
func (r *relay) tellFirstRun(ctx context.Context) {
	secret, err := r.access.FirstRun(ctx)
	switch {
	case err != nil:
		r.log.Error("looking for accounts", "error", err)
	case secret != "":
		r.log.Warn("nobody can log in to the console yet: open this link once to make the first account", "link", r.consoleURL()+"/first/"+secret)
	}
}

// publicConsole warns of passwords that go over a line as they are.
func publicConsole(address net.Addr, a *configs.Admin) []string {
	if tcp, is := address.(*net.TCPAddr); is && tcp.IP.IsLoopback() || a.Cert != "" {
		return nil
	}
	return []string{"the console on " + address.String() + " speaks plain HTTP, so passwords can be read on the way: " +
		"set admin.cert and admin.key, or cert: acme, let only a proxy with HTTPS reach it, or set admin.address to 127.0.0.1:8025"}
}
