package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
)

// someSettings are what a program may run with.
func someSettings(context.Context) console.Settings {
	return console.Settings{
		Version: "1.2.3", Revision: "abcdef", RuleSet: "1", Policies: "02d4f6587039", Started: time.Now().Add(-time.Hour), DataDir: "/var/lib/bulkhead",
		Values: []console.Setting{
			{Name: "hostname", Value: "relay.office.example", Origin: "bulkhead.yaml:1", Changed: true}, {Name: "own_domains", Origin: "default"},
			{Name: "smtp.max_size", Value: "50 MiB", Origin: "default"}, {Name: "smtp.max_hops", Value: "9", Origin: "BULKHEAD_SMTP_MAX_HOPS", Changed: true},
			{Name: "upstream.password", Value: "(hidden)", Origin: "bulkhead.yaml:7", Changed: true},
			{Name: "notify.mail.events", Value: "- expired\n- released", Origin: "command line", Changed: true},
		},
		Indexes:      []console.Index{{Name: "customers", Records: 20_000, Built: time.Now().Add(-90 * 24 * time.Hour)}, {Name: "staff", Records: 1, Built: time.Now()}},
		Certificates: []console.Certificate{{Where: "127.0.0.1:2525", Ends: time.Now().Add(24 * time.Hour)}, {Where: "127.0.0.1:465", Ends: time.Now().Add(90 * 24 * time.Hour)}, {Where: "127.0.0.1:587"}},
	}
}

func TestSettingsAreShownWithTheirOrigin(t *testing.T) {
	store, _, _ := newStore(t)
	server, _ := newConsole(t, store)
	_, body := page(t, server.URL+"/settings", "")
	for _, want := range []string{"relay.office.example", "bulkhead.yaml:1", "BULKHEAD_SMTP_MAX_HOPS", "(hidden)", "command line", "20,000 records", "1 record,", "/var/lib/bulkhead",
		"02d4f6587039", `id="g-smtp"`, "127.0.0.1:465"} {
		if !strings.Contains(body, want) {
			t.Errorf("the settings lack %q:\n%s", want, body)
		}
	}
	if n := strings.Count(body, "none yet"); n != 1 {
		t.Errorf("%d certificates are told to be still to come, want 1:\n%s", n, body)
	}
	// Of two certificates one ends soon, of two indexes one is old.
	if soon, old := strings.Count(body, "ends soon"), strings.Count(body, ">old<"); soon != 1 || old != 1 {
		t.Errorf("%d certificates end soon, %d indexes are old:\n%s", soon, old, body)
	}
	if strings.Contains(body, "<form") && strings.Contains(body, "</form></section>") {
		t.Error("the settings can be changed")
	}
	server, _ = newConsoleOf(t, console.Config{Store: store})
	if resp, body := page(t, server.URL+"/settings", ""); resp.StatusCode != http.StatusNotFound || !strings.Contains(body, "not told of the settings") {
		t.Errorf("without settings: %s\n%s", resp.Status, body)
	}
}
