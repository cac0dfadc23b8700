package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

func TestContentLeavesWithAReasonThatTheTrailHas(t *testing.T) {
	var given, denied atomic.Int32
	w := newWorld(t, func(c *api.Config) {
		c.Taken = func(_ string, was bool) {
			if was {
				given.Add(1)
			} else {
				denied.Add(1)
			}
		}
	})
	path := "POST /messages/" + w.held.ID + "/source"
	w.want(http.StatusUnprocessableEntity, reviewer, path, `{"reason":" "}`)
	w.want(http.StatusForbidden, viewer, path, `{"reason":"for the DPO"}`)
	if acts := w.acts(w.held.Incident); len(acts) != 1 {
		t.Fatalf("before anything left: %v", acts)
	}
	got := w.want(http.StatusOK, reviewer, path, `{"reason":"for the DPO"}`)
	if string(got.body) != "Subject: x\r\n\r\nAlice Abbott, list@isp.example\r\n" || got.Header.Get("Content-Disposition") != `attachment; filename="`+w.held.ID+`.eml"` {
		t.Errorf("got %q, %v", got.body, got.Header)
	}
	var trail api.Trail
	w.read(viewer, "GET /audit?message="+w.held.ID+"&limit=1", &trail)
	if e := trail.Entries[0]; e.Act != quarantine.ActExported || e.By != "rita" || e.Reason != "for the DPO" {
		t.Errorf("the trail has %+v", e)
	}
	w.want(http.StatusNotFound, reviewer, "POST /messages/BH-0000-0000/source", `{"reason":"x"}`)
	if given.Load() != 1 || denied.Load() != 3 {
		t.Errorf("%d are counted as given, %d as denied", given.Load(), denied.Load())
	}
}

func TestRecordsAreWrittenInEachForm(t *testing.T) {
	w := newWorld(t, nil)
	for form, start := range map[string]string{"html": "<!DOCTYPE html>", "pdf": "%PDF-", "json": "{"} {
		got := w.want(http.StatusOK, viewer, "POST /incidents/"+w.held.Incident+"/report", `{"format":"`+form+`","contact":"Zoe Miller","known":"2031-03-02T10:42:00Z"}`)
		if !bytes.HasPrefix(bytes.TrimSpace(got.body), []byte(start)) && !bytes.HasPrefix(bytes.ToLower(got.body), bytes.ToLower([]byte(start))) {
			t.Errorf("%s begins with %.40q", form, got.body)
		}
	}
	var trail api.Trail
	w.read(viewer, "GET /audit?act=reported", &trail)
	if len(trail.Entries) != 3 || trail.Entries[0].By != "vera" {
		t.Errorf("the trail has %+v", trail.Entries)
	}
}

// Seven days are seven with today, as on the console's page.
func TestPoliciesTellHowOftenTheyDecided(t *testing.T) {
	w := newWorld(t, nil)
	var list api.PolicyList
	w.read(viewer, "GET /policies", &list)
	name := list.Policies[0].Name
	l := &quarantine.Ledger{}
	for _, days := range []int{0, 6, 7, 29, 30} {
		l.Exposures = append(l.Exposures, quarantine.Exposure{At: time.Now().AddDate(0, 0, -days), Sender: "s", Run: "r", Action: "hold", Policy: name, Exposure: []byte(`{}`)})
	}
	if err := w.store.WriteLedger(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	w.read(viewer, "GET /policies", &list)
	if p := list.Policies[0]; p.Week != 2 || p.Month != 4 {
		t.Errorf("%d within 7 days and %d within 30, want 2 and 4", p.Week, p.Month)
	}
}

func TestPoliciesAreRehearsed(t *testing.T) {
	w := newWorld(t, nil)
	var list api.PolicyList
	w.read(viewer, "GET /policies", &list)
	if len(list.Policies) < 5 || list.Policies[0].Name == "" || list.Version == "" {
		t.Fatalf("the policies are %+v", list)
	}
	with := ""
	for _, p := range list.Policies {
		if len(p.Thresholds) > 0 {
			with = p.Name
		}
	}
	for body, code := range map[string]int{
		`{"days":30,"policy":"` + with + `","threshold":0,"value":3}`: 200, `{"days":30,"policies":"policies: []\n"}`: 0,
		`{"days":30,"policy":"` + with + `","threshold":99,"value":3}`: 422, `{"days":30,"policy":"nothing","value":3}`: 404, `{"days":30}`: 422, `{"days":0,"policy":"x"}`: 422,
		`{"days":30,"policies":"nonsense: [ana.muster@client.example"}`: 422, `{"days":30,"policies":"policies:\n- name: x\n  when: ana.muster > 3\n  action: hold\n"}`: 422,
	} {
		got := w.ask(viewer, "POST /replay", body)
		if code != 0 && got.StatusCode != code || got.StatusCode >= 500 || bytes.Contains(got.body, []byte("muster")) {
			t.Errorf("%s: %s, want %d\n%s", body, got.Status, code, got.body)
		}
	}
	var settings api.Settings
	if err := json.Unmarshal(w.want(http.StatusOK, "ana admin", "GET /settings", "").body, &settings); err != nil || len(settings.Settings) != 1 {
		t.Errorf("the settings are %v, %v", settings, err)
	}
}

func TestEventsFollowWhatChanges(t *testing.T) {
	done := make(chan struct{})
	w := newWorld(t, func(c *api.Config) { c.Done = done })
	resp, err := http.DefaultClient.Do(w.request(viewer, "GET /events", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() // read to its end
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("the type is %q", got)
	}
	lines := bufio.NewScanner(resp.Body)
	next := func() string {
		for lines.Scan() {
			if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
				return data
			}
		}
		return ""
	}
	if got, want := next(), `{"audit":2,"messages":0}`; got != want {
		t.Errorf("the first is %s, want %s", got, want)
	}
	w.want(http.StatusNoContent, reviewer, "POST /incidents/"+w.held.Incident+"/claim", `{"reason":"mine"}`)
	if got, want := next(), `{"audit":3,"messages":0}`; got != want {
		t.Errorf("then %s, want %s", got, want)
	}
	close(done)
	if got := next(); got != "" {
		t.Errorf("after the end: %s", got)
	}
}
