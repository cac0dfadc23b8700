package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

const (
	reviewer = "rita reviewer"
	approver = "bert approver"
)

// want asks and wants a status.
func (w *world) want(status int, who, address, body string, headers ...string) answer {
	w.t.Helper()
	got := w.ask(who, address, body, headers...)
	if got.StatusCode != status {
		w.t.Fatalf("%s by %s: %s, want %d\n%s", address, who, got.Status, status, got.body)
	}
	return got
}

// token reads an incident's token.
func (w *world) token(incident string) string {
	w.t.Helper()
	var i api.WholeIncident
	w.read(viewer, "GET /incidents/"+incident, &i)
	return i.Token
}

// ended waits until the decision about an incident is carried out.
func (w *world) ended(incident string) api.Job {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var j api.Job
		if w.read(viewer, "GET /incidents/"+incident+"/job", &j); j.Ended != nil {
			return j
		}
	}
	w.t.Fatal("the decision does not end")
	return api.Job{}
}

func (w *world) acts(incident string) (acts []quarantine.Act) {
	w.t.Helper()
	var trail api.Trail
	w.read(viewer, "GET /incidents/"+incident+"/timeline?oldest_first=true", &trail)
	for _, e := range trail.Entries {
		acts = append(acts, e.Act)
	}
	return acts
}

func TestReleaseIsCarriedOutInTheBackground(t *testing.T) {
	w := newWorld(t, nil)
	id := w.second.Incident
	w.want(http.StatusConflict, reviewer, "POST /incidents/"+id+"/release", `{"reason":"agreed","token":"WRONG"}`)
	w.want(http.StatusUnprocessableEntity, reviewer, "POST /incidents/"+id+"/release", `{"reason":"agreed"}`)
	w.want(http.StatusUnprocessableEntity, reviewer, "POST /incidents/"+id+"/release", `{"reason":"agreed","token":"`+w.token(id)+`","to":["nobody@client.example"]}`)
	got := w.want(http.StatusAccepted, reviewer, "POST /incidents/"+id+"/release", `{"reason":"agreed","token":"`+w.token(id)+`"}`)
	var j api.Job
	if err := json.Unmarshal(got.body, &j); err != nil || j.Action != "release" || j.By != "rita" || j.Total != 1 {
		t.Errorf("the job is %+v, %v", j, err)
	}
	if j = w.ended(id); j.State != "ended" || j.Results["released"] != 1 || j.Failed != 0 {
		t.Errorf("the job ended as %+v", j)
	}
	if !slices.Equal(w.sent, []string{"fritz@client.example"}) {
		t.Errorf("sent to %v", w.sent)
	}
	w.want(http.StatusConflict, reviewer, "POST /incidents/"+id+"/release", `{"reason":"again","token":"`+w.token(id)+`"}`)
}

func TestTwoPeopleReleaseWhatIsMuch(t *testing.T) {
	w := newWorld(t, nil)
	id := w.held.Incident
	release := `{"reason":"agreed","token":"` + w.token(id) + `"}`
	var j api.Job
	if err := json.Unmarshal(w.want(http.StatusAccepted, approver, "POST /incidents/"+id+"/release", release).body, &j); err != nil || j.State != "awaiting" {
		t.Fatalf("the job is %+v, %v", j, err)
	}
	w.want(http.StatusNoContent, reviewer, "POST /incidents/"+id+"/withdraw", `{"reason":"not yet"}`)
	w.want(http.StatusAccepted, approver, "POST /incidents/"+id+"/release", `{"reason":"agreed","token":"`+w.token(id)+`"}`)
	agree := `{"reason":"seen","token":"` + w.token(id) + `"}`
	w.want(http.StatusForbidden, approver, "POST /incidents/"+id+"/approve", agree)
	w.want(http.StatusForbidden, reviewer, "POST /incidents/"+id+"/approve", agree)
	w.want(http.StatusAccepted, "ben approver", "POST /incidents/"+id+"/approve", agree)
	if j := w.ended(id); j.Approver != "ben" || j.By != "bert" || j.Results["released"] != 2 {
		t.Errorf("the job ended as %+v", j)
	}
	for _, act := range []quarantine.Act{quarantine.ActDecisionAsked, quarantine.ActDecisionWithdrawn, quarantine.ActDecisionApproved, quarantine.ActDecisionEnded} {
		if acts := w.acts(id); !slices.Contains(acts, act) {
			t.Errorf("%s is not in the timeline: %v", act, acts)
		}
	}
}

