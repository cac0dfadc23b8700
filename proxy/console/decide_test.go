package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
)

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
