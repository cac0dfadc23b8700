package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

// A certificate that is to come by ACME needs to be told for whom and from whom,
// and that the terms are accepted; without one nothing of it is asked.
func TestACMEIsChecked(t *testing.T) {
	good := func(c *configs.Config) {
		c.Listeners[0].TLS = configs.TLS{Cert: configs.ByACME, Implicit: true}
		c.ACME.Hosts, c.ACME.Email, c.ACME.AcceptTerms = []string{"mail.example.org"}, "post@example.org", true
	}
	for _, c := range []struct {
		name   string
		change func(*configs.Config)
		want   string // begins the one error; "" for none
	}{
		{"a listener's", func(*configs.Config) {}, ""},
		{"not used", func(c *configs.Config) { *c = configs.Default(); c.Upstream.URL = "maildir:m" }, ""},
		{"the console's", func(c *configs.Config) { c.Admin.Cert, c.ACME.AcceptTerms = configs.ByACME, true }, ""},
		{"terms", func(c *configs.Config) { c.ACME.AcceptTerms = false }, "acme.accept_terms: false: read the terms of service of https://"},
		{"no host", func(c *configs.Config) { c.ACME.Hosts = nil }, "acme.hosts: empty"},
		{"no email", func(c *configs.Config) { c.ACME.Email = "" }, `acme.email: "": want an address`},
		{"wildcard", func(c *configs.Config) { c.ACME.Hosts = []string{"*.example.org"} }, `acme.hosts[0]: "*.example.org": want a name`},
		{"address", func(c *configs.Config) { c.ACME.Hosts = []string{"192.0.2.1"} }, `acme.hosts[0]: "192.0.2.1": want a name`},
		{"plain HTTP", func(c *configs.Config) { c.ACME.Directory = "http://ca.example/dir" }, `acme.directory: "http://ca.example/dir": want the authority's https`},
		{"challenge", func(c *configs.Config) { c.ACME.Challenge = "dns-01" }, `acme.challenge: "dns-01": want http-01 or tls-alpn-01`},
		{"listen", func(c *configs.Config) { c.ACME.Listen = "80" }, `acme.listen: "80": want HOST:PORT`},
		{"roots", func(c *configs.Config) { c.ACME.CA = "no/such.pem" }, "acme.ca: stat no/such.pem"},
		{"half an account", func(c *configs.Config) { c.ACME.EAB.KeyID = "k" }, "acme.eab: want both"},
		{"its key", func(c *configs.Config) { c.ACME.EAB = configs.EAB{KeyID: "k", Key: "se cret"} }, "acme.eab.key: want what the authority gave you"},
		{"a key beside", func(c *configs.Config) { c.Listeners[0].TLS.Key = "key.pem" }, "listeners[0].tls: want no key with cert: acme"},
		{"a key beside the console's", func(c *configs.Config) { c.Admin.Cert, c.Admin.Key = configs.ByACME, "key.pem" }, "admin.cert: want no key with cert: acme"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, src, err := configs.Load("", []string{"BULKHEAD_UPSTREAM_URL=maildir:m"})
			if err != nil {
				t.Fatal(err)
			}
			good(&cfg)
			c.change(&cfg)
			err = cfg.Check(src)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "se cret")):
				t.Errorf("%v\nwant one error that begins with %q", err, c.want)
			}
		})
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "```yaml\nlisteners:\n  - {address: \":587\", tls: {cert: acme}}")
	example, _, _ = strings.Cut("listeners:\n  - {address: \":587\", tls: {cert: acme}}"+example, "```")
	file := filepath.Join(t.TempDir(), "bulkhead.yaml")
	if err := os.WriteFile(file, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, src, err := configs.Load(file, []string{"BULKHEAD_UPSTREAM_URL=maildir:m"})
	if err != nil || len(cfg.Listeners) != 2 || len(cfg.ACME.Hosts) != 1 || cfg.Check(src) != nil {
		t.Errorf("the README's example: %v %v\n%s", err, cfg.Check(src), example)
	}
	for _, c := range []struct{ challenge, listen, want string }{
		{"http-01", "", ":80"}, {"tls-alpn-01", "", ":443"}, {"tls-alpn-01", "127.0.0.1:8443", "127.0.0.1:8443"},
	} {
		if got := (&configs.ACME{Challenge: c.challenge, Listen: c.listen}).Address(); got != c.want {
			t.Errorf("%s on %q is waited for on %s, want %s", c.challenge, c.listen, got, c.want)
		}
	}
}
