package console_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// ruleSet is loaded once: it is immutable.
var ruleSet = sync.OnceValues(func() (*rules.Inspector, error) { return rules.NewInspector(nil) })

// reader reads messages as the relay does, without its slots.
type reader struct{ err error }

func (x reader) Inspect(ctx context.Context, message extract.Source) (*rules.Evidence, error) {
	in, err := ruleSet()
	if err != nil || x.err != nil {
		return nil, cmpErr(x.err, err)
	}
	return in.Unmasked().Inspect(ctx, message, extract.DefaultLimits())
}

func (reader) Outline(ctx context.Context, message extract.Source, most int64) (extract.Outline, error) {
	return extract.New().Outline(ctx, message, extract.Limits{}, most)
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// accident is the kind of mail that this is all about.
const accident = "From: Bulletins <bulletins@isp.example>\r\nTo: dora@client.example\r\nSubject: News of July\r\nX-Tool: mailer 2\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<h1>Hello</h1><p>See <a href=\"https://shop.example/offer?u=1\">our offer</a></p>\r\n" +
	"--b\r\nContent-Type: text/csv; name=customers.csv\r\n\r\nname,email,phone\r\nAlice Abbott,alice.abbott@client.example,+44 20 7946 0018\r\n" +
	"Bert Brown,bert.brown@client.example,+44 20 7946 0019\r\nCora Clark,cora.clark@client.example,+44 20 7946 0020\r\n" +
	"--b\r\nContent-Type: application/zip; name=secret.zip\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBBQAAQAIAAAAIQAAAAAA\r\n--b--\r\n"

// lookout is a console whose clock a test sets, and over whose messages people
// look.
type lookout struct {
	t      *testing.T
	server *httptest.Server
	store  *quarantine.Store
	m      *metrics.Metrics

	mu  sync.Mutex
	now time.Time
}

func newLookout(t *testing.T, change ...func(*console.Config)) *lookout {
	t.Helper()
	store, err := quarantine.Open(t.Context(), t.TempDir(), quarantine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() }) // read only by now
	x := &lookout{t: t, store: store, m: metrics.New(prometheus.NewRegistry(), metrics.Names{}), now: time.Date(2026, 7, 1, 13, 50, 0, 0, time.UTC)}
	cfg := console.Config{Store: store, Access: proxied(store), Accounts: store, Metrics: x.m, Log: slog.New(slog.DiscardHandler), Inspector: reader{}, Now: x.clock}
	for _, c := range change {
		c(&cfg)
	}
	h, err := console.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	x.server = httptest.NewServer(asPerson(h))
	t.Cleanup(x.server.Close)
	return x
}

// proxied is a door that believes headers of this machine.
func proxied(store *quarantine.Store) *access.Door {
	roles := map[string]access.Role{}
	for _, r := range access.Roles() {
		roles[string(r)] = r
	}
	return access.New(access.Config{Keeper: store, Idle: time.Hour, Longest: time.Hour, Proxy: access.TrustedProxy{
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, User: "X-Person", Groups: "X-Role", Roles: access.Roster{Groups: roles}}})
}

// asPerson takes who asks from a cookie, "ana" without one.
func asPerson(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, role := "ana", string(access.Reviewer)
		if c, err := r.Cookie("person"); err == nil {
			name = c.Value
		}
		if c, err := r.Cookie("role"); err == nil {
			role = c.Value
		}
		r.Header.Set("X-Person", name)
		r.Header.Set("X-Role", role)
		h.ServeHTTP(w, r)
	})
}

func (x *lookout) clock() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.now
}

func (x *lookout) wait(d time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now = x.now.Add(d)
}

func (x *lookout) hold(content string) quarantine.Message {
	x.t.Helper()
	m, err := x.store.Hold(x.t.Context(), quarantine.Message{From: "bulletins@isp.example", Recipients: []quarantine.Recipient{{Address: "dora@client.example"}},
		Policy: "contact-list", PolicyVersion: "1", Subjects: 3, Records: 3, Completeness: "partial", Action: "hold", Client: "192.0.2.7",
		Evidence: []byte(`[{"path":"2/customers.csv","kind":"csv","columns":[{"header":"name","type":"person.name","confidence":0.97,"clues":["the header word"]}],"records":3,"rows":3,"sample":[["A•••• A•••••"]]}]`),
	}, strings.NewReader(content))
	if err != nil {
		x.t.Fatal(err)
	}
	return m
}

