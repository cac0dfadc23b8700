package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
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
func newStore(t testing.TB) (store *quarantine.Store, ordinary, evil quarantine.Message) {
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

func holdMessage(t testing.TB, store *quarantine.Store, m quarantine.Message, path, header, cell string) quarantine.Message {
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
	return held
}

// newConsole serves a console to somebody who is logged in as an admin.
func newConsole(t testing.TB, store console.Store) (*httptest.Server, *metrics.Metrics) {
	t.Helper()
	cfg := console.Config{Store: store, Policies: newBuiltIn(t), Settings: someSettings}
	if past, has := store.(console.Past); has {
		cfg.Past = past
	}
	return newConsoleOf(t, cfg)
}

// newConsoleOf starts a console with what every test has alike.
func newConsoleOf(t testing.TB, cfg console.Config) (*httptest.Server, *metrics.Metrics) {
	t.Helper()
	m := metrics.New(prometheus.NewRegistry(), metrics.Names{})
	cfg.Metrics, cfg.Log, cfg.Version, cfg.Hosts = m, slog.New(slog.DiscardHandler), "1.2.3", []string{"review.office.example"}
	accounts := accountsStore(t)
	cfg.Access, cfg.Accounts = newDoor(accounts), accounts
	h, err := console.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(signedIn(h, session(t, accounts, "ana", access.Chief)))
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
	store, m, _ := newStore(t)
	server, _ := newConsole(t, store)
	for host, ok := range map[string]bool{
		"": true, "localhost": true, "localhost:8025": true, "127.0.0.1:8025": true, "[::1]:8025": true, "192.0.2.1": true,
		"review.office.example": true, "REVIEW.office.example:8025": true,
		"evil.example": false, "evil.example:8025": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"review.office.example.evil.example": false, "evil.example@localhost": false,
	} {
		for _, path := range []string{"/", "/incidents", "/incidents/" + m.Incident, "/messages/" + m.ID, "/audit"} {
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

// strictPolicy is spelled out here, so that a change of it is a change of a test.
const strictPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types bulkhead"

func TestEveryAnswerHasStrictHeaders(t *testing.T) {
	store, m, _ := newStore(t)
	server, _ := newConsole(t, store)
	for path, code := range map[string]int{
		"/": 200, "/incidents": 200, "/incidents/" + m.Incident: 200, "/messages/" + m.ID: 200, "/senders": 200, "/audit": 200, "/help": 200,
		"/messages/BH-0000-0000": 404, "/incidents/IN-0000-0000": 404, "/messages/nonsense": 0, "/incidents?after=nonsense": 400,
		"/incidents?q=peple:3": 400, "/incidents?sort=nonsense": 400, "/senders?sort=nonsense": 400, "/audit?before=x&about=x": 200,
		"/incidents/" + m.Incident + "?copies=nonsense": 400, "/nothing": 404, "/messages/": 404, "/assets/x/nothing.js": 404,
	} {
		resp, body := page(t, server.URL+path, "")
		if code != 0 && resp.StatusCode != code || resp.StatusCode >= 500 {
			t.Errorf("%s: %s, want %d\n%s", path, resp.Status, code, body)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": strictPolicy,
			"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

// Nothing that a message brings along becomes markup.
func TestWordsOfMessagesAreShownAsText(t *testing.T) {
	store, _, evil := newStore(t)
	server, _ := newConsole(t, store)
	for _, path := range []string{"/", "/incidents", "/incidents/" + evil.Incident, "/messages/" + evil.ID, "/senders",
		"/incidents?q=" + `%22%3E%3Cscript%3Edocument.title%3D1%3C/script%3E`, "/audit?by=" + `%22%3E%3Cscript%3Edocument.title%3D1%3C/script%3E`} {
		_, body := page(t, server.URL+path, "")
		if strings.Contains(body, "<script>") || strings.Contains(body, "<img src=x") {
			t.Errorf("%s: markup from outside is in the page:\n%s", path, body)
		}
		if !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s: the words are not shown:\n%s", path, body)
		}
	}
}

// A page of the console has no script and no style but files of its own.
func TestNoScriptOrStyleStandsInline(t *testing.T) {
	store, m, _ := newStore(t)
	server, _ := newConsole(t, store)
	for _, path := range []string{"/", "/incidents", "/incidents/" + m.Incident, "/messages/" + m.ID, "/senders", "/audit", "/help", "/messages/BH-0000-0000"} {
		_, body := page(t, server.URL+path, "")
		if got := strings.Count(body, "<script"); got != 1 {
			t.Errorf("%s has %d scripts, want the one file", path, got)
		}
		for _, word := range []string{"<style", " style=", " onclick=", "javascript:", "http://", "https://"} {
			if strings.Contains(body, word) {
				t.Errorf("%s has %q", path, word)
			}
		}
	}
}

func TestIncidentsAreSearchedSortedAndPaged(t *testing.T) {
	store, ordinary, evil := newStore(t)
	server, m := newConsole(t, store)
	for query, want := range map[string][2]bool{
		"": {true, true}, "?q=state:open": {true, true}, "?q=state:decided": {false, false}, "?q=policy:contact-list": {false, true},
		"?q=people:>30": {true, false}, "?q=people:>20000": {false, false}, "?q=": {true, true},
		"?q=policy:contact-list+people:>=30+state:held": {false, true}, "?q=from:list@isp.example": {true, false},
	} {
		_, body := page(t, server.URL+"/incidents"+query, "")
		if got := [2]bool{strings.Contains(body, ordinary.Incident), strings.Contains(body, evil.Incident)}; got != want {
			t.Errorf("%q shows %v, want %v", query, got, want)
		}
		if want == [2]bool{} && !strings.Contains(body, "Nothing fits the search") {
			t.Errorf("%q does not say that nothing fits", query)
		}
	}
	if got := testutil.ToFloat64(m.HTTPRequests.WithLabelValues("GET /incidents", "2xx")); got != 9 {
		t.Errorf("%v requests for the list are counted, want 9", got)
	}
	_, body := page(t, server.URL+"/incidents?sort=people", "")
	if strings.Index(body, ordinary.Incident) > strings.Index(body, evil.Incident) {
		t.Error("the incident with the most people is not the first")
	}
	if _, body := page(t, server.URL+"/incidents?q=peple:3", ""); !strings.Contains(body, "people") || !strings.Contains(body, `role="alert"`) {
		t.Errorf("a word that is not known does not name the nearest:\n%s", body)
	}

	for range 60 {
		holdMessage(t, store, quarantine.Message{From: "more@isp.example", Recipients: []quarantine.Recipient{{Address: "x@client.example"}},
			Policy: "many", Subjects: 10, Completeness: "complete", Action: "hold"}, "1", "name", "A***")
	}
	_, body = page(t, server.URL+"/incidents?q=policy:many", "")
	seen := strings.Count(body, `<th scope="row">`)
	next := link(t, body, "next")
	_, body = page(t, server.URL+next, "")
	if seen += strings.Count(body, `<th scope="row">`); seen != 60 {
		t.Errorf("two pages show %d incidents, want 60", seen)
	}
	if strings.Contains(body, `rel="next"`) {
		t.Error("the last page has a next one")
	}
	_, body = page(t, server.URL+link(t, body, "prev"), "")
	if got := strings.Count(body, `<th scope="row">`); got != 50 {
		t.Errorf("back on the first page there are %d incidents, want 50", got)
	}
}

// A page claims no people where none were counted, no hours where days are
// counted, and puts nobody's name into a link.
func TestPagesSayNoMoreThanTheyKnow(t *testing.T) {
	store, _, _ := newStore(t)
	m := holdMessage(t, store, quarantine.Message{From: "anna", Recipients: []quarantine.Recipient{{Address: "x@client.example"}},
		Policy: "unread", Completeness: "unscanned", Action: "hold"}, "1", "name", "A***")
	server, _ := newConsole(t, store)
	since := "since " + time.Now().Add(-23*time.Hour).UTC().Format("2 January") + ", UTC"
	for path, want := range map[string][]string{
		"/messages/" + m.ID: {"was held without people counted in it"}, "/incidents/" + m.Incident: {"was held without people counted in it"},
		"/senders": {"anna"}, "/": {"anna", since},
	} {
		_, body := page(t, server.URL+path, "")
		for _, text := range want {
			if !strings.Contains(body, text) {
				t.Errorf("%s lacks %q:\n%s", path, text, body)
			}
		}
		for _, text := range []string{">0 people<", "from%3A@anna", "from%3A@list", "from%3Alist"} {
			if strings.Contains(body, text) {
				t.Errorf("%s has %q", path, text)
			}
		}
	}
}

// link finds the address that a page gives to another of its list.
func link(t *testing.T, body, rel string) string {
	t.Helper()
	_, rest, found := strings.Cut(body, `rel="`+rel+`" href="`)
	if !found {
		t.Fatalf("there is no link %q", rel)
	}
	address, _, _ := strings.Cut(rest, `"`)
	return html.UnescapeString(address)
}

// The accident as reviewers meet it: one row and one page for all its copies.
func TestIncidentTellsWhatWhoseAndWhatHasLeft(t *testing.T) {
	store, _, _ := newStore(t)
	var last quarantine.Message
	for i := range 60 {
		last = holdMessage(t, store, quarantine.Message{From: "bulletins@isp.example", Recipients: []quarantine.Recipient{{Address: fmt.Sprintf("r%d@client.example", i)}},
			Policy: "bulk-customer-records", Subjects: 19_997, Records: 20_000, Fields: []string{"person.name"}, Completeness: "complete", Action: "hold",
			IncidentKey: "run-1", Run: &quarantine.Run{Key: "run-1", Sender: "s", Print: []byte{1}, First: time.Now(), Last: time.Now(), Copies: int64(i + 13), Delivered: 12, Subjects: 19_997},
		}, "1", "full_name", "A****** B****")
	}
	server, _ := newConsole(t, store)
	_, body := page(t, server.URL+"/incidents?q=copies:>1", "")
	for _, want := range []string{last.Incident, "19,997", "60", "12"} {
		if !strings.Contains(body, want) {
			t.Errorf("the list lacks %q:\n%s", want, body)
		}
	}
	_, body = page(t, server.URL+"/incidents/"+last.Incident, "")
	for _, want := range []string{"19,997 people", "12 copies have left", "60 copies are held back", "bulletins@isp.example", "A****** B****", "60 messages", "r59@client.example",
		"bulkhead incidents refuse " + last.Incident} {
		if !strings.Contains(body, want) {
			t.Errorf("the incident lacks %q:\n%s", want, body)
		}
	}
	seen := strings.Count(body, `<tr class="open">`)
	for strings.Contains(body, `rel="next"`) {
		_, body = page(t, server.URL+strings.TrimSuffix(link(t, body, "next"), "#copies"), "")
		seen += strings.Count(body, `<tr class="open">`)
	}
	if seen != 60 {
		t.Errorf("the pages show %d copies, want 60", seen)
	}
}

// All that a browser loads for the first page, with the longest list, fits a
// slow line.
func TestFirstPageIsLight(t *testing.T) {
	store, _, _ := newStore(t)
	for range 60 {
		holdMessage(t, store, quarantine.Message{From: "more@isp.example", Recipients: []quarantine.Recipient{{Address: "x@client.example"}},
			Policy: "many", Subjects: 10, Completeness: "complete", Action: "hold"}, "1", "name", "A***")
	}
	server, _ := newConsole(t, store)
	_, body := page(t, server.URL+"/incidents", "")
	_, rest, _ := strings.Cut(body, `rel="stylesheet" href="`)
	style, _, _ := strings.Cut(rest, `"`)
	base := strings.TrimSuffix(style, "console.css")
	total := len(body)
	for _, name := range []string{"console.css", "icon.svg", "main.js", "keys.js", "ages.js", "live.js", "page.js", "drop.js", "whatif.js"} {
		resp, content := page(t, server.URL+base+name, "")
		if resp.StatusCode != http.StatusOK || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %s, %q", name, resp.Status, resp.Header.Get("Cache-Control"))
		}
		total += len(content)
	}
	const most = 200_000
	if total > most {
		t.Errorf("the first page takes %d bytes, want at most %d", total, most)
	}
	t.Logf("the first page takes %d bytes, %d of them the list", total, len(body))
}
