package configs_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

func TestNamesOfTheConsole(t *testing.T) {
	for name, want := range map[string]bool{
		"bulkhead.example": true, "bulkhead": true, "Review-2.office.example": true, "xn--bcher-kva.example": true,
		"": false, "*": false, "*.example": false, "https://bulkhead.example": false, "bulkhead.example:443": false, "bulkhead.example/": false,
		"bulkhead.example.": false, ".example": false, "bulk head": false, "-a.example": false, "a-.example": false, "bücher.example": false,
		"192.0.2.1": false, "::1": false, strings.Repeat("a", 64) + ".example": false, strings.Repeat("a.", 130) + "b": false,
	} {
		cfg := configs.Default()
		cfg.Upstream.URL = "maildir:m"
		cfg.Admin.Hosts = []string{"first.example", name}
		err := cfg.Check(&configs.Source{})
		if got := err == nil; got != want || !want && !strings.HasPrefix(err.Error(), "admin.hosts[1]: ") {
			t.Errorf("%q: %v, want it taken: %v", name, err, want)
		}
	}
}

// Whoever is sent a link to the console can follow it.
func TestConsoleIsReachedByTheLinkOfNotices(t *testing.T) {
	cfg := configs.Default()
	cfg.Admin.Hosts = []string{"review.example"}
	for link, want := range map[string][]string{
		"": {"review.example"}, "https://bulkhead.example:8443/dlp": {"review.example", "bulkhead.example"},
	} {
		cfg.Notify.Link = link
		if got := cfg.ConsoleHosts(); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", link, got, want)
		}
	}
}

// What would let in the wrong people, or nobody, is told before anybody tries.
func TestWaysIntoTheConsoleAreChecked(t *testing.T) {
	base := "upstream: {url: \"maildir:m\"}\nadmin:\n"
	for yaml, want := range map[string]string{
		"  session: {idle: 10m, longest: 10m}\n": "",
		"  session: {idle: 2h, longest: 1h}\n":   "admin.session",
		"  session: {idle: 0s}\n":                "admin.session",
		"  cert: a.pem\n":                        "admin.cert",
		"  proxy: {user_header: X-User, networks: [127.0.0.1/32]}\n  roles: {default: viewer}\n":                             "",
		"  proxy: {user_header: X-User}\n  roles: {default: viewer}\n":                                                       "admin.proxy.networks",
		"  proxy: {user_header: X-User, networks: [127.0.0.1/32]}\n":                                                         "admin.roles",
		"  proxy: {groups_header: X-Groups}\n":                                                                               "admin.proxy.user_header",
		"  roles: {default: root}\n":                                                                                         "admin.roles.default",
		"  roles: {groups: {a: viewer, b: root}}\n":                                                                          "admin.roles.groups.b",
		"  oidc: {issuer: \"https://id.example\", client_id: x, url: \"https://b.example\"}\n  roles: {default: viewer}\n":   "",
		"  oidc: {issuer: \"http://127.0.0.1:5556\", client_id: x, url: \"http://127.0.0.1\"}\n  roles: {default: viewer}\n": "",
		"  oidc: {issuer: \"http://id.example\", client_id: x, url: \"https://b.example\"}\n  roles: {default: viewer}\n":    "admin.oidc.issuer",
		"  oidc: {issuer: \"https://id.example\", url: \"https://b.example\"}\n  roles: {default: viewer}\n":                 "admin.oidc.client_id",
		"  oidc: {issuer: \"https://id.example\", client_id: x}\n  roles: {default: viewer}\n":                               "admin.oidc.url",
		"  oidc: {issuer: \"https://id.example\", client_id: x, url: \"https://b.example\"}\n":                               "admin.roles",
	} {
		file := filepath.Join(t.TempDir(), "bulkhead.yaml")
		if err := os.WriteFile(file, []byte(base+yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, src, err := configs.Load(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = cfg.Check(src)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", yaml, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want+": ")):
			t.Errorf("%s: %v, want a word about %s", yaml, err, want)
		}
	}
}
