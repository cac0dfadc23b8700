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
	"github.com/bulkhead-dlp/bulkhead/proxy/report"
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

func TestReleaseFromThePage(t *testing.T) {
	o := newOffice(t, nil)
	id := o.hold("run", 3, 12)
	body := o.look("", id)
	for _, want := range []string{"3 messages", "3 recipients", "bulkhead incidents release " + id + " --token ", "agreed with whose data it is"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
	resp, body := o.post("", id, "release", url.Values{"reason": {""}})
	if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "Say why") {
		t.Errorf("without a reason: %s\n%s", resp.Status, body)
	}
	resp, body = o.post("", id, "release", url.Values{"reason": {"agreed"}, "scope": {"some"}})
	if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "Name the recipients") || !strings.Contains(body, `value="agreed"`) {
		t.Errorf("to nobody: %s\n%s", resp.Status, body)
	}
	resp, body = o.post("", id, "release", url.Values{"reason": {"agreed"}, "scope": {"some"}, "names": {"nobody@client.example"}})
	if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "not a recipient") {
		t.Errorf("to somebody else: %s\n%s", resp.Status, body)
	}
	if len(o.got()) != 0 {
		t.Fatalf("sent %v", o.got())
	}
	resp, body = o.post("", id, "release", url.Values{"reason": {"agreed"}, "scope": {"some"}, "to": {"r1@client.example"}})
	o.done(resp, body, id)
	o.ended(id)
	if got := o.got(); len(got) != 1 || got[0] != "r1@client.example" {
		t.Errorf("sent %v", got)
	}
	resp, body = o.post("", id, "release", why)
	o.done(resp, body, id)
	o.ended(id)
	if got := o.got(); len(got) != 3 {
		t.Errorf("sent %v", got)
	}
	body = o.look("", id)
	if !strings.Contains(body, "Decided") || !strings.Contains(body, `<span class="badge good">released</span> 3`) {
		t.Errorf("the results are not told:\n%s", body)
	}
	if _, has := formOf(body, "release"); has {
		t.Error("what is released can be released")
	}
	if acts := strings.Join(o.acts(id), "\n"); !strings.Contains(acts, "decision_ended by ana: agreed with the customer") {
		t.Errorf("the trail:\n%s", acts)
	}
}

func TestRefuseAndDeleteFromThePage(t *testing.T) {
	o := newOffice(t, nil)
	id := o.hold("run", 60, 19_997)
	for _, count := range []string{"", "6", "600", "sixty"} {
		resp, body := o.post("", id, "refuse", url.Values{"reason": {"wrong file"}, "count": {count}})
		if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "Type the number of messages") {
			t.Errorf("with the count %q: %s", count, resp.Status)
		}
	}
	resp, body := o.post("", id, "refuse", url.Values{"reason": {"wrong file"}, "count": {"60"}})
	o.done(resp, body, id)
	if job := o.ended(id); job.Err != nil || job.Results["refused"] != 60 {
		t.Errorf("%+v", job)
	}
	if body := o.look("", id); !strings.Contains(body, "Decided") || !strings.Contains(body, "<strong>ana</strong>") {
		t.Errorf("the page does not say who has decided:\n%s", body)
	}
	resp, body = o.post("", id, "delete", url.Values{"reason": {"asked for"}, "count": {"60"}})
	o.done(resp, body, id)
	if job := o.ended(id); job.Err != nil || job.Results["deleted"] != 60 {
		t.Errorf("%+v", job)
	}
	if _, has := formOf(o.look("", id), "delete"); has {
		t.Error("what is deleted can be deleted")
	}
	if len(o.got()) != 0 {
		t.Errorf("sent %v", o.got())
	}
}

