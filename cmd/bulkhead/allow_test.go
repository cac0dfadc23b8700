package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// Entries that are added at the same moment are all kept, and of one key.
func TestAllowAddLosesNoEntry(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			_, text, status := runBulkhead(t, "allow", "add", "--data-dir", dir, "recipient", fmt.Sprintf("reader%d@client.example", i), "--reason", "test", "--expires", "5d")
			if status != exitOK {
				t.Error(text)
			}
		})
	}
	all.Wait()
	out, text, status := runBulkhead(t, "allow", "list", "--data-dir", dir, "--format", "json")
	if status != exitOK || strings.Count(out, "\n") != 12 {
		t.Errorf("%d entries are kept, want 12: %s", strings.Count(out, "\n"), text)
	}
}

// An entry is in force within seconds, and no longer than it stands in the list.
func TestAllowListIsTakenWhileRunning(t *testing.T) {
	t.Parallel() // it mostly waits
	box := newMailbox(t)
	p := serve(t, t.TempDir(), box.url())
	message := attached("", "list@isp.example", "dora@client.example", "customers.csv", "text/csv", []byte(csvOf(makeCustomers(40)))).content
	held := func() bool {
		t.Helper()
		_, text := dial(t, p.smtp[0]).send("list@isp.example", []string{"dora@client.example"}, message)
		return strings.Contains(text, "Held for review")
	}
	if !held() {
		t.Fatal("the list is not held without an entry")
	}
	out, text, status := runBulkhead(t, "allow", "add", "--data-dir", p.dataDir, "recipient", "Dora@client.example", "--reason", "our printer", "--expires", "5d")
	if status != exitOK {
		t.Fatal(text)
	}
	id := regexp.MustCompile(`AL-\w+`).FindString(out)
	p.until(t, `bulkhead_allow_entries{state="active"}`, 1)
	if held() {
		t.Error("the list is held though its recipient is allowed")
	}
	if n := p.metric(t, `bulkhead_policy_waivers_total{action="hold",policy="bulk-customer-records"}`); n != 1 {
		t.Errorf("%v waivers are counted, want 1", n)
	}
	p.tells(t, id)
	if log := p.logged(); strings.Contains(strings.ToLower(log), "dora@client") {
		t.Errorf("the log shows the value of the entry %s", id)
	}
	if code, text := get(t, p.metrics+"/metrics"); code != 200 || !regexp.MustCompile(`bulkhead_ruleset_info\{version="1.*\+allow@`).MatchString(text) {
		t.Error("the rule set in force does not name the allow list")
	}

	// A list that cannot be read leaves the one before in use, told and counted.
	file := filepath.Join(p.dataDir, "allow.yaml")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, file, []byte("entries: {"))
	p.until(t, "bulkhead_config_last_reload_successful", 0)
	if held() {
		t.Error("the entry is gone with a list that cannot be read")
	}
	// An entry past its end has no effect, and the log says so.
	replace(t, file, regexp.MustCompile(`expires: .*`).ReplaceAll(good, []byte("expires: 2020-01-01T00:00:00Z")))
	p.until(t, `bulkhead_allow_entries{state="expired"}`, 1)
	if !held() {
		t.Error("an expired entry lets a list pass")
	}
	p.tells(t, "has expired and has no effect")
	replace(t, file, good)
	p.until(t, `bulkhead_allow_entries{state="active"}`, 1)
	if _, text, status := runBulkhead(t, "allow", "remove", "--data-dir", p.dataDir, id); status != exitOK {
		t.Fatal(text)
	}
	p.until(t, `bulkhead_allow_entries{state="active"}`, 0)
	if !held() {
		t.Error("a removed entry lets a list pass")
	}
	p.stop(t)
}

// An allow list that is wrong when serve starts keeps it from starting.
func TestServeDoesNotStartWithAWrongAllowList(t *testing.T) {
	dir := t.TempDir()
	if _, text, status := runBulkhead(t, "allow", "add", "--data-dir", dir, "person", "press@office.example", "--reason", "r", "--expires", "1d"); status != exitOK {
		t.Fatal(text)
	}
	if err := os.Remove(filepath.Join(dir, "allow.key")); err != nil {
		t.Fatal(err)
	}
	_, text, status := runBulkhead(t, "serve", "--listen", "127.0.0.1:0", "--upstream", "maildir:"+t.TempDir(), "--data-dir", dir)
	if want := fmt.Sprintf("allow list: key file: open %s", filepath.Join(dir, "allow.key")); status != exitError || !strings.Contains(text, want) {
		t.Errorf("exits with %d: %s, want %s", status, text, want)
	}
}
