package console_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/report"
)

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