// What is decided is what was seen: a page from before a copy came decides
// nothing, and says what has changed.
func TestStalePageDecidesNothing(t *testing.T) {
	o := newOffice(t, nil)
	id := o.hold("run", 2, 12)
	body := o.look("", id)
	o.hold("run", 3, 12)
	for _, act := range []string{"release", "refuse", "delete"} {
		v, _ := formOf(body, act)
		v.Set("reason", "agreed")
		resp, answer := o.send("", http.MethodPost, "/incidents/"+id+"/"+act, v)
		if resp.StatusCode != http.StatusConflict || !strings.Contains(answer, "3 copies have arrived") || !strings.Contains(answer, "there are now 5") {
			t.Errorf("%s: %s\n%s", act, resp.Status, answer)
		}
		v.Del("token")
		if resp, _ := o.send("", http.MethodPost, "/incidents/"+id+"/"+act, v); resp.StatusCode != http.StatusConflict {
			t.Errorf("%s without a token: %s", act, resp.Status)
		}
	}
	if _, found := o.jobs.Job(id); found || len(o.got()) != 0 {
		t.Errorf("something was decided; sent %v", o.got())
	}
	if resp, _ := o.send("", http.MethodPost, "/incidents/IN-0000-0000/refuse", why); resp.StatusCode != http.StatusNotFound {
		t.Errorf("an incident that is not there: %s", resp.Status)
	}
}

func TestSecondPersonAgrees(t *testing.T) {
	o := newOffice(t, nil)
	id := o.hold("run", 2, 19_997)
	if body := o.look("", id); !strings.Contains(body, "takes two people") || !strings.Contains(body, "Ask for the release") {
		t.Errorf("the page does not say that it takes two:\n%s", body)
	}
	stale, _ := formOf(o.look("", id), "refuse")
	resp, body := o.post("", id, "release", why)
	o.done(resp, body, id)
	if len(o.got()) != 0 {
		t.Fatalf("sent by one: %v", o.got())
	}
	stale.Set("reason", "no")
	if resp, body := o.send("cem/reviewer", http.MethodPost, "/incidents/"+id+"/refuse", stale); resp.StatusCode != http.StatusConflict || !strings.Contains(body, "ana has asked to release 2 messages") {
		t.Errorf("another decision beside it: %s\n%s", resp.Status, body)
	}
	body = o.look("", id)
	if _, has := formOf(body, "approve"); has || !strings.Contains(body, "You asked for it") {
		t.Errorf("who asked can agree:\n%s", body)
	}
	if _, has := formOf(o.look("cem/reviewer", id), "approve"); has {
		t.Error("who has not the right can agree")
	}
	agree, _ := formOf(o.look("ben/approver", id), "approve")
	agree.Set("reason", "seen")
	if resp, body := o.send("", http.MethodPost, "/incidents/"+id+"/approve", agree); resp.StatusCode != http.StatusForbidden || !strings.Contains(body, "somebody else has to agree") {
		t.Errorf("who asked agrees all the same: %s\n%s", resp.Status, body)
	}
	if resp, _ := o.send("cem/reviewer", http.MethodPost, "/incidents/"+id+"/approve", agree); resp.StatusCode != http.StatusForbidden {
		t.Errorf("who has not the right agrees all the same: %s", resp.Status)
	}
	// Withdrawn and asked anew for another: what ben has seen is not that.
	resp, body = o.post("", id, "withdraw", url.Values{"reason": {"only one"}})
	o.done(resp, body, id)
	resp, body = o.post("", id, "release", url.Values{"reason": {"one"}, "scope": {"some"}, "to": {"r0@client.example"}})
	o.done(resp, body, id)
	if resp, body := o.send("ben/approver", http.MethodPost, "/incidents/"+id+"/approve", agree); resp.StatusCode != http.StatusConflict || !strings.Contains(body, "ana has asked") {
		t.Errorf("agreed to what was not seen: %s\n%s", resp.Status, body)
	}
	if len(o.got()) != 0 {
		t.Fatalf("sent %v", o.got())
	}
	if body := o.look("ben/approver", id); !strings.Contains(body, "r0@client.example") || !strings.Contains(body, "1 recipient of them") {
		t.Errorf("ben does not see to whom:\n%s", body)
	}
	resp, body = o.post("ben/approver", id, "approve", url.Values{"reason": {"seen"}})
	o.done(resp, body, id)
	o.ended(id)
	if got := o.got(); len(got) != 1 || got[0] != "r0@client.example" {
		t.Errorf("sent %v", got)
	}
	acts := strings.Join(o.acts(id), "\n")
	for _, want := range []string{"decision_asked by ana", "decision_withdrawn by ana: only one", "decision_approved by ben: seen"} {
		if !strings.Contains(acts, want) {
			t.Errorf("the trail lacks %q:\n%s", want, acts)
		}
	}
}

