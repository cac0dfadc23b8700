package console_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

// A relay has the public key only: the pages still tell what is held.
func TestPagesWithoutThePrivateKeyNameNobody(t *testing.T) {
	key, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	store, err := quarantine.Open(t.Context(), t.TempDir(), quarantine.Options{Recipient: key.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() }) // read only by now
	m := holdMessage(t, store, quarantine.Message{From: "list@isp.example", Recipients: []quarantine.Recipient{{Address: "dora@client.example"}},
		Policy: "contact-list", Subjects: 30, Records: 30, Completeness: "complete", Client: "192.0.2.7", Reasons: []string{"30 people in dora.csv"},
	}, "dora.csv", "full_name", "A****** B****")
	server, _ := newConsole(t, store)
	for path, want := range map[string][]string{
		"/": {m.Incident, "(sealed)", "contact-list"}, "/incidents": {m.Incident, "(sealed)"}, "/senders": {"(sealed)"},
		"/incidents/" + m.Incident: {"30 people", "(sealed)", "--identity FILE"}, "/messages/" + m.ID: {"30 people", "(sealed)", "--identity FILE", "contact-list"},
	} {
		resp, body := page(t, server.URL+path, "")
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, resp.Status)
		}
		for _, word := range want {
			if !strings.Contains(body, word) {
				t.Errorf("%s lacks %q:\n%s", path, word, body)
			}
		}
		for _, word := range []string{"isp.example", "dora", "192.0.2.7", "A******", "(bounce)"} {
			if strings.Contains(body, word) {
				t.Errorf("%s shows %q", path, word)
			}
		}
	}
}
