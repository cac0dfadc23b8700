package configs

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Admin is where the console is.
type Admin struct {
	Address string `yaml:"address"`
	// Hosts are names by which people reach the console, such as that of a
	// reverse proxy before it, beside addresses, localhost and the name in
	// notify.link. It answers to no other (DNS rebinding).
	Hosts []string `yaml:"hosts"`
	// Cert and Key, PEM files, have it speak HTTPS; so does [ByACME] as Cert.
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
	// Session is how long people stay logged in.
	Session Session `yaml:"session"`
	// Roles gives people roles who come by OIDC or Proxy. Local accounts have
	// their own.
	Roles Roles `yaml:"roles"`
	OIDC  OIDC  `yaml:"oidc"`
	Proxy Proxy `yaml:"proxy"`
}

// Session is how long people stay logged in: without use, and at most.
type Session struct {
	Idle    time.Duration `yaml:"idle"`
	Longest time.Duration `yaml:"longest"`
}

// Roles gives roles to groups, and to people without one that is named.
type Roles struct {
	Groups  map[string]string `yaml:"groups"`
	Default string            `yaml:"default"` // "": they may nothing
}

// OIDC is an OpenID Connect provider at which people log in; without an issuer
// there is none.
type OIDC struct {
	Issuer       string   `yaml:"issuer"`
	ClientID     string   `yaml:"client_id"`
	ClientSecret Secret   `yaml:"client_secret"`
	URL          string   `yaml:"url"` // of the console, as browsers see it
	Scopes       []string `yaml:"scopes"`
	NameClaim    string   `yaml:"name_claim"`
	GroupsClaim  string   `yaml:"groups_claim"`
}

// Proxy is a reverse proxy that logs people in; without a user header there is
// none.
type Proxy struct {
	Networks []netip.Prefix `yaml:"networks"`
	User     string         `yaml:"user_header"`
	Groups   string         `yaml:"groups_header"`
}

func defaultAdmin() Admin {
	return Admin{Address: "127.0.0.1:8025", Session: Session{Idle: time.Hour, Longest: 12 * time.Hour},
		OIDC: OIDC{Scopes: []string{"email", "profile", "groups"}, NameClaim: "email", GroupsClaim: "groups"}}
}

// roleNames are the roles of the console, as proxy/console/access has them.
func roleNames() []string { return []string{"viewer", "reviewer", "approver", "admin"} }

// ConsoleHosts are the names by which people reach the console: admin.hosts,
// and the one in notify.link.
func (c *Config) ConsoleHosts() []string {
	link, err := url.Parse(c.Notify.Link)
	if err != nil || link.Hostname() == "" {
		return c.Admin.Hosts
	}
	return append(slices.Clone(c.Admin.Hosts), link.Hostname())
}

func (c *Config) checkAdmin(wrong report) {
	checkAddress("admin.address", c.Admin.Address, wrong)
	for i, host := range c.Admin.Hosts {
		if !isHostName(host) {
			wrong(fmt.Sprintf("admin.hosts[%d]", i), "%q is not a name: want one such as bulkhead.example, without a port; addresses and localhost need none", host)
		}
	}
	checkPair("admin.cert", c.Admin.Cert, c.Admin.Key, wrong)
	if s := c.Admin.Session; s.Idle < time.Minute || s.Longest < s.Idle {
		wrong("admin.session", "want idle of a minute or more, and longest of no less than it")
	}
	c.checkRoles(wrong)
	c.checkOIDC(wrong)
	if p := c.Admin.Proxy; p.User != "" && len(p.Networks) == 0 {
		wrong("admin.proxy.networks", "empty: want the proxy's own address, such as [127.0.0.1/32], since who else sends admin.proxy.user_header is let in")
	} else if p.User == "" && p.Groups != "" {
		wrong("admin.proxy.user_header", "empty: want the header with the user's name, such as X-Forwarded-User")
	}
}

func (c *Config) checkRoles(wrong report) {
	for group, role := range c.Admin.Roles.Groups {
		oneOf("admin.roles.groups."+group, role, wrong, roleNames()...)
	}
	if c.Admin.Roles.Default != "" {
		oneOf("admin.roles.default", c.Admin.Roles.Default, wrong, roleNames()...)
	}
	outside := c.Admin.OIDC.Issuer != "" || c.Admin.Proxy.User != ""
	if outside && len(c.Admin.Roles.Groups) == 0 && c.Admin.Roles.Default == "" {
		wrong("admin.roles", "empty: nobody who comes by admin.oidc or admin.proxy has a role; want groups: {NAME: reviewer}, or default: viewer")
	}
}

func (c *Config) checkOIDC(wrong report) {
	o := c.Admin.OIDC
	if o.Issuer == "" {
		return
	}
	if u, err := url.Parse(o.Issuer); err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
		wrong("admin.oidc.issuer", "want the provider's https:// address")
	}
	if u, err := url.Parse(o.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		wrong("admin.oidc.url", "want the console's address as browsers see it, such as https://bulkhead.example")
	}
	if o.ClientID == "" {
		wrong("admin.oidc.client_id", "empty: want what the provider calls this console")
	}
	if o.NameClaim == "" {
		wrong("admin.oidc.name_claim", "empty: want the claim that names people, such as email")
	}
}

// isLoopback reports whether a host is this machine, by name or address.
func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// isHostName reports whether a browser can send a name in Host: letters, digits
// and inner hyphens in labels of up to 63 (RFC 1123, section 2.1), and no
// address.
func isHostName(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			return false
		}
	}
	return true
}