func TestJobIsSeenStoppedAndResumed(t *testing.T) {
	o := newOffice(t, nil)
	id := o.hold("run", 4, 12)
	o.wait = make(chan struct{})
	resp, body := o.post("", id, "release", why)
	o.done(resp, body, id)
	o.wait <- struct{}{}
	o.waitFor(id, func(j review.Job) bool { return j.Done == 1 })
	body = o.look("", id)
	for _, want := range []string{`<progress max="4" value="1"`, "1 of 4 messages", `http-equiv="refresh"`, `<span class="badge good">released</span> 1`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
	resp, body = o.post("", id, "stop", nil)
	o.done(resp, body, id)
	o.wait <- struct{}{}
	o.ended(id)
	if body := o.look("", id); !strings.Contains(body, "was stopped") || len(o.got()) != 2 {
		t.Errorf("sent %v:\n%s", o.got(), body)
	}
	close(o.wait)
	resp, body = o.post("", id, "resume", nil)
	o.done(resp, body, id)
	o.ended(id)
	if len(o.got()) != 4 {
		t.Errorf("sent %v", o.got())
	}
	if resp, _ := o.send("", http.MethodPost, "/incidents/"+id+"/stop", nil); resp.StatusCode != http.StatusNotFound {
		t.Errorf("stopped after its end: %s", resp.Status)
	}
}

func (o *office) waitFor(incident string, what func(review.Job) bool) {
	o.t.Helper()
	for range 2000 {
		if job, found := o.jobs.Job(incident); found && what(job) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	o.t.Fatal("never comes about")
}

func TestClaimAndMarkFromThePage(t *testing.T) {
	o := newOffice(t, nil)
	id := o.hold("run", 1, 12)
	resp, body := o.post("", id, "claim", nil)
	o.done(resp, body, id)
	if body := o.look("ben/approver", id); !strings.Contains(body, "ana works on it") {
		t.Errorf("ben does not see whose it is:\n%s", body)
	}
	if resp, body := o.send("ben/approver", http.MethodPost, "/incidents/"+id+"/claim", nil); resp.StatusCode != http.StatusConflict || !strings.Contains(body, "Somebody else works on") {
		t.Errorf("claimed twice: %s\n%s", resp.Status, body)
	}
	resp, body = o.post("", id, "give-back", nil)
	o.done(resp, body, id)
	if resp, body := o.post("", id, "mark", url.Values{"choice": {"wrong"}}); resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "Say why") {
		t.Errorf("marked without a reason: %s", resp.Status)
	}
	if resp, _ := o.post("", id, "mark", url.Values{"choice": {"odd"}, "reason": {"x"}}); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("marked as odd: %s", resp.Status)
	}
	resp, body = o.post("", id, "mark", url.Values{"choice": {"wrong"}, "reason": {"test data"}})
	o.done(resp, body, id)
	if i, err := o.store.Incident(t.Context(), id); err != nil || i.Mark != quarantine.MarkedWrong || i.Assigned != "" {
		t.Errorf("%+v, %v", i, err)
	}
	if acts := strings.Join(o.acts(id), "\n"); !strings.Contains(acts, "marked by ana: test data") || strings.Count(acts, "assigned by ana") != 2 {
		t.Errorf("the trail:\n%s", acts)
	}
}

