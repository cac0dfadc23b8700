package main

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
)

// The program's own console decides: what is pressed on the page of an incident
// is carried out by the relay, with its upstream and its files.
func TestTheConsoleOfTheProgramDecides(t *testing.T) {
	t.Parallel()
	h := hold(t)
	id := h.incidentOf()
	token := tokenFor(t, h.data, string(access.EvidenceMasked), string(access.DecideRelease), string(access.ExceptionWrite), string(access.IncidentAssign))
	ask := func(method, path string, form url.Values) (*http.Response, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, h.p.admin+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(body)
	}
	_, body := ask(http.MethodGet, "/incidents/"+id, nil)
	seen := regexp.MustCompile(`name="token" value="([A-Z2-7]+)"`).FindStringSubmatch(body)
	if seen == nil {
		t.Fatalf("the page has no form:\n%s", body)
	}
	if resp, body := ask(http.MethodGet, "/incidents/"+id+"/report.pdf", nil); resp.StatusCode != http.StatusOK || !strings.HasPrefix(body, "%PDF-") {
		t.Errorf("breach record: %s %.100s", resp.Status, body)
	}
	post := func(act string, form url.Values) {
		t.Helper()
		if resp, body := ask(http.MethodPost, "/incidents/"+id+"/"+act, form); resp.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %s\n%s", act, resp.Status, body)
		}
	}
	post("allow", url.Values{"message": {h.id}, "choice": {"table.0"}, "reason": {"weekly report"}, "days": {"30"}})
	if out, errOut, status := runBulkhead(t, "allow", "list", "--data-dir", h.data); status != exitOK || !strings.Contains(out, "weekly report") {
		t.Errorf("allow list: %s%s", out, errOut)
	}
	post("release", url.Values{"token": {seen[1]}, "reason": {"agreed"}})
	for end := time.Now().Add(patience); h.state() != "released"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the message is %s\n%s", h.state(), h.p.logged())
		}
	}
	var to []string
	for _, m := range h.box.got() {
		to = append(to, m.to...)
	}
	if len(to) != len(holdingTo) {
		t.Errorf("delivered to %v, want %v", to, holdingTo)
	}
	acts := strings.Join(h.acts(), "\n")
	for _, want := range []string{"reported tester pdf", "allowed tester AL-", "decision_ended tester agreed"} {
		if !strings.Contains(acts, want) {
			t.Errorf("the trail lacks %q:\n%s", want, acts)
		}
	}
}
