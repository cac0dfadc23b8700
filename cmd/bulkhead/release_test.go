package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/emersion/go-smtp"
)

// holding is a relay with one held message for three people.
type holding struct {
	t       *testing.T
	box     *mailbox
	p       *process
	data    string
	id      string
	content []byte // as sent
}

var holdingTo = []string{"dora@client.example", "emil@client.example", "fay@client.example"}

func hold(t *testing.T) *holding {
	t.Helper()
	h := &holding{t: t, box: newMailbox(t), data: filepath.Join(t.TempDir(), "data")}
	h.p = serve(t, h.data, h.box.url())
	s := attached("", "list@isp.example", "", "customers.csv", "text/csv", []byte(csvOf(makeCustomers(50))))
	h.content = s.content
	code, text := dial(t, h.p.smtp[0]).send(s.from, holdingTo, s.content)
	words := strings.Fields(text)
	if code != 250 || len(words) < 6 || !strings.HasPrefix(words[5], "BH-") {
		t.Fatalf("answered %d %s, want 250 2.0.0 Held for review as BH-…", code, text)
	}
	h.id = strings.TrimSuffix(words[5], ";")
	return h
}

// quarantine runs a quarantine command on the held message.
func (h *holding) quarantine(verb string, more ...string) (stdout string, status int) {
	h.t.Helper()
	args := append([]string{"quarantine", verb, h.id, "--data-dir", h.data}, more...)
	out, errOut, status := runBulkhead(h.t, args...)
	if status == exitError {
		h.t.Logf("bulkhead %s: %s", strings.Join(args, " "), errOut)
	}
	return out, status
}

func (h *holding) release(more ...string) (stdout string, status int) {
	h.t.Helper()
	return h.quarantine("release", append([]string{"--upstream", h.box.url(), "--by", "rita", "--reason", "agreed"}, more...)...)
}

// state returns the held message's state as the list tells it.
func (h *holding) state() string {
	h.t.Helper()
	out, _, _ := runBulkhead(h.t, "quarantine", "list", "--format", "json", "--data-dir", h.data)
	var m api.Message
	if err := json.Unmarshal([]byte(out), &m); err != nil {
		h.t.Fatalf("%v: %s", err, out)
	}
	return m.State
}

// checkBox checks that each recipient has the message once, in the exact bytes
// that are held.
func (h *holding) checkBox(want ...string) {
	h.t.Helper()
	held, status := h.quarantine("export", "--reason", "test", "--by", "rita")
	if status != exitOK {
		h.t.Fatalf("export exits with %d", status)
	}
	if below, err := belowTrace([]byte(held)); err != nil || !bytes.Equal(below, h.content) {
		h.t.Errorf("the held copy is not what was sent below one Received line: %v", err)
	}
	var to []string
	for _, m := range h.box.got() {
		if string(m.content) != held {
			h.t.Errorf("the released message is not the held bytes:\n%.300q\nwant\n%.300q", m.content, held)
		}
		if m.from != "list@isp.example" {
			h.t.Errorf("released from %q", m.from)
		}
		to = append(to, m.to...)
	}
	slices.Sort(to)
	if !slices.Equal(to, want) {
		h.t.Errorf("delivered to %v, want %v", to, want)
	}
}

