package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/rules/allow"
)

// What the console allows is what `allow add` would have: the entry's hash is
// the same, and the trail has it.
func TestConsoleAllowsAsTheCommandDoes(t *testing.T) {
	dir := t.TempDir()
	cfg := configs.Default()
	cfg.DataDir = filepath.Join(dir, "data")
	store, err := quarantine.Open(t.Context(), cfg.DataDir, quarantine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	content := "From: tool@isp.example\r\nSubject: list\r\n\r\n" + strings.ReplaceAll(csvOf(makeCustomers(30)), "\n", "\r\n")
	m, err := store.Hold(t.Context(), quarantine.Message{From: "tool@isp.example", Policy: "bulk", Subjects: 30,
		Recipients: []quarantine.Recipient{{Address: "dora@client.example"}}}, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if m, err = store.Get(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	workers := newWorkers(nil)
	defer workers.Close()
	bounds, err := limits(&cfg, dir, workers)
	if err != nil {
		t.Fatal(err)
	}
	a := allower{allowFilesOf(&cfg), store, bounds}
	x := review.Exception{Incident: m.Incident, Message: m.ID, Policy: "bulk", Owner: "ana", Reason: "contract", Expires: time.Now().AddDate(0, 0, 30)}
	for _, what := range []struct {
		kind  allow.Kind
		value string
	}{{allow.Sender, "tool@isp.example"}, {allow.RecipientDomain, "client.example"}, {allow.Table, ""}} {
		x.Kind, x.Value = what.kind, what.value
		if err := a.Allow(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	list, hash, err := a.files.read()
	if err != nil || len(list.Entries) != 3 {
		t.Fatalf("%+v, %v", list.Entries, err)
	}
	if e := list.Entries[0]; e.Hash != allow.HashAddress(hash, allow.Sender, "tool@isp.example") || len(e.Policies) != 1 || e.Policies[0] != "bulk" || e.Owner != "ana" {
		t.Errorf("%+v", e)
	}
	// The same table in a file, for the command.
	file := filepath.Join(dir, "list.csv")
	if err := os.WriteFile(file, []byte(csvOf(makeCustomers(5))), 0o600); err != nil {
		t.Fatal(err)
	}
	if template, err := templateOf(t.Context(), file); err != nil || list.Entries[2].Hash != allow.HashTable(hash, template) {
		t.Errorf("the table's entry is another than the command's: %v", err)
	}
	var not *review.NotAllowedError
	if err := a.Allow(t.Context(), x); !errors.As(err, &not) {
		t.Errorf("the same twice: %v", err)
	}
	x.Kind, x.Value, x.Reason = allow.Sender, "other@isp.example", "for other@isp.example"
	if err := a.Allow(t.Context(), x); !errors.As(err, &not) || strings.Contains(err.Error(), "other@") {
		t.Errorf("with the value in the reason: %v", err)
	}
	entries, _, err := store.Audit(t.Context(), quarantine.AuditQuery{Incident: m.Incident})
	if err != nil {
		t.Fatal(err)
	}
	allowed := 0
	for _, e := range entries {
		if e.Act == quarantine.ActAllowed && e.By == "ana" && !strings.Contains(e.Reason, "@") {
			allowed++
		}
	}
	if allowed != 3 {
		t.Errorf("the trail has %d entries, want 3", allowed)
	}
}
