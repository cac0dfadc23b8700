package configs

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
)

// ByACME in the place of a certificate's file has it come from an authority:
// see [ACME].
const ByACME = "acme"

// ACME is an authority from which certificates come (RFC 8555). It is asked for
// nothing unless a listener or the console has [ByACME] as its certificate.
type ACME struct {
	// Hosts are the names that certificates are for, one for each.
	Hosts []string `yaml:"hosts"`
	// Directory is the authority's directory, and CA a PEM file of roots that
	// are trusted for it, "" for the system's.
	Directory string `yaml:"directory"`
	CA        string `yaml:"ca"`
	// AcceptTerms says that its terms of service are accepted.
	AcceptTerms bool `yaml:"accept_terms"`
	// Email is where it writes to.
	Email string `yaml:"email"`
	// EAB binds the account to one that there is at the authority.
	EAB EAB `yaml:"eab"`
	// Challenge is by which it sees that a name is ours, and Listen where it
	// is waited for; "" for the port that it comes to.
	Challenge string `yaml:"challenge"`
	Listen    string `yaml:"listen"`
}

// EAB is an external account (RFC 8555 section 7.3.4).
type EAB struct {
	KeyID string `yaml:"key_id"`
	Key   Secret `yaml:"key"` // base64url
}

func defaultACME() ACME {
	return ACME{Directory: "https://acme-v02.api.letsencrypt.org/directory", Challenge: "http-01"}
}

// Address is where the authority is waited for.
func (a *ACME) Address() string {
	switch {
	case a.Listen != "":
		return a.Listen
	case a.Challenge == "tls-alpn-01":
		return ":443"
	}
	return ":80"
}

// UsesACME reports whether any certificate comes from an authority.
func (c *Config) UsesACME() bool {
	return c.Admin.Cert == ByACME || slices.ContainsFunc(c.Listeners, func(l Listener) bool { return l.TLS.Cert == ByACME })
}

func (c *Config) checkACME(wrong report) {
	a := &c.ACME
	oneOf("acme.challenge", a.Challenge, wrong, "http-01", "tls-alpn-01")
	checkAddress("acme.listen", a.Address(), wrong)
	if a.CA != "" {
		if _, err := os.Stat(a.CA); err != nil {
			wrong("acme.ca", "%v", err)
		}
	}
	if (a.EAB.KeyID == "") != (a.EAB.Key == "") {
		wrong("acme.eab", "want both key_id and key, or neither")
	}
	if _, err := base64.RawURLEncoding.DecodeString(string(a.EAB.Key)); err != nil {
		wrong("acme.eab.key", "want what the authority gave you, in base64url")
	}
	for i, host := range a.Hosts {
		if !isHostName(host) || host != strings.ToLower(host) {
			wrong(fmt.Sprintf("acme.hosts[%d]", i), "%q: want a name in lower case such as mail.example.org, without a port or a wildcard", host)
		}
	}
	if u, err := url.Parse(a.Directory); err != nil || u.Scheme != "https" || u.Host == "" {
		wrong("acme.directory", "%q: want the authority's https:// address", a.Directory)
	}
	if !c.UsesACME() {
		return
	}
	if len(a.Hosts) == 0 {
		wrong("acme.hosts", "empty: want the names that clients connect to, such as [mail.example.org]")
	}
	if at := strings.LastIndexByte(a.Email, '@'); at <= 0 || at == len(a.Email)-1 || strings.ContainsAny(a.Email, " <>,") {
		wrong("acme.email", "%q: want an address that the authority can write to", a.Email)
	}
	if !a.AcceptTerms {
		wrong("acme.accept_terms", "false: read the terms of service of %s, and set it to true; it is asked for nothing before", a.Directory)
	}
}