// acts returns what is recorded of the message, and verifies the audit chain.
func (h *holding) acts() []string {
	h.t.Helper()
	ctx := context.Background()
	store, err := quarantine.Open(ctx, h.data, quarantine.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	defer store.Close() // read only
	if err := store.Verify(ctx); err != nil {
		h.t.Error(err)
	}
	entries, _, err := store.Audit(ctx, quarantine.AuditQuery{})
	if err != nil {
		h.t.Fatal(err)
	}
	var acts []string
	for _, e := range entries {
		acts = append(acts, fmt.Sprintf("%s %s %s", e.Act, e.By, e.Reason))
	}
	return acts
}

func TestReleaseSendsTheHeldBytesToSomeThenTheRest(t *testing.T) {
	h := hold(t)
	if n := len(h.box.got()); n != 0 {
		t.Fatalf("%d messages went on although it is held", n)
	}
	if out, status := h.release("--to", "emil@client.example"); status != exitOK || !strings.Contains(out, "emil@client.example") {
		t.Fatalf("release to one: %d\n%s", status, out)
	}
	h.checkBox("emil@client.example")
	if s := h.state(); s != "partly_released" {
		t.Errorf("state %s, want partly_released", s)
	}
	if _, status := h.release(); status != exitOK {
		t.Errorf("release to the rest exits with %d", status)
	}
	h.checkBox(holdingTo...)
	if s := h.state(); s != "released" {
		t.Errorf("state %s, want released", s)
	}
	if _, status := h.release(); status != exitError {
		t.Errorf("a third release exits with %d, want %d: everybody has it", status, exitError)
	}
	h.checkBox(holdingTo...)
	acts := h.acts()
	for _, want := range []string{"exported rita test"} {
		if !slices.Contains(acts, want) {
			t.Errorf("%q is not recorded: %q", want, acts)
		}
	}
	if !slices.ContainsFunc(acts, func(a string) bool { return strings.Contains(a, "rita agreed") }) {
		t.Errorf("who released it and why is not recorded: %q", acts)
	}
	h.p.stop(t)
}

func TestReleaseCanBeTriedAgainAfterARefusal(t *testing.T) {
	h := hold(t)
	h.box.refusing(func(to string) error {
		if to == "fay@client.example" {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such box"}
		}
		return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "Busy"}
	})
	out, status := h.release()
	if status != exitFound || strings.Count(out, "deferred") != 2 || strings.Count(out, "refused") != 1 {
		t.Errorf("a refused release exits with %d:\n%s", status, out)
	}
	if s := h.state(); s != "release_failed" {
		t.Errorf("state %s, want release_failed", s)
	}
	h.box.refusing(nil)
	if out, status := h.release(); status != exitOK {
		t.Errorf("the second try exits with %d:\n%s", status, out)
	}
	h.checkBox(holdingTo...)
	if s := h.state(); s != "released" {
		t.Errorf("state %s, want released", s)
	}
	h.p.stop(t)
}

func TestReleaseWithoutAnUpstreamLosesNothing(t *testing.T) {
	h := hold(t)
	h.box.server.Close() // it is to be gone
	if _, status := h.release(); status == exitOK {
		t.Error("a release to nobody exits with 0")
	}
	if s := h.state(); s != "release_failed" && s != "held" {
		t.Errorf("state %s, want one that can be tried again", s)
	}
	out, errOut, status := runBulkhead(t, "quarantine", "export", h.id, "--data-dir", h.data, "--reason", "test", "-o", filepath.Join(h.data, "out.eml"))
	if status != exitOK || out != "" {
		t.Fatalf("export exits with %d: %s%s", status, out, errOut)
	}
	content, err := os.ReadFile(filepath.Join(h.data, "out.eml"))
	if err != nil || !bytes.HasSuffix(content, h.content) {
		t.Errorf("the exported copy is not what was sent: %v", err)
	}
}

func TestTwoReleasesAtOnceSendOnce(t *testing.T) {
	h := hold(t)
	var both sync.WaitGroup
	statuses := make([]int, 4)
	for i := range statuses {
		both.Go(func() { _, statuses[i] = h.release() })
	}
	both.Wait()
	if n := len(slices.DeleteFunc(slices.Clone(statuses), func(s int) bool { return s != exitOK })); n != 1 {
		t.Errorf("the releases exit with %v, want one 0", statuses)
	}
	h.checkBox(holdingTo...)
	h.p.stop(t)
}

func TestRefusedMessageIsKeptAndNotSent(t *testing.T) {
	h := hold(t)
	if out, status := h.quarantine("refuse", "--reason", "wrong file", "--by", "rita"); status != exitOK || !strings.Contains(out, "Refused "+h.id) {
		t.Errorf("refuse exits with %d:\n%s", status, out)
	}
	if _, status := h.release(); status != exitError {
		t.Errorf("a release after that exits with %d, want %d", status, exitError)
	}
	h.checkBox()
	if acts := h.acts(); !slices.ContainsFunc(acts, func(a string) bool { return strings.Contains(a, "rita wrong file") }) {
		t.Errorf("who refused it and why is not recorded: %q", acts)
	}
	h.p.stop(t)
}