// Who may only look sees no form, and without a desk the page says how it is
// done on the command line.
func TestWhoMayNotDecideHasNoForms(t *testing.T) {
	o := newOffice(t, nil)
	id := o.hold("run", 1, 12)
	body := o.look("vera/viewer", id)
	if forms := formAction.FindAllStringSubmatch(body, -1); len(forms) != 1 || forms[0][1] != "/logout" {
		t.Errorf("a viewer has forms: %q", forms)
	}
	for _, act := range []string{"release", "refuse", "delete", "approve", "withdraw", "stop", "resume", "claim", "give-back", "mark"} {
		if resp, _ := o.send("vera/viewer", http.MethodPost, "/incidents/"+id+"/"+act, why); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", act, resp.Status)
		}
	}
	o = newOffice(t, func(c *console.Config) { c.Desk, c.Jobs = nil, nil })
	id = o.hold("run", 1, 12)
	if body := o.look("", id); !strings.Contains(body, "bulkhead incidents refuse "+id) {
		t.Errorf("the page does not say how:\n%s", body)
	}
	if resp, _ := o.send("", http.MethodPost, "/incidents/"+id+"/refuse", why); resp.StatusCode != http.StatusNotImplemented {
		t.Errorf("decided without a desk: %s", resp.Status)
	}
}

func TestBreachRecordIsGivenOutAndRecorded(t *testing.T) {
	o := newOffice(t, func(c *console.Config) {
		c.Gather = func(ctx context.Context, id string) (report.Incident, error) {
			i, err := c.Store.Incident(ctx, id)
			return report.Incident{ID: i.ID, First: i.First, Stopped: i.First, Last: i.Last, Subjects: int64(i.Subjects)}, err
		}
	})
	id := o.hold("run", 1, 12)
	body := o.look("vera/viewer", id)
	for format, begin := range map[string]string{"html": "<!doctype html", "pdf": "%PDF-", "json": "{"} {
		path := "/incidents/" + id + "/report." + format
		if !strings.Contains(body, `href="`+path+`"`) {
			t.Errorf("the page has no link to %s", path)
		}
		resp, record := o.send("vera/viewer", http.MethodGet, path, nil)
		if resp.StatusCode != http.StatusOK || !strings.HasPrefix(strings.ToLower(record), strings.ToLower(begin)) {
			t.Errorf("%s: %s, %.100s", path, resp.Status, record)
		}
		if got := resp.Header.Get("Content-Disposition"); got != `attachment; filename="`+id+"."+format+`"` {
			t.Errorf("%s is given out as %q", path, got)
		}
	}
	if acts := strings.Join(o.acts(id), "\n"); strings.Count(acts, "reported by vera") != 3 {
		t.Errorf("the trail:\n%s", acts)
	}
	if resp, _ := o.send("", http.MethodGet, "/incidents/IN-0000-0000/report.pdf", nil); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a record of what is not there: %s", resp.Status)
	}
}

// bulkForm gives the fields of the page that confirms a decision about several.
func (o *office) bulkForm(act string, ids ...string) (url.Values, string) {
	o.t.Helper()
	resp, body := o.send("", http.MethodGet, "/incidents/"+act+"?"+url.Values{"id": ids}.Encode(), nil)
	if resp.StatusCode != http.StatusOK {
		o.t.Fatalf("%s\n%s", resp.Status, body)
	}
	v, _ := formOf(body, act)
	return v, body
}

