package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

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
