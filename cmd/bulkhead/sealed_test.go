package main

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// The private key is moved away, as the log asks to: the relay goes on holding,
// and who has the key goes on reviewing.
func TestReviewWithThePrivateKeyElsewhere(t *testing.T) {
	h := hold(t)
	key := filepath.Join(t.TempDir(), "review.key")
	if err := os.Rename(filepath.Join(h.data, "quarantine.key"), key); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file is %v, %v; want mode 0600", info, err)
	}
	h.p.stop(t)
	h.p = serve(t, h.data, h.box.url())
	s := attached("", "later@isp.example", "dora@client.example", "customers.csv", "text/csv", []byte(csvOf(makeCustomers(40))))
	if code, text := dial(t, h.p.smtp[0]).send(s.from, []string{s.to}, s.content); code != 250 || !strings.Contains(text, "Held for review") {
		t.Errorf("without the key it answers %d %s", code, text)
	}

	list := func(args ...string) (all []map[string]any) {
		out, errOut, status := runBulkhead(t, append([]string{"quarantine", "list", "--format", "json", "--data-dir", h.data}, args...)...)
		if status != exitOK {
			t.Fatalf("list exits with %d: %s", status, errOut)
		}
		lines := json.NewDecoder(strings.NewReader(out))
		for lines.More() {
			var m map[string]any
			if err := lines.Decode(&m); err != nil {
				t.Fatal(err)
			}
			all = append(all, m)
		}
		return all
	}
	for _, m := range list() {
		_, from := m["from"]
		_, recipients := m["recipients"]
		if from || recipients || m["sealed"] != true || m["policy"] == "" || m["subjects"] == 0.0 {
			t.Errorf("without the key a message is listed as %v", m)
		}
	}
	if all := list("--from", "list@isp.example"); len(all) != 1 || all[0]["id"] != h.id {
		t.Errorf("the sender's messages are %v", all)
	}
	if all := list("--to", "@client.example", "--identity", key); len(all) != 2 || all[1]["from"] != "list@isp.example" || all[1]["sealed"] != nil {
		t.Errorf("with the key the list is %v", all)
	}

	for _, verb := range []string{"release", "export"} {
		_, errOut, status := runBulkhead(t, "quarantine", verb, h.id, "--data-dir", h.data, "--reason", "x", "--by", "rita")
		if verb == "release" {
			_, errOut, status = runBulkhead(t, "quarantine", verb, h.id, "--data-dir", h.data, "--upstream", h.box.url(), "--reason", "x", "--by", "rita")
		}
		if status != exitError || !strings.Contains(errOut, "--identity") {
			t.Errorf("%s without the key exits with %d and says %q", verb, status, errOut)
		}
	}
	if slices.Contains(h.acts(), "exported rita x") {
		t.Error("an export that gave nothing is recorded")
	}
	if out, status := h.quarantine("show"); status != exitOK || !strings.Contains(out, "(sealed)") || strings.Contains(out, "isp.example") {
		t.Errorf("show without the key exits with %d:\n%s", status, out)
	}
	if out, status := h.release("--identity", key); status != exitOK {
		t.Errorf("release with the key exits with %d: %s", status, out)
	}
	t.Setenv("BULKHEAD_QUARANTINE_IDENTITY", key)
	h.checkBox(holdingTo...)
}

func TestKeepDeleteAndTheirTrail(t *testing.T) {
	h := hold(t)
	for _, step := range []struct {
		verb   string
		more   []string
		status int
	}{
		{"keep", nil, exitOK}, {"delete", nil, exitError}, {"keep", []string{"--end"}, exitOK}, {"delete", nil, exitOK}, {"export", nil, exitError},
	} {
		if out, status := h.quarantine(step.verb, append(step.more, "--reason", "case 17", "--by", "rita")...); status != step.status {
			t.Errorf("%s %v exits with %d, want %d: %s", step.verb, step.more, status, step.status, out)
		}
	}
	acts := h.acts()
	for _, want := range []string{"kept rita case 17", "keep_ended rita case 17", "deleted rita case 17"} {
		if !slices.Contains(acts, want) {
			t.Errorf("%q is not recorded: %q", want, acts)
		}
	}
	if slices.Index(acts, "refused rita case 17") < slices.Index(acts, "keep_ended rita case 17") {
		t.Errorf("what could not be deleted was refused: %q", acts)
	}
	if out, _, status := runBulkhead(t, "audit", "list", "--data-dir", h.data, "--message", h.id, "--since", "1h"); status != exitOK || !strings.Contains(out, "keep_ended") {
		t.Errorf("audit list exits with %d:\n%s", status, out)
	}
}

func TestAuditIsExportedAndVerified(t *testing.T) {
	h := hold(t)
	h.quarantine("refuse", "--reason", "no", "--by", "rita")
	h.p.stop(t)
	verify := func(args ...string) (out string, status int) {
		out, errOut, status := runBulkhead(t, append([]string{"audit", "verify", "--data-dir", h.data}, args...)...)
		return out + errOut, status
	}
	out, status := verify()
	if status != exitOK || !strings.Contains(out, "Intact: 2 entries") {
		t.Fatalf("verify exits with %d: %s", status, out)
	}
	head := strings.TrimSpace(out[strings.LastIndex(strings.TrimSpace(out), "\n"):])

	file := filepath.Join(t.TempDir(), "trail.jsonl")
	if _, errOut, status := runBulkhead(t, "audit", "export", "--data-dir", h.data, "-o", file); status != exitOK {
		t.Fatalf("export exits with %d: %s", status, errOut)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var last quarantine.Entry
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || len(lines) != 2 || !strings.HasSuffix(head, last.Hash) || last.Act != quarantine.ActRefused {
		t.Errorf("exported %d lines, the last %+v, %v; the head is %s", len(lines), last, err, head)
	}
	if out, status := verify("--head", head); status != exitOK {
		t.Errorf("verify with its own head exits with %d: %s", status, out)
	}
	if out, status := verify("--head", "2:"+strings.Repeat("0", 64)); status != exitFound || !strings.Contains(out, "entry 2") {
		t.Errorf("verify with another head exits with %d: %s", status, out)
	}
	if out, status := verify("--head", "two"); status != exitError {
		t.Errorf("verify with no head exits with %d: %s", status, out)
	}

	db, err := sql.Open("sqlite", filepath.Join(h.data, "quarantine.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() // nothing is left to write
	if _, err := db.Exec("DROP TRIGGER audit_no_update; UPDATE audit SET by = 'nobody' WHERE seq = 2"); err != nil {
		t.Fatal(err)
	}
	if out, status := verify(); status != exitFound || !strings.Contains(out, "entry 2 does not fit its hash") {
		t.Errorf("verify of a changed trail exits with %d: %s", status, out)
	}
}