// Who reads the lists by program relies on their names; who reads them by eye
// must see no value of the content.
func TestListsKeepTheirContractAndHideValues(t *testing.T) {
	h := hold(t)
	lists := map[string][]string{
		"quarantine": {"id", "incident", "state", "from", "recipients", "policy", "subjects", "received"},
		"incidents":  {"id", "state", "policy", "copies", "delivered", "subjects", "first", "last"},
	}
	for verb, keys := range lists {
		out, errOut, status := runBulkhead(t, verb, "list", "--format", "json", "--data-dir", h.data)
		if status != exitOK || strings.Count(out, "\n") != 1 {
			t.Fatalf("%s list exits with %d:\n%s%s", verb, status, out, errOut)
		}
		var object map[string]any
		if err := json.Unmarshal([]byte(out), &object); err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if _, has := object[key]; !has {
				t.Errorf("%s list: no key %s in %s", verb, key, out)
			}
		}
		if len(object) != len(keys) || object["subjects"] != 50.0 || object["policy"] != "bulk-customer-records" {
			t.Errorf("%s list: %s", verb, out)
		}
	}
	customers := makeCustomers(50)
	for _, args := range [][]string{{"show", h.id}, {"show", h.id, "--format", "json"}, {"list"}} {
		out, _, status := runBulkhead(t, append(append([]string{"quarantine"}, args...), "--data-dir", h.data)...)
		if status != exitOK || !strings.Contains(out, h.id) {
			t.Errorf("quarantine %v exits with %d:\n%s", args, status, out)
		}
		if value := plainValue(out, customers); value != "" {
			t.Errorf("quarantine %v shows %q:\n%s", args, value, out)
		}
	}
	token := tokenFor(t, h.data, "incident.list", "evidence.masked")
	_, listed := getWith(t, h.p.admin+"/incidents", token)
	_, rest, _ := strings.Cut(listed, `href="/incidents/`)
	incident, _, _ := strings.Cut(rest, `"`)
	for _, path := range []string{"/messages/" + h.id, "/incidents/" + incident} {
		code, text := getWith(t, h.p.admin+path, token)
		if code != http.StatusOK || !strings.Contains(text, h.id) {
			t.Errorf("console %s: %d\n%s", path, code, text)
		}
		if value := plainValue(text, customers); value != "" {
			t.Errorf("console %s shows %q", path, value)
		}
	}
	if value := plainValue(listed, customers); value != "" {
		t.Errorf("the list of incidents shows %q", value)
	}
	if value := plainValue(h.p.logged(), customers); value != "" {
		t.Errorf("the log shows %q", value)
	}
	for query, want := range map[string]int{"--min-subjects=51": 0, "--min-subjects=50": 1, "--state=released": 0,
		"--from=list@isp.example": 1, "--policy=other": 0, "--since=1h": 1} {
		out, _, _ := runBulkhead(t, "quarantine", "list", "--format", "json", "--data-dir", h.data, query)
		if got := strings.Count(out, "\n"); got != want {
			t.Errorf("quarantine list %s shows %d messages, want %d", query, got, want)
		}
	}
	if _, errOut, status := runBulkhead(t, "quarantine", "show", "BH-0000-0000", "--data-dir", h.data); status != exitError || !strings.Contains(errOut, "BH-0000-0000") {
		t.Errorf("an unknown id: %d %s", status, errOut)
	}
	if _, errOut, status := runBulkhead(t, "quarantine", "list", "--data-dir", h.data+"-missing"); status != exitError || !strings.Contains(errOut, "--data-dir") {
		t.Errorf("a missing folder: %d %s", status, errOut)
	}
	h.p.stop(t)
}
