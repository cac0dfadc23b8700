package console_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
)

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
