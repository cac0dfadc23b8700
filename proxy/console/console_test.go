package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// hostile is what an attacker puts wherever a message has a word of its own.
const hostile = `"><script>document.title='owned'</script><img src=x onerror="document.title='owned'">'{{.}}`

// newStore opens a quarantine with two messages: one ordinary, one in which
// every word that comes from outside is hostile.
func newStore(t testing.TB) (store *quarantine.Store, ordinary, evil string) {
	t.Helper()
	ctx := context.Background()
	store, err := quarantine.Open(ctx, t.TempDir(), quarantine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() }) // read only by now
	ordinary = holdMessage(t, store, quarantine.Message{
		From: "list@isp.example", Recipients: []quarantine.Recipient{{Address: "dora@client.example"}},
		Policy: "bulk-customer-records", PolicyVersion: "1", Subjects: 20_000, Records: 20_000,
		Fields: []string{"contact.email", "person.name"}, Reasons: []string{"20,000 people who are not its readers"},
		Completeness: "complete", Action: "hold", Client: "192.0.2.7",
	}, "customers.csv", "full_name", "A****** B****")
	evil = holdMessage(t, store, quarantine.Message{
		From: `"` + strings.ReplaceAll(hostile, `"`, `\"`) + `"@isp.example`, Recipients: []quarantine.Recipient{{Address: hostile + "@client.example"}},
		Policy: "contact-list", PolicyVersion: "1", Subjects: 30, Records: 30,
		Fields: []string{hostile}, Reasons: []string{hostile}, Completeness: "partial", Action: "hold",
		Client: hostile, Auth: hostile,
	}, "2/"+hostile+".csv", hostile, hostile)
	return store, ordinary, evil
}