func TestSeveralAreDecidedAtOnce(t *testing.T) {
	o := newOffice(t, nil)
	a, b, c := o.hold("a", 2, 12), o.hold("b", 60, 12), o.hold("c", 1, 19_997)
	if _, list := o.send("", http.MethodGet, "/incidents?q=", nil); strings.Count(list, `name="id"`) != 5 || !strings.Contains(list, `formaction="/incidents/release"`) {
		t.Errorf("nothing can be selected:\n%s", list)
	}
	if _, list := o.send("vera/viewer", http.MethodGet, "/incidents?q=", nil); strings.Contains(list, `name="id"`) || strings.Contains(list, "formaction") {
		t.Error("who may only look can select")
	}
	// A release of many people takes two, one by one.
	v, body := o.bulkForm("release", a, b, c, a, "IN-0000-0000")
	if !strings.Contains(body, "2 incidents") || !strings.Contains(body, "62 messages") || !strings.Contains(body, "takes two people") || len(v["id"]) != 2 {
		t.Errorf("the page says:\n%s", body)
	}
	v.Set("reason", "agreed")
	for _, count := range []string{"", "60"} {
		v.Set("count", count)
		if resp, body := o.send("", http.MethodPost, "/incidents/release", v); resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "Type the number of messages, 62") {
			t.Errorf("with the count %q: %s\n%s", count, resp.Status, body)
		}
	}
	if _, found := o.jobs.Job(a); found {
		t.Fatal("something was decided")
	}
	v.Set("count", "62")
	resp, body := o.send("", http.MethodPost, "/incidents/release", v)
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/incidents" {
		t.Fatalf("%s\n%s", resp.Status, body)
	}
	o.ended(a)
	o.ended(b)
	if len(o.got()) != 62 {
		t.Errorf("%d got it, want 62", len(o.got()))
	}
	// Forms that were made by hand release nothing of many people.
	own, _ := formOf(o.look("", c), "release")
	resp, body = o.send("", http.MethodPost, "/incidents/release", url.Values{"id": {c}, "token": own["token"], "reason": {"x"}})
	if resp.StatusCode != http.StatusConflict || !strings.Contains(body, "takes two people") || len(o.got()) != 62 {
		t.Errorf("%s\n%s", resp.Status, body)
	}
	if _, err := o.store.OpenDecision(t.Context(), c); err == nil {
		t.Error("its release was asked for")
	}
}

// Of what has changed since it was selected nothing is decided, and the rest is.
func TestSeveralThatHaveChangedAreLeftOut(t *testing.T) {
	o := newOffice(t, nil)
	a, b := o.hold("a", 2, 12), o.hold("b", 2, 12)
	v, _ := o.bulkForm("refuse", a, b)
	v.Set("reason", "wrong file")
	o.hold("b", 1, 12)
	resp, body := o.send("", http.MethodPost, "/incidents/refuse", v)
	if resp.StatusCode != http.StatusConflict || !strings.Contains(body, "1 decision is noted") || !strings.Contains(body, "changed since you looked") {
		t.Errorf("%s\n%s", resp.Status, body)
	}
	o.ended(a)
	if _, found := o.jobs.Job(b); found {
		t.Error("what nobody has seen was decided")
	}
	if resp, body := o.send("", http.MethodGet, "/incidents/delete", nil); resp.StatusCode != http.StatusOK || !strings.Contains(body, "Nothing is selected") {
		t.Errorf("%s\n%s", resp.Status, body)
	}
	v, _ = o.bulkForm("delete", a)
	if resp, body := o.send("", http.MethodPost, "/incidents/delete", v); resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "Say why") {
		t.Errorf("without a reason: %s\n%s", resp.Status, body)
	}
	v.Add("id", b)
	if resp, _ := o.send("", http.MethodPost, "/incidents/delete", v); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("an incident without a token: %s", resp.Status)
	}
}

// allower notes what is put on the allow list.
type allower struct {
	got []review.Exception
	err error
}

func (a *allower) Allow(_ context.Context, x review.Exception) error {
	if a.err == nil {
		a.got = append(a.got, x)
	}
	return a.err
}

