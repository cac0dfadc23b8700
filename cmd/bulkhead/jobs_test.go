package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// A decision that a crash broke off is carried on by the next start, and one
// that a person has stopped is not.
func TestServeGoesOnWithDecisions(t *testing.T) {
	dir := t.TempDir()
	data, maildir := filepath.Join(dir, "data"), filepath.Join(dir, "Maildir")
	store, err := quarantine.Open(t.Context(), data, quarantine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	decide := func(run string) quarantine.Message {
		m, err := store.Hold(t.Context(), quarantine.Message{From: "tool@shop.example", Policy: "bulk", Subjects: 12, IncidentKey: run,
			Recipients: []quarantine.Recipient{{Address: run + "@client.example"}}}, strings.NewReader("Subject: x\r\n\r\n"+run+"\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		if m, err = store.Get(t.Context(), m.ID); err != nil {
			t.Fatal(err)
		}
		_, err = store.Decide(t.Context(), quarantine.Decision{Incident: m.Incident, Action: quarantine.ActionRelease, By: "ana", Reason: "agreed",
			Plan: quarantine.Plan{Messages: []string{m.ID}, Open: []string{m.ID}}}, false)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	stopped, broken := decide("stopped"), decide("broken")
	if err := store.StopDecision(t.Context(), stopped.Incident, "ben", "wait"); err != nil {
		t.Fatal(err)
	}
	p := serve(t, data, "maildir:"+maildir)
	state := func(id string) quarantine.State {
		m, err := store.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return m.State
	}
	for end := time.Now().Add(patience); state(broken.ID) != quarantine.Released; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the message is %s\n%s", state(broken.ID), p.logged())
		}
	}
	p.stop(t)
	if got := state(stopped.ID); got != quarantine.Held {
		t.Errorf("what a person has stopped is %s", got)
	}
	if _, stderr, status := runBulkhead(t, "incidents", "resume", stopped.Incident, "--data-dir", data, "--upstream", "maildir:"+maildir); status != 0 {
		t.Errorf("resume: %s", stderr)
	}
	if got := state(stopped.ID); got != quarantine.Released {
		t.Errorf("what a person has go on is %s", got)
	}
}