func holdMessage(t testing.TB, store *quarantine.Store, m quarantine.Message, path, header, cell string) string {
	t.Helper()
	evidence, err := json.Marshal([]rules.Finding{{
		Path: path, Kind: "table", Records: int64(m.Records), Rows: int64(m.Records),
		Columns: []rules.Column{{Header: header, Type: "person.name", Confidence: 0.97, Clues: []string{header}}, {Header: "visp"}},
		Sample:  [][]string{{cell, "n****"}, {cell, "v****"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	m.Evidence = evidence
	held, err := store.Hold(context.Background(), m, strings.NewReader("Subject: x\r\n\r\nAlice Abbott\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return held.ID
}

func newConsole(t testing.TB, store console.Store) (*httptest.Server, *metrics.Metrics) {
	t.Helper()
	m := metrics.New(prometheus.NewRegistry(), metrics.Names{})
	h, err := console.New(console.Config{Store: store, Metrics: m, Log: slog.New(slog.DiscardHandler), Version: "1.2.3", Hosts: []string{"review.office.example"}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server, m
}

// page reads a page as a browser that came by the name host.
func page(t testing.TB, url, host string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		req.Host = host
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() // read to its end
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// A foreign web page that has its own name resolve to this machine could else
// read the console through the reviewer's browser.
func TestForeignHostNamesAreRefused(t *testing.T) {
	store, id, _ := newStore(t)
	server, _ := newConsole(t, store)
	for host, ok := range map[string]bool{
		"": true, "localhost": true, "localhost:8025": true, "127.0.0.1:8025": true, "[::1]:8025": true, "192.0.2.1": true,
		"review.office.example": true, "REVIEW.office.example:8025": true,
		"evil.example": false, "evil.example:8025": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"review.office.example.evil.example": false, "evil.example@localhost": false,
	} {
		for _, path := range []string{"/", "/incidents", "/messages/" + id, "/assets/console.css"} {
			resp, body := page(t, server.URL+path, host)
			if got := resp.StatusCode == http.StatusOK; got != ok {
				t.Errorf("host %q, %s: %s, want it served: %v", host, path, resp.Status, ok)
			}
			if !ok && strings.Contains(body, "isp.example") {
				t.Errorf("host %q, %s: the refusal shows the page", host, path)
			}
		}
	}
}

func TestEveryAnswerHasStrictHeaders(t *testing.T) {
	store, id, _ := newStore(t)
	server, _ := newConsole(t, store)
	incident := incidentOf(t, store, id)
	for path, code := range map[string]int{
		"/": 200, "/incidents": 200, "/incidents/" + incident: 200, "/messages/" + id: 200, "/senders": 200, "/audit": 200, "/help": 200,
		"/assets/console.css": 200, "/assets/icon.svg": 200, "/assets/../console.go": 0, "/assets/nothing": 404,
		"/messages/BH-0000-0000": 404, "/messages/nonsense": 0, "/incidents/IN-0000-0000": 404,
		"/incidents?after=nonsense": 400, "/incidents?sort=nonsense": 400, "/incidents?q=nonsense:1": 400, "/incidents?q=((": 400,
		"/senders?after=nonsense": 400, "/audit?before=x&act=nonsense": 0, "/nothing": 404, "/messages/": 404,
	} {
		resp, body := page(t, server.URL+path, "")
		if code != 0 && resp.StatusCode != code || resp.StatusCode >= 500 {
			t.Errorf("%s: %s, want %d\n%s", path, resp.Status, code, body)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if got := resp.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s may be cached: %q", path, got)
		}
	}
}

// The style and the icon may be kept for good by the names that pages use.
func TestAssetsAreKeptByTheirHash(t *testing.T) {
	store, _, _ := newStore(t)
	server, _ := newConsole(t, store)
	_, body := page(t, server.URL+"/", "")
	_, rest, _ := strings.Cut(body, `rel="stylesheet" href="`)
	path, _, _ := strings.Cut(rest, `"`)
	resp, style := page(t, server.URL+path, "")
	if resp.StatusCode != http.StatusOK || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") || !strings.Contains(style, "--ink") {
		t.Errorf("%s: %s, %q", path, resp.Status, resp.Header.Get("Cache-Control"))
	}
}

// Nothing that a message brings along becomes markup.
func TestWordsOfMessagesAreShownAsText(t *testing.T) {
	store, _, evil := newStore(t)
	server, _ := newConsole(t, store)
	for _, path := range []string{"/", "/incidents", "/incidents/" + incidentOf(t, store, evil), "/messages/" + evil, "/senders",
		"/incidents?q=" + `%22%3E%3Cscript%3Edocument.title%3D1%3C/script%3E`, "/audit?by=%22%3E%3Cscript%3E"} {
		_, body := page(t, server.URL+path, "")
		if strings.Contains(body, "<script") || strings.Contains(body, "<img") {
			t.Errorf("%s: markup from outside is in the page:\n%s", path, body)
		}
		if !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s: the words are not shown:\n%s", path, body)
		}
	}
}

func TestIncidentsAreSearchedAndPaged(t *testing.T) {
	store, ordinary, evil := newStore(t)
	server, m := newConsole(t, store)
	a, b := incidentOf(t, store, ordinary), incidentOf(t, store, evil)
	for query, want := range map[string][2]bool{
		"": {true, true}, "state:open": {true, true}, "state:decided": {false, false}, "policy:contact-list": {false, true},
		"people:>30": {true, false}, "people:>20000": {false, false}, "from:list@isp.example": {true, false},
		"-completeness:complete": {false, true}, "policy:contact-list people:>=30 state:open": {false, true}, a: {true, false},
	} {
		_, body := page(t, server.URL+"/incidents?q="+url.QueryEscape(query), "")
		if got := [2]bool{strings.Contains(body, "/incidents/"+a), strings.Contains(body, "/incidents/"+b)}; got != want {
			t.Errorf("%q shows %v, want %v", query, got, want)
		}
		if want == [2]bool{} && !strings.Contains(body, "Nothing fits") {
			t.Errorf("%q does not say that nothing fits", query)
		}
	}
	if got := testutil.ToFloat64(m.HTTPRequests.WithLabelValues("GET /incidents", "2xx")); got != 10 {
		t.Errorf("%v requests for the list are counted, want 10", got)
	}

	for range 60 {
		holdMessage(t, store, quarantine.Message{From: "more@isp.example", Recipients: []quarantine.Recipient{{Address: "x@client.example"}},
			Policy: "many", Subjects: 10, Completeness: "complete", Action: "hold"}, "1", "name", "A***")
	}
	first := "/incidents?q=policy:many"
	_, body := page(t, server.URL+first, "")
	seen := strings.Count(body, `<th scope="row">`)
	next, found := linked(body, "next")
	if !found {
		t.Fatalf("60 incidents have no second page")
	}
	_, body = page(t, server.URL+next, "")
	if seen += strings.Count(body, `<th scope="row">`); seen != 60 {
		t.Errorf("two pages show %d incidents, want 60", seen)
	}
	if _, found := linked(body, "next"); found {
		t.Error("the last page has a next one")
	}
	previous, found := linked(body, "prev")
	if _, body = page(t, server.URL+previous, ""); !found || strings.Count(body, `<th scope="row">`) != 50 {
		t.Errorf("the page before the last has %d incidents, want 50", strings.Count(body, `<th scope="row">`))
	}
}

// linked finds the address of a link by what it leads to.
func linked(body, rel string) (path string, found bool) {
	_, rest, found := strings.Cut(body, `rel="`+rel+`" href="`)
	path, _, _ = strings.Cut(rest, `"`)
	return strings.ReplaceAll(path, "&amp;", "&"), found
}

func incidentOf(t testing.TB, store *quarantine.Store, id string) string {
	t.Helper()
	m, err := store.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return m.Incident
}

// The page of an incident says what has happened, what has left, and what to do.
func TestAnIncidentIsToldAsAWhole(t *testing.T) {
	store, ordinary, _ := newStore(t)
	server, _ := newConsole(t, store)
	id := incidentOf(t, store, ordinary)
	_, body := page(t, server.URL+"/incidents/"+id, "")
	for _, want := range []string{"1 message was held that carries records of about 20,000 people", "None has left", "bulk-customer-records", "customers.csv",
		"A****** B****", "person.name 97 %", "list@isp.example", "dora@client.example", "bulkhead incidents release " + id, ordinary, "held"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "Alice Abbott") {
		t.Error("the page shows content")
	}
}

// failing is a store that cannot be read.
type failing struct{}

var errLocked = errors.New("database is locked: list@isp.example")

func (failing) IncidentPage(context.Context, quarantine.IncidentQuery) (quarantine.IncidentPage, error) {
	return quarantine.IncidentPage{}, errLocked
}

func (failing) Incident(context.Context, string) (quarantine.Incident, error) {
	return quarantine.Incident{}, errLocked
}

func (failing) List(context.Context, quarantine.Query) ([]quarantine.Message, quarantine.Cursor, error) {
	return nil, "", errLocked
}

func (failing) Get(context.Context, string) (quarantine.Message, error) {
	return quarantine.Message{Received: time.Now()}, errLocked
}

func (failing) AuditLog(context.Context, quarantine.AuditLogQuery) (quarantine.AuditPage, error) {
	return quarantine.AuditPage{}, errLocked
}

func (failing) Senders(context.Context, quarantine.SenderQuery) ([]quarantine.Sender, quarantine.Cursor, error) {
	return nil, "", errLocked
}

func (failing) Overview(context.Context, time.Time) (quarantine.Overview, error) {
	return quarantine.Overview{}, errLocked
}

func (failing) Stats(context.Context) (quarantine.Stats, error) { return quarantine.Stats{}, errLocked }

func TestStoreThatFailsIsToldWithoutItsWords(t *testing.T) {
	server, _ := newConsole(t, failing{})
	for _, path := range []string{"/", "/incidents", "/incidents/IN-0000-0000", "/messages/BH-0000-0000", "/senders", "/audit"} {
		resp, body := page(t, server.URL+path, "")
		if resp.StatusCode != http.StatusInternalServerError || !strings.Contains(body, "The quarantine could not be read") {
			t.Errorf("%s: %s\n%s", path, resp.Status, body)
		}
		if strings.Contains(body, "locked") || strings.Contains(body, "isp.example") {
			t.Errorf("%s: the page tells outsiders the cause:\n%s", path, body)
		}
	}
}
