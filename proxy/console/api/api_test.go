package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/report"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/policies"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
)

// world is an API over a real quarantine, and what there is in it.
type world struct {
	t      testing.TB
	store  *quarantine.Store
	url    string
	log    *bytes.Buffer
	check  validator.Validator
	held   quarantine.Message // from a tool, to 20,000 people's cost
	second quarantine.Message // another incident

	mu   sync.Mutex
	sent []string      // addresses to which something was released
	gate chan struct{} // each transaction waits for an entry; nil: none waits
}

// Send implements review.Sender: it takes everything.
func (w *world) Send(_ context.Context, e upstream.Envelope, content io.Reader, _ int64) ([]upstream.Result, error) {
	if _, err := io.Copy(io.Discard, content); err != nil {
		return nil, err
	}
	if w.gate != nil {
		<-w.gate
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var results []upstream.Result
	for _, to := range e.Recipients {
		w.sent = append(w.sent, to.Path)
		results = append(results, upstream.Result{Path: to.Path, Outcome: upstream.Accepted, Reply: upstream.Reply{Code: 250, Lines: []string{"ok"}}})
	}
	return results, nil
}

// newJudge judges as the relay does, with the default policies.
func newJudge(t testing.TB) func(context.Context, api.Submission) (api.Scan, error) {
	t.Helper()
	in, err := rules.NewInspector(nil)
	if err != nil {
		t.Fatal(err)
	}
	policies := defaultPolicies(t)
	return func(ctx context.Context, s api.Submission) (api.Scan, error) {
		began := time.Now()
		ev, err := in.InspectFile(ctx, s.Name, s.Content, extract.DefaultLimits())
		if err != nil {
			return api.Scan{}, err
		}
		v, err := policies.Decide(rules.Envelope{From: s.From, Recipients: s.To}, ev, rules.Recent{})
		return api.NewScan(s.Name, s.Content.Size, &v, ev.Findings, time.Since(began)), err
	}
}

func defaultPolicies(t testing.TB) *rules.Policies {
	specs, err := rules.ParsePolicies("default", policies.Default())
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := rules.CompilePolicies(specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// newWorld makes a world whose API has more than what every one has.
func newWorld(t testing.TB, more func(*api.Config)) *world {
	t.Helper()
	store, err := quarantine.Open(context.Background(), t.TempDir(), quarantine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() }) // read only by now
	w := &world{t: t, store: store, log: new(bytes.Buffer)}
	w.held = w.hold(quarantine.Message{From: "list@isp.example", Subjects: 20_000, Records: 20_000, Completeness: "complete",
		Recipients: []quarantine.Recipient{{Address: "dora@client.example"}, {Address: "emil@client.example"}}, IncidentKey: "run-1"})
	w.second = w.hold(quarantine.Message{From: "", Subjects: 30, Records: 30, Completeness: "partial",
		Recipients: []quarantine.Recipient{{Address: "fritz@client.example"}}})
	log := slog.New(slog.NewTextHandler(w.log, nil))
	desk := review.New(review.Config{Store: store, Upstream: w, TwoPeopleFrom: 1000})
	jobs := review.NewJobs(review.JobsConfig{Desk: desk, Log: log})
	t.Cleanup(func() { jobs.Close(context.Background()) }) // nothing is under way by now
	cfg := api.Config{Store: store, Desk: desk, Jobs: jobs, People: store, Version: "1.2.3", Log: log, Judge: newJudge(t), ScanMost: 1 << 20, SpoolDir: t.TempDir(),
		Gather: func(ctx context.Context, id string) (report.Incident, error) {
			i, err := store.Incident(ctx, id)
			return report.Incident{ID: i.ID, Policy: i.Policy, First: i.First, Stopped: i.First, Last: i.Last, Subjects: int64(i.Subjects)}, err
		},
		Policies: func() *rules.Policies { return defaultPolicies(t) }, Settings: func() []api.Setting {
			return []api.Setting{{Name: "data_dir", Value: "/var/lib/bulkhead", Origin: "file"}}
		},
	}
	if more != nil {
		more(&cfg)
	}
	handler, err := api.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(out, r.WithContext(access.With(r.Context(), personOf(r))))
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.check = newValidator(t, w.url)
	return w
}

// personOf is who a test says that it is: "Bearer NAME ROLE".
func personOf(r *http.Request) access.Person {
	words := strings.Fields(r.Header.Get("Authorization"))
	if len(words) != 3 {
		return access.Person{}
	}
	return access.Person{Name: words[1], Role: access.Role(words[2]), Method: access.Token}
}

func (w *world) hold(m quarantine.Message) quarantine.Message {
	w.t.Helper()
	evidence, err := json.Marshal([]rules.Finding{{
		Path: "customers.csv", Kind: "table", Records: int64(m.Records), Rows: int64(m.Records),
		Columns: []rules.Column{{Header: "full_name", Type: "person.name", Confidence: 0.97, Clues: []string{"header"}}, {Header: "visp"}},
		Sample:  [][]string{{"A****** B****", "n****"}},
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	m.Evidence, m.Action, m.Policy, m.PolicyVersion, m.Client = evidence, "hold", "bulk-customer-records", "1", "192.0.2.7"
	m.Fields, m.Reasons = []string{"contact.email", "person.name"}, []string{"people who are not its readers"}
	held, err := w.store.Hold(context.Background(), m, strings.NewReader("Subject: x\r\n\r\nAlice Abbott, "+m.From+"\r\n"))
	if err != nil {
		w.t.Fatal(err)
	}
	return held
}

// newValidator reads the document that a server serves.
func newValidator(t testing.TB, base string) validator.Validator {
	t.Helper()
	resp, err := http.Get(base + api.Base + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() // read to its end
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/openapi+json" {
		t.Fatalf("the document: %s %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	check, errs := validator.NewValidator(document)
	if errs != nil {
		t.Fatal(errs)
	}
	if fits, errs := check.ValidateDocument(); !fits {
		for _, e := range errs {
			t.Errorf("the document: %s", e)
		}
	}
	return check
}

// answer is what came of a request.
type answer struct {
	*http.Response
	body []byte
}

// ask sends a request as somebody ("NAME ROLE", "" for nobody), and has both it
// and the answer checked against the document.
func (w *world) ask(who, address, body string, headers ...string) answer {
	w.t.Helper()
	req := w.request(who, address, body, headers...)
	got := w.do(req)
	req.Body = io.NopCloser(strings.NewReader(body))
	if got.StatusCode < 400 && who != "" {
		if fits, errs := w.check.ValidateHttpRequest(req); !fits {
			for _, e := range errs {
				w.t.Errorf("%s: what was asked does not fit the document: %s: %s", address, e.Message, e.Reason)
			}
		}
	}
	resp := *got.Response
	resp.Body = io.NopCloser(bytes.NewReader(got.body))
	if fits, errs := w.check.ValidateHttpResponse(req, &resp); !fits {
		for _, e := range errs {
			w.t.Errorf("%s: %s does not fit the document: %s: %s\n%s", address, got.Status, e.Message, e.Reason, got.body)
		}
	}
	if got.StatusCode >= 400 {
		w.problem(address, got)
	}
	return got
}

// request makes a request as somebody.
func (w *world) request(who, address, body string, headers ...string) *http.Request {
	w.t.Helper()
	method, path, _ := strings.Cut(address, " ")
	req, err := http.NewRequest(method, w.url+api.Base+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+who)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

func (w *world) do(req *http.Request) answer {
	w.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close() // read to its end
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{resp, body}
}

// problem holds an answer to RFC 9457.
func (w *world) problem(address string, got answer) {
	w.t.Helper()
	var p struct {
		Title, Detail string
		Status        int
	}
	if err := json.Unmarshal(got.body, &p); err != nil || p.Status != got.StatusCode || p.Title == "" || p.Detail == "" ||
		got.Header.Get("Content-Type") != "application/problem+json" {
		w.t.Errorf("%s: %s is no problem (%s, %v):\n%s", address, got.Status, got.Header.Get("Content-Type"), err, got.body)
	}
	if bytes.Contains(got.body, []byte(`"value"`)) {
		w.t.Errorf("%s: the problem repeats a value:\n%s", address, got.body)
	}
}

// read reads an answer of 200 into v.
func (w *world) read(who, address string, v any) {
	w.t.Helper()
	got := w.ask(who, address, "")
	if got.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %s\n%s", address, got.Status, got.body)
	}
	if err := json.Unmarshal(got.body, v); err != nil {
		w.t.Fatalf("%s: %v\n%s", address, err, got.body)
	}
}

const viewer = "vera viewer"

func TestWhatIsReadIsAsDescribed(t *testing.T) {
	w := newWorld(t, nil)
	for _, address := range []string{
		"GET /me", "GET /status", "GET /overview", "GET /overview?hours=744", "GET /senders", "GET /senders?sort=people&limit=1", "GET /audit", "GET /audit?limit=1",
		"GET /audit?message=" + w.held.ID, "GET /audit?oldest_first=true&incident=" + w.held.Incident, "GET /incidents", "GET /incidents?q=state:open&sort=people",
		"GET /incidents?state=open&min_subjects=10&policy=bulk-customer-records&changed_since=" + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339),
		"GET /incidents/" + w.held.Incident, "GET /incidents/" + w.held.Incident + "/copies", "GET /incidents/" + w.held.Incident + "/recipients",
		"GET /incidents/" + w.held.Incident + "/timeline", "GET /messages", "GET /messages?state=held,refused&incident=" + w.held.Incident, "GET /messages/" + w.held.ID, "GET /messages/" + w.second.ID,
		"GET /policies", "GET /jobs",
	} {
		if got := w.ask(viewer, address, ""); got.StatusCode != http.StatusOK {
			t.Errorf("%s: %s\n%s", address, got.Status, got.body)
		}
	}
}

func TestIncidentsArePagedAndSearched(t *testing.T) {
	w := newWorld(t, nil)
	var first, rest api.Incidents
	w.read(viewer, "GET /incidents?sort=people&limit=1", &first)
	if len(first.Incidents) != 1 || first.Incidents[0].ID != w.held.Incident || *first.Incidents[0].From != "list@isp.example" || first.Next == "" || first.Previous != "" {
		t.Fatalf("the first page is %+v", first)
	}
	w.read(viewer, "GET /incidents?sort=people&limit=1&after="+url.QueryEscape(first.Next), &rest)
	if len(rest.Incidents) != 1 || rest.Incidents[0].ID != w.second.Incident || *rest.Incidents[0].From != "" || rest.Next != "" || rest.Previous == "" {
		t.Fatalf("the second page is %+v", rest)
	}
	for query, want := range map[string]int{"q=people:>=100": 1, "q=-people:>=100": 1, "q=from:@isp.example": 1, "state=decided": 0, "q=": 2} {
		var got api.Incidents
		w.read(viewer, "GET /incidents?"+query, &got)
		if len(got.Incidents) != want {
			t.Errorf("%s finds %d, want %d", query, len(got.Incidents), want)
		}
	}
}

func TestRecipientsTellWhatBecameOfEach(t *testing.T) {
	w := newWorld(t, nil)
	var got api.Recipients
	w.read(viewer, "GET /incidents/"+w.held.Incident+"/recipients", &got)
	want := []api.Recipient{{Message: w.held.ID, Place: 1, Address: "dora@client.example", State: "held"}, {Message: w.held.ID, Place: 2, Address: "emil@client.example", State: "held"}}
	if len(got.Recipients) != 2 || got.Recipients[0] != want[0] || got.Recipients[1] != want[1] {
		t.Errorf("got %+v, want %+v", got.Recipients, want)
	}
}