// client is a person's browser without scripts.
type client struct {
	*http.Client
	x *lookout
}

func (x *lookout) client(name string) client {
	x.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		x.t.Fatal(err)
	}
	u, err := url.Parse(x.server.URL)
	if err != nil {
		x.t.Fatal(err)
	}
	jar.SetCookies(u, []*http.Cookie{{Name: "person", Value: name}})
	return client{&http.Client{Jar: jar}, x}
}

func (c client) get(path string) (*http.Response, string) { return c.do(http.MethodGet, path, "") }

func (c client) post(path, reason string) (*http.Response, string) {
	return c.do(http.MethodPost, path, reason)
}

func (c client) do(method, path, reason string) (*http.Response, string) {
	c.x.t.Helper()
	req, err := http.NewRequest(method, c.x.server.URL+path, strings.NewReader(url.Values{"reason": {reason}}.Encode()))
	if err != nil {
		c.x.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := c.Do(req)
	if err != nil {
		c.x.t.Fatal(err)
	}
	defer resp.Body.Close() // read to its end
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.x.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp, string(body)
}

// trail is who looked how, and why, the oldest first.
func (x *lookout) trail(id string) (lines []string) {
	x.t.Helper()
	entries, _, err := x.store.Audit(x.t.Context(), quarantine.AuditQuery{Message: id})
	if err != nil {
		x.t.Fatal(err)
	}
	for _, e := range entries[1:] { // the first is that it was held
		lines = append(lines, string(e.Act)+" by "+e.By+": "+e.Reason)
	}
	return lines
}

func (x *lookout) wantTrail(id string, want ...string) {
	x.t.Helper()
	if got := x.trail(id); strings.Join(got, "\n") != strings.Join(want, "\n") {
		x.t.Errorf("the audit trail has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (x *lookout) wantReveals(kind string, allowed, denied float64) {
	x.t.Helper()
	for result, want := range map[string]float64{"allowed": allowed, "denied": denied} {
		if got := testutil.ToFloat64(x.m.Reveals.WithLabelValues(kind, result)); got != want {
			x.t.Errorf("%v of %s are %s, want %v", got, kind, result, want)
		}
	}
}

// secrets are words of the accident that nobody sees without a grant.
func secrets() []string {
	return []string{"Alice Abbott", "alice.abbott@", "7946 0018", "News of July", "our offer", "mailer 2"}
}

func TestNothingIsShownWithoutAReason(t *testing.T) {
	x := newLookout(t)
	m := x.hold(accident)
	ana := x.client("ana")
	check := func(what string, resp *http.Response, body string, code int) {
		t.Helper()
		if resp.StatusCode != code {
			t.Errorf("%s: %s, want %d", what, resp.Status, code)
		}
		for _, word := range secrets() {
			if strings.Contains(body, word) {
				t.Errorf("%s shows %q", what, word)
			}
		}
	}
	for _, path := range []string{"", "/preview", "/evidence"} {
		resp, body := ana.get("/messages/" + m.ID + path)
		check("GET "+path, resp, body, 200)
		if !strings.Contains(body, "Why do you need it?") {
			t.Errorf("GET %s does not ask why:\n%s", path, body)
		}
	}
	resp, body := ana.get("/messages/" + m.ID + "/preview/0")
	check("the document", resp, body, 409)
	resp, body = ana.get("/messages/" + m.ID + "/download")
	check("GET of a download", resp, body, 405)
	for _, kind := range []string{"preview", "evidence", "download"} {
		for _, reason := range []string{"", "  \t ", strings.Repeat("x", 501)} {
			resp, body := ana.post("/messages/"+m.ID+"/"+kind, reason)
			check("POST "+kind, resp, body, 422)
			if !strings.Contains(body, `aria-invalid="true"`) || !strings.Contains(body, `role="alert"`) {
				t.Errorf("POST %s does not say what is wrong:\n%s", kind, body)
			}
		}
		x.wantReveals(kind, 0, map[string]float64{"preview": 4, "evidence": 3, "download": 3}[kind])
	}
	resp, body = ana.post("/messages/"+m.ID+"/preview", strings.Repeat("x", 64<<10))
	check("a form of 64 KiB", resp, body, 422)
	x.wantTrail(m.ID)
}

func TestMessageIsShownToWhoGaveAReason(t *testing.T) {
	x := newLookout(t)
	m := x.hold(accident)
	resp, body := x.client("ana").post("/messages/"+m.ID+"/preview", "is it ours?")
	if resp.StatusCode != 200 || resp.Request.URL.Path != "/messages/"+m.ID+"/preview" || resp.Request.Method != http.MethodGet {
		t.Fatalf("%s %s: %s", resp.Request.Method, resp.Request.URL, resp.Status)
	}
	for _, want := range []string{"News of July", "mailer 2", "Shown to <strong>ana</strong> until", "14:05 UTC", "customers.csv", "text/csv", "secret.zip", "application/zip",
		`sandbox="" src="/messages/` + m.ID + `/preview/0"`, "not all read", "damaged or cut off", "badge good"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
	if strings.Contains(body, "Alice Abbott") {
		t.Error("the preview shows rows of an attachment")
	}
	if got := resp.Header.Get("Content-Security-Policy"); got != strictPolicy+"; frame-src 'self'" {
		t.Errorf("the policy is %q", got)
	}
	if got := resp.Header.Get("Refresh"); got != "901;url=/messages/"+m.ID {
		t.Errorf("the page closes itself: %q", got)
	}
	x.wantTrail(m.ID, "viewed by ana: is it ours?")
	x.wantReveals("preview", 1, 0)
	x.wantReveals("evidence", 0, 0)

	resp, body = x.client("ana").get("/messages/" + m.ID + "/preview/0")
	if !strings.Contains(body, "<h1>Hello</h1>") || !strings.Contains(body, "our offer <code>[https://shop.example/offer?u=1]</code>") || strings.Contains(body, "href") {
		t.Errorf("the document is\n%s", body)
	}
	policy := resp.Header.Get("Content-Security-Policy")
	for _, want := range []string{"sandbox;", "default-src 'none'", "img-src data:;", "frame-ancestors 'self'", "form-action 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the document's policy lacks %q: %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "script") {
		t.Errorf("the document's policy is %s", policy)
	}
	for _, path := range []string{"/preview/1", "/preview/-1", "/preview/x"} {
		if resp, _ := x.client("ana").get("/messages/" + m.ID + path); resp.StatusCode != 404 {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}

func TestRowsAreShownToWhoGaveAReason(t *testing.T) {
	x := newLookout(t)
	m := x.hold(accident)
	resp, body := x.client("ana").post("/messages/"+m.ID+"/evidence", "whose data is it?")
	if resp.StatusCode != 200 || resp.Request.URL.Path != "/messages/"+m.ID+"/evidence" {
		t.Fatalf("%s: %s", resp.Request.URL, resp.Status)
	}
	for _, want := range []string{"Alice Abbott", "alice.abbott@client.example", "&#43;44 20 7946 0018", "as they stand", "as it is read today", "14:05 UTC", "2/customers.csv"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
	x.wantTrail(m.ID, "unmasked by ana: whose data is it?")
	x.wantReveals("evidence", 1, 0)

	// The masked page stays masked, and what is stored too.
	if _, body := x.client("ana").get("/messages/" + m.ID); strings.Contains(body, "Alice Abbott") || !strings.Contains(body, "is open to you until") {
		t.Errorf("the page of what was found:\n%s", body)
	}
	stored, err := x.store.Get(t.Context(), m.ID)
	if err != nil || strings.Contains(string(stored.Evidence), "Abbott") {
		t.Errorf("stored: %s, %v", stored.Evidence, err)
	}
}

// What was found when a message was held, and is not today, is not told to be
// something that never was there.
func TestRowsThatAreNotFoundTodayAreSaidToBe(t *testing.T) {
	x := newLookout(t)
	m := x.hold("Subject: hello\r\n\r\nHello.\r\n")
	_, body := x.client("ana").post("/messages/"+m.ID+"/evidence", "whose data is it?")
	if !strings.Contains(body, "is found in it today") || strings.Contains(body, "held it for another reason") {
		t.Errorf("the rows of what is found no more:\n%s", body)
	}
}

func TestDownloadIsTheBytesThatWereHeld(t *testing.T) {
	x := newLookout(t)
	content := accident + strings.Repeat("line\r\n", 200_000)
	m := x.hold(content)
	resp, body := x.client("ana").post("/messages/"+m.ID+"/download", "for the DPO")
	if resp.StatusCode != 200 || body != content {
		t.Errorf("%s, %d bytes, want the %d that were held", resp.Status, len(body), len(content))
	}
	for name, want := range map[string]string{"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		"Content-Disposition": "attachment; filename=" + m.ID + ".eml"} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	x.wantTrail(m.ID, "exported by ana: for the DPO")
	x.wantReveals("download", 1, 0)
	// It opens nothing else.
	if _, body := x.client("ana").get("/messages/" + m.ID + "/preview"); strings.Contains(body, "News of July") {
		t.Error("a download gives leave to look")
	}
}

// Who has no right to look is offered nothing, gets nothing with the best of
// reasons, and is counted.
func TestViewersDoNotLook(t *testing.T) {
	x := newLookout(t)
	m := x.hold(accident)
	vic := x.client("vic")
	u, err := url.Parse(x.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	vic.Jar.SetCookies(u, []*http.Cookie{{Name: "role", Value: string(access.Viewer)}})
	for _, path := range []string{"/messages/" + m.ID, "/incidents/" + m.Incident} {
		_, body := vic.get(path)
		if strings.Contains(body, "/preview") || strings.Contains(body, "/evidence\"") || strings.Contains(body, "/download") {
			t.Errorf("%s offers a viewer to look:\n%s", path, body)
		}
		if _, body := x.client("ana").get(path); !strings.Contains(body, "/messages/"+m.ID+"/evidence") {
			t.Errorf("%s does not lead a reviewer to the rows:\n%s", path, body)
		}
	}
	for _, kind := range []string{"preview", "evidence", "download"} {
		if resp, body := vic.post("/messages/"+m.ID+"/"+kind, "curious"); resp.StatusCode != 403 || strings.Contains(body, "Alice") {
			t.Errorf("%s: %s", kind, resp.Status)
		}
		x.wantReveals(kind, 0, 1)
	}
	x.wantTrail(m.ID)
}

// A grant is one person's, for one message, for one kind of look, and for 15
// minutes.
func TestGrantIsNarrowAndLapses(t *testing.T) {
	x := newLookout(t)
	m, other := x.hold(accident), x.hold(accident)
	ana, ben := x.client("ana"), x.client("ben")
	shown := func(c client, path string) bool {
		t.Helper()
		_, body := c.get(path)
		return strings.Contains(body, "News of July") || strings.Contains(body, "Alice Abbott") || strings.Contains(body, "<h1>Hello</h1>")
	}
	ana.post("/messages/"+m.ID+"/preview", "is it ours?")
	for _, c := range []struct {
		who  client
		path string
		want bool
	}{
		{ana, "/messages/" + m.ID + "/preview", true}, {ana, "/messages/" + m.ID + "/preview/0", true},
		{ana, "/messages/" + strings.ToLower(m.ID) + "/preview", true},
		{ana, "/messages/" + m.ID + "/evidence", false},
		{ana, "/messages/" + other.ID + "/preview", false}, {ana, "/messages/" + other.ID + "/preview/0", false},
		{ben, "/messages/" + m.ID + "/preview", false}, {ben, "/messages/" + m.ID + "/preview/0", false}, {ben, "/messages/" + m.ID + "/evidence", false},
	} {
		if got := shown(c.who, c.path); got != c.want {
			t.Errorf("%s is shown: %v, want %v", c.path, got, c.want)
		}
	}
	x.wait(15*time.Minute - time.Second)
	if !shown(ana, "/messages/"+m.ID+"/preview") {
		t.Error("it is not shown a second before its end")
	}
	x.wait(time.Second)
	for _, path := range []string{"/preview", "/preview/0"} {
		if shown(ana, "/messages/"+m.ID+path) {
			t.Errorf("%s is shown after 15 minutes", path)
		}
	}
	ana.post("/messages/"+m.ID+"/preview", "once more")
	if !shown(ana, "/messages/"+m.ID+"/preview") {
		t.Error("it is not shown to who asks anew")
	}
	x.wantTrail(m.ID, "viewed by ana: is it ours?", "viewed by ana: once more")
}

// unwritable is a store whose audit trail takes nothing.
type unwritable struct{ *quarantine.Store }

func (unwritable) Record(context.Context, string, quarantine.Act, string, string) error {
	return errLocked
}

func TestNothingIsShownThatCannotBeRecorded(t *testing.T) {
	x := newLookout(t, func(c *console.Config) { c.Store = unwritable{c.Store.(*quarantine.Store)} })
	m := x.hold(accident)
	for _, kind := range []string{"preview", "evidence", "download"} {
		resp, body := x.client("ana").post("/messages/"+m.ID+"/"+kind, "why not")
		if resp.StatusCode != 500 {
			t.Errorf("%s: %s", kind, resp.Status)
		}
		_, after := x.client("ana").get("/messages/" + m.ID + "/" + kind)
		for _, word := range secrets() {
			if strings.Contains(body+after, word) {
				t.Errorf("%s shows %q", kind, word)
			}
		}
		x.wantReveals(kind, 0, 1)
	}
}

// What cannot be read is said, and is no look in the trail.
func TestContentThatCannotBeReadIsSaid(t *testing.T) {
	key, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := quarantine.Open(t.Context(), t.TempDir(), quarantine.Options{Recipient: key.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sealed.Close() }) // read only by now
	x := newLookout(t, func(c *console.Config) { c.Store = sealed })
	x.store = sealed
	m := x.hold(accident)
	if _, body := x.client("ana").get("/messages/" + m.ID); !strings.Contains(body, "--identity FILE --reason") || strings.Contains(body, "<button formaction") {
		t.Errorf("the page does not say how sealed mail is read:\n%s", body)
	}
	for _, kind := range []string{"preview", "evidence", "download"} {
		resp, body := x.client("ana").post("/messages/"+m.ID+"/"+kind, "why not")
		if resp.StatusCode != 409 || !strings.Contains(body, "sealed") {
			t.Errorf("%s of sealed mail: %s\n%s", kind, resp.Status, body)
		}
	}
	x.wantTrail(m.ID)

	x = newLookout(t)
	m = x.hold(accident)
	x.client("ana").post("/messages/"+m.ID+"/preview", "before")
	if err := x.store.Delete(t.Context(), m.ID, "ana", "asked to"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/preview", "/preview/0"} {
		if resp, body := x.client("ana").get("/messages/" + m.ID + path); resp.StatusCode != 410 || !strings.Contains(body, "removed") {
			t.Errorf("%s of removed mail: %s\n%s", path, resp.Status, body)
		}
	}
	if resp, _ := x.client("ana").post("/messages/"+m.ID+"/download", "why not"); resp.StatusCode != 410 {
		t.Errorf("download of removed mail: %s", resp.Status)
	}
	x.wantTrail(m.ID, "viewed by ana: before", "deleted by ana: asked to")
}

// A relay at its bounds shows the texts, which cost little, and says so of the
// rest.
func TestBusyRelayShowsWhatCostsLittle(t *testing.T) {
	x := newLookout(t, func(c *console.Config) { c.Inspector = reader{err: console.ErrNotNow} })
	m := x.hold(accident)
	if resp, body := x.client("ana").post("/messages/"+m.ID+"/preview", "look"); resp.StatusCode != 200 || !strings.Contains(body, "News of July") || !strings.Contains(body, "mail comes first") {
		t.Errorf("%s\n%s", resp.Status, body)
	}
	if resp, body := x.client("ana").post("/messages/"+m.ID+"/evidence", "look"); resp.StatusCode != 503 || !strings.Contains(body, "Try again") {
		t.Errorf("%s\n%s", resp.Status, body)
	}
}

// Without anybody to read messages, they can still be taken.
func TestConsoleWithoutInspector(t *testing.T) {
	x := newLookout(t, func(c *console.Config) { c.Inspector = nil })
	m := x.hold(accident)
	_, body := x.client("ana").get("/messages/" + m.ID)
	if strings.Contains(body, "Read the message") || !strings.Contains(body, "Download .eml") {
		t.Errorf("the page offers what there is not:\n%s", body)
	}
	if _, body := x.client("ana").post("/messages/"+m.ID+"/preview", "look"); !strings.Contains(body, "cannot read messages") {
		t.Errorf("the preview:\n%s", body)
	}
}

// Long texts are cut where they are, and it is said.
func TestPreviewIsBounded(t *testing.T) {
	x := newLookout(t)
	m := x.hold("Subject: long\r\n\r\n" + strings.Repeat("word and word\r\n", 200_000) + "the end\r\n")
	_, body := x.client("ana").post("/messages/"+m.ID+"/preview", "look")
	if len(body) > 1<<20+100<<10 || !strings.Contains(body, "This is its beginning") || strings.Contains(body, "the end") {
		t.Errorf("%d bytes, cut: %v", len(body), strings.Contains(body, "This is its beginning"))
	}
}
