package console_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/prometheus/client_golang/prometheus"
)

// office is a console where decisions are made, and who decides.
type office struct {
	t        testing.TB
	store    *quarantine.Store
	accounts *quarantine.Store
	url      string
	jobs     *review.Jobs

	mu   sync.Mutex
	sent []string // addresses that got something
	wait chan struct{}
}

// Send implements review.Sender.
func (o *office) Send(_ context.Context, e upstream.Envelope, content io.Reader, _ int64) ([]upstream.Result, error) {
	if o.wait != nil {
		<-o.wait
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	var results []upstream.Result
	for _, r := range e.Recipients {
		o.sent = append(o.sent, r.Path)
		results = append(results, upstream.Result{Path: r.Path, Outcome: upstream.Accepted, Reply: upstream.Reply{Code: 250, Lines: []string{"2.1.5 ok"}}})
	}
	return results, nil
}

func (o *office) got() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.sent...)
}

// newOffice opens a console where releases of 100 people take two.
func newOffice(t testing.TB, change func(*console.Config)) *office {
	t.Helper()
	store, _, _ := newStore(t)
	o := &office{t: t, store: store, accounts: accountsStore(t)}
	desk := review.New(review.Config{Store: store, Upstream: o, TwoPeopleFrom: 100})
	o.jobs = review.NewJobs(review.JobsConfig{Desk: desk, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if err := o.jobs.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	cfg := console.Config{Store: store, Desk: desk, Jobs: o.jobs, Cases: store, Metrics: metrics.New(prometheus.NewRegistry(), metrics.Names{}),
		Log: slog.New(slog.DiscardHandler), Access: newDoor(o.accounts), Accounts: o.accounts}
	if change != nil {
		change(&cfg)
	}
	h, err := console.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(signedIn(h, session(t, o.accounts, "ana", access.Approver)))
	t.Cleanup(server.Close)
	o.url = server.URL
	return o
}

// hold holds n copies of a run of so many people, and gives its incident.
func (o *office) hold(run string, n, subjects int) string {
	o.t.Helper()
	var m quarantine.Message
	for i := range n {
		m = holdMessage(o.t, o.store, quarantine.Message{From: "tool@isp.example", Recipients: []quarantine.Recipient{{Address: fmt.Sprintf("r%d@client.example", i)}},
			Policy: "bulk-customer-records", Subjects: subjects, Records: subjects, Completeness: "complete", Action: "hold", IncidentKey: run}, "1", "name", "A***")
	}
	return m.Incident
}

// look reads an incident's page as somebody.
func (o *office) look(who, incident string) string {
	o.t.Helper()
	resp, body := o.send(who, http.MethodGet, "/incidents/"+incident, nil)
	if resp.StatusCode != http.StatusOK {
		o.t.Fatalf("%s: %s\n%s", incident, resp.Status, body)
	}
	return body
}

// send asks for something as somebody, "" for ana, and follows no redirect.
func (o *office) send(who, method, path string, form url.Values) (*http.Response, string) {
	o.t.Helper()
	req, err := http.NewRequest(method, o.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		o.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if name, role, found := strings.Cut(who, "/"); found {
		req.AddCookie(o.cookie(name, access.Role(role)))
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close() // read to its end
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return resp, string(body)
}

// cookie is that of somebody's session, made once.
func (o *office) cookie(name string, role access.Role) *http.Cookie {
	o.t.Helper()
	if _, err := o.accounts.Account(o.t.Context(), name); err == nil {
		return &http.Cookie{Name: access.CookieName, Value: "session of " + name}
	}
	return session(o.t, o.accounts, name, role)
}

var formAction = regexp.MustCompile(`(?s)<form [^>]*method="post" action="([^"]+)".*?</form>`)
var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// form gives the hidden fields of the form of an act on a page; false where it
// has none.
func formOf(body, act string) (url.Values, bool) {
	for _, m := range formAction.FindAllStringSubmatch(body, -1) {
		if strings.HasSuffix(m[1], "/"+act) {
			v := url.Values{}
			for _, f := range hiddenField.FindAllStringSubmatch(m[0], -1) {
				v.Add(f[1], f[2])
			}
			return v, true
		}
	}
	return nil, false
}

// post fills in the form of an act that somebody sees, and sends it.
func (o *office) post(who, incident, act string, fields url.Values) (*http.Response, string) {
	o.t.Helper()
	v, found := formOf(o.look(who, incident), act)
	if !found {
		o.t.Fatalf("%q has no form to %s", who, act)
	}
	for key, values := range fields {
		v[key] = values
	}
	return o.send(who, http.MethodPost, "/incidents/"+incident+"/"+act, v)
}

// saysDone checks that an act led back to the incident, which says that it is
// done, and does not to who comes by another way.
func (o *office) saysDone(resp *http.Response, body, incident, what string) {
	o.t.Helper()
	to := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/incidents/"+incident+"?done=") || !strings.HasSuffix(to, "#besides") {
		o.t.Fatalf("%s to %q\n%s", resp.Status, to, body)
	}
	if _, body := o.send("", http.MethodGet, strings.TrimSuffix(to, "#besides"), nil); !strings.Contains(body, what) {
		o.t.Errorf("the page does not say %q:\n%s", what, body)
	}
	for _, other := range []string{"", "?done=", "?done=released", "?done=<b>"} {
		if _, body := o.send("", http.MethodGet, "/incidents/"+incident+other, nil); strings.Contains(body, "notice good") {
			o.t.Errorf("%q says that something is done:\n%s", other, body)
		}
	}
}

// done checks that an act led back to the incident.
func (o *office) done(resp *http.Response, body, incident string) {
	o.t.Helper()
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/incidents/"+incident+"#decide" {
		o.t.Fatalf("%s to %q\n%s", resp.Status, resp.Header.Get("Location"), body)
	}
}

func (o *office) ended(incident string) review.Job {
	o.t.Helper()
	for range 2000 {
		if job, found := o.jobs.Job(incident); found && !job.Ended.IsZero() {
			return job
		}
		time.Sleep(5 * time.Millisecond)
	}
	o.t.Fatalf("the job of %s does not end", incident)
	return review.Job{}
}

func (o *office) acts(incident string) (acts []string) {
	o.t.Helper()
	page, err := o.store.AuditLog(o.t.Context(), quarantine.AuditLogQuery{Incident: incident, Limit: 500})
	if err != nil {
		o.t.Fatal(err)
	}
	for _, e := range page.Entries {
		acts = append(acts, string(e.Act)+" by "+e.By+": "+e.Reason)
	}
	return acts
}

var why = url.Values{"reason": {"agreed with the customer"}}
