package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
)

// asking is a holding that is asked through its API too.
type asking struct {
	*holding
	token string // of a file
}

func askServer(t *testing.T) *asking {
	t.Helper()
	h := hold(t)
	var rights []string
	for _, r := range access.Rights() {
		rights = append(rights, string(r))
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(tokenFor(t, h.data, rights...)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return &asking{h, file}
}

// remotely runs a command that asks the server.
func (a *asking) remotely(args ...string) (out, errOut string, status int) {
	a.t.Helper()
	return runBulkhead(a.t, append(args, "--server", a.p.admin, "--token-file", a.token)...)
}

func (a *asking) incident() api.Sheet {
	a.t.Helper()
	out, errOut, status := a.remotely("incidents", "show", a.incidentOf(), "--format", "json")
	var s api.Sheet
	if err := json.Unmarshal([]byte(out), &s); err != nil || status != exitOK {
		a.t.Fatalf("%v: %s %s", err, out, errOut)
	}
	return s
}

// What a server tells is what the store tells.
func TestServersAreAskedInTheWordsOfTheStore(t *testing.T) {
	t.Parallel()
	a := askServer(t)
	id := a.incidentOf()
	for _, args := range [][]string{
		{"incidents", "list"}, {"incidents", "list", "--format", "json"}, {"incidents", "list", "-q", "state:open people:>=10", "--sort", "people"},
		{"incidents", "list", "--state", "decided"}, {"incidents", "list", "--policy", "nothing", "--format", "json"}, {"incidents", "list", "--since", "1h", "--min-subjects", "10"},
		{"incidents", "show", id}, {"incidents", "show", id, "--format", "json"},
		{"quarantine", "list"}, {"quarantine", "list", "--format", "json"}, {"quarantine", "list", "--from", "@isp.example", "--to", "dora@client.example", "--state", "held"},
		{"quarantine", "list", "--from", "nobody@isp.example"}, {"quarantine", "show", a.id}, {"quarantine", "show", a.id, "--format", "json"},
		{"audit", "list"}, {"audit", "list", "--format", "json"}, {"audit", "list", "--message", a.id, "--since", "1h"},
	} {
		want, _, wantStatus := runBulkhead(t, append(slices.Clone(args), "--data-dir", a.data)...)
		got, errOut, status := a.remotely(args...)
		if got != want || status != wantStatus || status != exitOK {
			t.Errorf("%v: the server tells (%d)\n%s%s\nand the store (%d)\n%s", args, status, got, errOut, wantStatus, want)
		}
	}
	for _, args := range [][]string{{"incidents", "show", "IN-0000-0000"}, {"quarantine", "show", "BH-0000-0000"}, {"incidents", "list", "-q", "peple:3"}} {
		if _, errOut, status := a.remotely(args...); status != exitError || errOut == "" {
			t.Errorf("%v: %d %s", args, status, errOut)
		}
	}
	_, errOut, status := runBulkhead(t, "incidents", "list", "--server", a.p.admin)
	if status != exitError || !strings.Contains(errOut, "API token") {
		t.Errorf("without a token: %d %s", status, errOut)
	}
	if err := os.WriteFile(a.token, []byte("bulkhead_nobody_x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errOut, status := a.remotely("incidents", "list"); status != exitError || !strings.Contains(errOut, "401") {
		t.Errorf("with a wrong token: %d %s", status, errOut)
	}
}

func TestServersDecide(t *testing.T) {
	t.Parallel()
	a := askServer(t)
	id := a.incidentOf()
	for _, args := range [][]string{{"assign", id, "--reason", "mine"}, {"assign", id, "--to", "ben", "--reason", "on leave"}, {"mark", id, "--as", "right", "--reason", "it was real"}} {
		if _, errOut, status := a.remotely(append([]string{"incidents"}, args...)...); status != exitOK {
			t.Errorf("%v: %d %s", args, status, errOut)
		}
	}
	if _, errOut, status := a.remotely("incidents", "release", id, "--reason", "agreed", "--token", "AAAA"); status != exitError || !strings.Contains(errOut, "another token") {
		t.Errorf("with a wrong token: %d %s", status, errOut)
	}
	if _, errOut, status := a.remotely("incidents", "refuse", id, "--reason", "agreed", "--by", "ana"); status != exitError || !strings.Contains(errOut, "--by") {
		t.Errorf("as somebody else: %d %s", status, errOut)
	}
	out, errOut, status := a.remotely("incidents", "release", id, "--reason", "agreed", "--token", a.incident().Token)
	if status != exitOK || !strings.Contains(out, id+": 1 messages released.") {
		t.Errorf("release: %d %s%s", status, out, errOut)
	}
	for _, to := range holdingTo {
		if !strings.Contains(out, fmt.Sprintf("%s  released  %s  250", a.id, to)) {
			t.Errorf("%s is not told:\n%s", to, out)
		}
	}
	a.checkBox(holdingTo...)
	if s := a.incident(); s.State != "decided" {
		t.Errorf("the incident is %s", s.State)
	}
}

func TestServersRefuse(t *testing.T) {
	t.Parallel()
	a := askServer(t)
	id := a.incidentOf()
	out, errOut, status := a.remotely("incidents", "refuse", id, "--reason", "wrong file", "--format", "json")
	if status != exitOK || strings.TrimSpace(out) != fmt.Sprintf(`{"message":%q,"state":"refused"}`, a.id) {
		t.Errorf("refuse: %d %s%s", status, out, errOut)
	}
	if out, errOut, status := a.remotely("incidents", "delete", id, "--reason", "test"); status != exitOK || !strings.Contains(out, "deleted") {
		t.Errorf("delete: %d %s%s", status, out, errOut)
	}
	a.checkNothingSent()
}

func (a *asking) checkNothingSent() {
	a.t.Helper()
	if got := a.box.got(); len(got) != 0 {
		a.t.Errorf("%d messages were sent", len(got))
	}
}

// withoutTime is what was told of a scan, but for how long it took.
func withoutTime(t *testing.T, text string) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	delete(all, "elapsed_ms")
	delete(all, "path")
	return all
}

// A server judges as the command does, of whatever kind the file is.
func TestServersJudgeAsScanDoes(t *testing.T) {
	t.Parallel()
	a := askServer(t)
	files := []string{filepath.Join(t.TempDir(), "customers.csv"), filepath.Join(t.TempDir(), "letter.eml")}
	for i, text := range []string{csvOf(makeCustomers(50)), "From: a@isp.example\r\nTo: b@client.example\r\nSubject: x\r\n\r\nSee you on Monday.\r\n"} {
		if err := os.WriteFile(files[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files = append(files, someOfCorpus(t)...)
	token, err := os.ReadFile(a.token)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		local, errOut, status := runBulkhead(t, "scan", "--format", "json", "--from", "list@isp.example", file)
		if status == exitError {
			t.Fatalf("%s: %s", file, errOut)
		}
		want := withoutTime(t, local)
		remote, errOut, remoteStatus := a.remotely("scan", "--format", "json", "--from", "list@isp.example", file)
		if remoteStatus != status {
			t.Errorf("%s: exit status %d by the server, %d here: %s", file, remoteStatus, status, errOut)
			continue
		}
		if got := withoutTime(t, remote); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: the server says\n%v\nand here\n%v", file, got, want)
		}
		if got := withoutTime(t, upload(t, a.p.admin, strings.TrimSpace(string(token)), file)); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: the API says\n%v\nand here\n%v", file, got, want)
		}
	}
}

// upload asks as any HTTP client does.
func upload(t *testing.T, base, token, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, base+"/api/v1/scan", bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set(api.FileHeader, filepath.Base(path))
	req.Header.Set(api.FromHeader, "list@isp.example")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() // read to its end
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s %v", path, resp.Status, text, err)
	}
	return string(text)
}

// someOfCorpus gives some of the labelled files, none where they are not at hand.
func someOfCorpus(t *testing.T) (files []string) {
	t.Helper()
	dir := filepath.Join(sharedDir, "corpus")
	if _, err := os.Stat(filepath.Join(dir, "manifest.tsv")); err != nil {
		return nil
	}
	all := readManifest(t, dir)
	for i := 0; i < len(all); i += max(1, len(all)/20) {
		files = append(files, filepath.Join(dir, all[i].path))
	}
	return files
}