func TestAllowFromThePage(t *testing.T) {
	list := &allower{}
	o := newOffice(t, func(c *console.Config) { c.Allow = list })
	id, other := o.hold("run", 1, 12), o.hold("other", 1, 12)
	body := o.look("", id)
	for _, want := range []string{"mail to r0@client.example", "mail to all of client.example", "mail from tool@isp.example", "mail from all of isp.example", "tables with the heads"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not offer %q", want)
		}
	}
	for name, fields := range map[string]url.Values{
		"no choice": {"reason": {"contract"}, "days": {"30"}}, "an odd choice": {"reason": {"contract"}, "days": {"30"}, "choice": {"person.0"}},
		"no reason": {"choice": {"sender.0"}, "days": {"30"}}, "no end": {"reason": {"contract"}, "choice": {"sender.0"}, "days": {""}},
		"a far end": {"reason": {"contract"}, "choice": {"sender.0"}, "days": {"3651"}}, "an end that is past": {"reason": {"contract"}, "choice": {"sender.0"}, "days": {"0"}},
	} {
		if resp, _ := o.post("", id, "allow", fields); resp.StatusCode != http.StatusUnprocessableEntity || len(list.got) != 0 {
			t.Errorf("%s: %s, allowed %v", name, resp.Status, list.got)
		}
	}
	good := url.Values{"reason": {"contract 12"}, "choice": {"recipient-domain.0"}, "days": {"30"}}
	resp, body := o.post("", id, "allow", good)
	o.saysDone(resp, body, id, "It is on the allow list from now on")
	if len(list.got) != 1 {
		t.Fatalf("allowed %v", list.got)
	}
	x := list.got[0]
	if x.Kind != "recipient-domain" || x.Value != "client.example" || x.Policy != "bulk-customer-records" || x.Owner != "ana" || x.Reason != "contract 12" ||
		x.Incident != id || time.Until(x.Expires).Round(24*time.Hour) != 30*24*time.Hour {
		t.Errorf("%+v", x)
	}
	// A message of another incident is not what was seen.
	v, _ := formOf(o.look("", other), "allow")
	good["message"] = v["message"]
	if resp, _ := o.send("", http.MethodPost, "/incidents/"+id+"/allow", good); resp.StatusCode != http.StatusNotFound || len(list.got) != 1 {
		t.Errorf("of another incident: %s", resp.Status)
	}
	list.err = &review.NotAllowedError{Why: "entry AL-1 allows the same"}
	delete(good, "message")
	if resp, body := o.post("", id, "allow", good); resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "entry AL-1 allows the same") {
		t.Errorf("%s\n%s", resp.Status, body)
	}
	if resp, _ := o.send("vera/viewer", http.MethodPost, "/incidents/"+id+"/allow", good); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer allows: %s", resp.Status)
	}
}

func TestTestCopyFromThePage(t *testing.T) {
	o := newOffice(t, nil)
	if _, has := formOf(o.look("", o.hold("run", 2, 19_997)), "test"); has {
		t.Error("there is a form where no test copies are sent")
	}
	o = newOffice(t, func(c *console.Config) {
		store, _ := c.Store.(*quarantine.Store)
		c.Test = review.New(review.Config{Store: store, Upstream: reviewers{}, Own: func(_, to string) bool { return to == "ana@office.example" }})
	})
	id := o.hold("run", 2, 19_997)
	for name, fields := range map[string]url.Values{
		"no reason": {"names": {"ana@office.example"}}, "a reader": {"names": {"r0@client.example"}, "reason": {"look"}}, "nobody": {"reason": {"look"}},
	} {
		if resp, _ := o.post("", id, "test", fields); resp.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %s", name, resp.Status)
		}
	}
	resp, body := o.post("", id, "test", url.Values{"names": {"ana@office.example"}, "reason": {"how it looks"}})
	o.saysDone(resp, body, id, "The copy is sent")
	if body := o.look("", id); !strings.Contains(body, "2 recipients of 2 messages") {
		t.Errorf("the test counts as a release:\n%s", body)
	}
	if acts := strings.Join(o.acts(id), "\n"); strings.Count(acts, "tested by ana") != 1 {
		t.Errorf("the trail:\n%s", acts)
	}
}

// reviewers is an upstream that takes everything.
type reviewers struct{}

func (reviewers) Send(_ context.Context, e upstream.Envelope, content io.Reader, _ int64) ([]upstream.Result, error) {
	_, err := io.Copy(io.Discard, content)
	return []upstream.Result{{Path: e.Recipients[0].Path, Outcome: upstream.Accepted}}, err
}