func TestIncidentsAreClaimedAssignedAndMarked(t *testing.T) {
	w := newWorld(t, nil)
	path := "POST /incidents/" + w.held.Incident
	w.want(http.StatusNoContent, reviewer, path+"/claim", `{"reason":"mine"}`)
	w.want(http.StatusConflict, approver, path+"/claim", `{"reason":"mine"}`)
	w.want(http.StatusNoContent, approver, path+"/assign", `{"reason":"on leave","to":"bert"}`)
	w.want(http.StatusNoContent, approver, path+"/mark", `{"reason":"a test list","mark":"wrong"}`)
	var i api.WholeIncident
	if w.read(viewer, "GET /incidents/"+w.held.Incident, &i); i.Assigned != "bert" || i.Mark != "wrong" {
		t.Errorf("the incident is %+v", i.About)
	}
	w.want(http.StatusNoContent, approver, path+"/mark", `{"reason":"it was real","mark":"none"}`)
	if w.read(viewer, "GET /incidents/"+w.held.Incident, &i); i.Mark != "" {
		t.Errorf("the mark is %q", i.Mark)
	}
	for _, body := range []string{`{"reason":""}`, `{"reason":" "}`, `{}`, ``, `[]`} {
		if got := w.ask(reviewer, path+"/claim", body); got.StatusCode != http.StatusUnprocessableEntity && got.StatusCode != http.StatusBadRequest {
			t.Errorf("without a reason (%s): %s", body, got.Status)
		}
	}
}

func TestSeveralAreDecidedEachByItself(t *testing.T) {
	w := newWorld(t, nil)
	got := w.want(http.StatusOK, reviewer, "POST /bulk/refuse",
		fmt.Sprintf(`{"reason":"wrong file","incidents":[{"incident":%q},{"incident":"IN-0000-0000"},{"incident":%q,"token":"WRONG"}]}`, w.held.Incident, w.second.Incident))
	var results api.BulkResults
	if err := json.Unmarshal(got.body, &results); err != nil {
		t.Fatal(err)
	}
	var codes []int
	for _, r := range results.Results {
		codes = append(codes, r.Status)
	}
	if !slices.Equal(codes, []int{202, 404, 409}) || results.Results[0].Job.Incident != w.held.Incident || results.Results[1].Job != nil {
		t.Errorf("got %s", got.body)
	}
	if j := w.ended(w.held.Incident); j.Results["refused"] != 1 {
		t.Errorf("the job ended as %+v", j)
	}
	var i api.WholeIncident
	if w.read(viewer, "GET /incidents/"+w.second.Incident, &i); i.State != "open" {
		t.Errorf("the other is %s", i.State)
	}
}

func TestStopAndResume(t *testing.T) {
	w := newWorld(t, nil)
	path := "POST /incidents/" + w.held.Incident
	w.want(http.StatusNotFound, reviewer, path+"/stop", `{"reason":"wait"}`)
	w.want(http.StatusNotFound, reviewer, path+"/resume", "")
	w.want(http.StatusNotFound, viewer, "GET /incidents/"+w.held.Incident+"/job", "")
}

