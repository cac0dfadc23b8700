package configs_test

import (
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