// A release that is stopped breaks off before its next message, and goes on
// where it was.
func TestAReleaseIsStoppedAndGoesOn(t *testing.T) {
	w := newWorld(t, nil)
	w.gate = make(chan struct{}, 2)
	copies := []quarantine.Message{}
	for _, to := range []string{"gert@client.example", "hans@client.example"} {
		copies = append(copies, w.hold(quarantine.Message{From: "list@isp.example", Subjects: 40, Records: 40, Completeness: "complete",
			Recipients: []quarantine.Recipient{{Address: to}}, IncidentKey: "run-3"}))
	}
	id := copies[0].Incident
	path := "POST /incidents/" + id
	w.want(http.StatusAccepted, reviewer, path+"/release", `{"reason":"agreed","token":"`+w.token(id)+`"}`)
	var running api.JobList
	if w.read(viewer, "GET /jobs", &running); len(running.Jobs) != 1 || running.Jobs[0].Incident != id || running.Jobs[0].State != "running" {
		t.Errorf("running: %+v", running)
	}
	w.want(http.StatusNoContent, reviewer, path+"/stop", `{"reason":"wait"}`)
	w.gate <- struct{}{} // the message under way is sent whole
	j := w.ended(id)
	if j.State != "stopped" || j.Done > 1 || j.Total != 2 {
		t.Fatalf("stopped as %+v", j)
	}
	w.gate <- struct{}{}
	w.want(http.StatusAccepted, reviewer, path+"/resume", "")
	if j = w.ended(id); j.State != "ended" {
		t.Errorf("resumed, and ended as %+v", j)
	}
	slices.Sort(w.sent)
	if want := []string{"gert@client.example", "hans@client.example"}; !slices.Equal(w.sent, want) {
		t.Errorf("sent to %v, want %v once", w.sent, want)
	}
}

// A client that has heard nothing asks again with its key: nothing is done
// again, and it hears what it would have heard.
func TestTheSameKeyDecidesOnce(t *testing.T) {
	w := newWorld(t, nil)
	path, body := "POST /incidents/"+w.second.Incident+"/refuse", `{"reason":"wrong file"}`
	first := w.want(http.StatusAccepted, reviewer, path, body, "Idempotency-Key", "k1")
	w.ended(w.second.Incident)
	again := w.want(http.StatusAccepted, reviewer, path, body, "Idempotency-Key", "k1")
	if again.Header.Get("Idempotency-Replayed") != "true" || first.Header.Get("Idempotency-Replayed") != "" || string(again.body) != string(first.body) {
		t.Errorf("first %s, then %s %s", first.body, again.Header.Get("Idempotency-Replayed"), again.body)
	}
	w.want(http.StatusUnprocessableEntity, reviewer, path, `{"reason":"another"}`, "Idempotency-Key", "k1")
	w.want(http.StatusUnprocessableEntity, reviewer, "POST /incidents/"+w.held.Incident+"/refuse", body, "Idempotency-Key", "k1")
	w.want(http.StatusUnprocessableEntity, reviewer, "POST /incidents/"+w.second.Incident+"/delete", `{"reason":"wrong file"}`, "Idempotency-Key", "k1")
	w.want(http.StatusConflict, approver, path, body, "Idempotency-Key", "k1") // another person's key is another; nothing is left to decide
	w.want(http.StatusConflict, reviewer, path, body)
	// What failed can be tried again with its key.
	w.want(http.StatusConflict, reviewer, "POST /incidents/"+w.held.Incident+"/release", `{"reason":"agreed","token":"WRONG"}`, "Idempotency-Key", "k2")
	w.want(http.StatusAccepted, reviewer, "POST /incidents/"+w.held.Incident+"/refuse", `{"reason":"wrong file"}`, "Idempotency-Key", "k2")
	begun := 0
	for _, act := range w.acts(w.second.Incident) {
		if act == quarantine.ActDecisionBegun {
			begun++
		}
	}
	if begun != 1 {
		t.Errorf("decided %d times", begun)
	}
}

func TestTheSameKeyAtTheSameTimeDecidesOnce(t *testing.T) {
	w := newWorld(t, nil)
	var mu sync.Mutex
	codes := map[int]int{}
	var all sync.WaitGroup
	for range 8 {
		req := w.request(reviewer, "POST /incidents/"+w.second.Incident+"/refuse", `{"reason":"wrong file"}`, "Idempotency-Key", "k")
		all.Go(func() {
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close() // the status is what counts
			mu.Lock()
			defer mu.Unlock()
			codes[resp.StatusCode]++
		})
	}
	all.Wait()
	if codes[http.StatusAccepted] < 1 || codes[http.StatusAccepted]+codes[http.StatusConflict] != 8 {
		t.Errorf("answers: %v", codes)
	}
	w.ended(w.second.Incident)
	if n := strings.Count(fmt.Sprint(w.acts(w.second.Incident)), string(quarantine.ActDecisionBegun)); n != 1 {
		t.Errorf("decided %d times", n)
	}
}
