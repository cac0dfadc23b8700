package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

// ecsEvent is what these tests look at of an event.
type ecsEvent struct {
	Event struct{ ID, Kind, Action, Dataset, Outcome string }
	User  struct{ Name string }
	Email struct {
		LocalID string `json:"local_id"`
		From    struct{ Address []string }
	}
	Rule     struct{ Name string }
	Bulkhead struct {
		Incident, Upstream string
		Subjects           int
		FromHash           []string `json:"from_hash"`
	}
}

// readEvents waits until a file has so many events, and reads them.
func readEvents(t *testing.T, path string, n int) []ecsEvent {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		text, err := os.ReadFile(path)
		if err == nil && bytes.Count(text, []byte("\n")) >= n {
			var all []ecsEvent
			for line := range bytes.Lines(text) {
				var e ecsEvent
				if err := json.Unmarshal(line, &e); err != nil {
					t.Fatalf("%v: %s", err, line)
				}
				all = append(all, e)
			}
			return all
		}
		if time.Now().After(end) {
			t.Fatalf("%d events are wanted, there are: %s (%v)", n, text, err)
		}
	}
}

// Every verdict and every decision is told, whoever decides and also while no
// relay runs, each once; and nothing of the content and no address is told.
func TestEveryVerdictAndDecisionIsTold(t *testing.T) {
	box, dir := newMailbox(t), t.TempDir()
	file := filepath.Join(t.TempDir(), "events.json")
	change := func(cfg *configs.Config) { cfg.Events.File = file }
	p := startRelay(t, dir, box.url(), change)
	for _, m := range []struct{ from, body string }{{"ana@office.example", ordinaryLetter}, {"list@isp.example", string(bulletin(40))}} {
		dialQuiet(p.listeners[0].Addr().String()).deliver(posting{m.from, "ben@client.example", crlf(strings.ReplaceAll(m.body, "\r", ""))})
	}
	got := readEvents(t, file, 2)
	if e := got[0]; e.Event.Action != "message-pass" || e.Bulkhead.Upstream != "accepted" || e.Event.Dataset != "bulkhead.verdict" {
		t.Errorf("the letter is told as %+v", e)
	}
	held := got[1]
	if held.Event.Action != "message-hold" || held.Event.Kind != "alert" || held.Bulkhead.Subjects != 40 || held.Rule.Name != "bulk-customer-records" {
		t.Errorf("the list is told as %+v", held)
	}
	id := held.Email.LocalID
	refuse := func(verb ...string) {
		t.Helper()
		if _, said, status := runBulkhead(t, append(verb, id, "--data-dir", dir, "--reason", "of ana@office.example")...); status != exitOK {
			t.Fatal(said)
		}
	}
	refuse("quarantine", "keep")
	if e := readEvents(t, file, 3)[2]; e.Event.Action != "kept" || e.Email.LocalID != id || e.Event.Dataset != "bulkhead.decision" || e.User.Name != "" {
		t.Errorf("the legal hold is told as %+v", e)
	}
	p.stop()
	refuse("quarantine", "keep", "--end")
	refuse("quarantine", "refuse")
	startRelay(t, dir, box.url(), change)
	var acts, ids []string
	for _, e := range readEvents(t, file, 5) {
		acts, ids = append(acts, e.Event.Action), append(ids, e.Event.ID)
	}
	if want := []string{"message-pass", "message-hold", "kept", "keep_ended", "refused"}; !slices.Equal(acts, want) {
		t.Errorf("told are %v, want %v", acts, want)
	}
	if slices.Sort(ids); len(slices.Compact(ids)) != 5 {
		t.Errorf("two events have one id: %v", ids)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first := makeCustomers(40)[1]
	for _, value := range append([]string{"office.example", "isp.example", "client.example", "bridge"}, first[0], first[1]) {
		if len(value) > 3 && bytes.Contains(text, []byte(value)) {
			t.Errorf("%s is told", value)
		}
	}
}

// A syslog server that does not answer holds up no mail: what does not fit into
// the queue is counted, and the rest waits for it.
func TestEventsHoldUpNoMail(t *testing.T) {
	away := freePort(t)
	p := startRelay(t, t.TempDir(), newMailbox(t).url(), func(cfg *configs.Config) {
		cfg.Events.Syslog.URL, cfg.Events.Queue = "tcp://"+away, 3
	})
	c := dialQuiet(p.listeners[0].Addr().String())
	const n = 20
	for i := range n {
		body := crlf(fmt.Sprintf("%s\n\nthis is letter %d\n", ordinaryLetter, i))
		if reply := c.deliver(posting{"ana@office.example", "ben@client.example", body}); !strings.HasPrefix(reply, "250") {
			t.Fatalf("letter %d is answered %q", i, reply)
		}
	}
	// Three wait, and at most four are in the hands of who tries to send them.
	if dropped := p.value(t, "events_total", "syslog", "dropped"); dropped < n-7 {
		t.Errorf("%v events are dropped while the server is away, want %d or more", dropped, n-7)
	}
	p.stop()
	if ok, dropped := p.value(t, "events_total", "syslog", "ok"), p.value(t, "events_total", "syslog", "dropped"); ok != 0 || dropped != n {
		t.Errorf("%v events count as sent and %v as dropped, want 0 and %d", ok, dropped, n)
	}
}

// TestRsyslogTakesEvents: Debian's rsyslog parses what comes, over UDP and TCP,
// and writes the text of each message to a file, which is the event.
func TestRsyslogTakesEvents(t *testing.T) {
	program := needProgram(t, "rsyslogd", "rsyslog")
	for _, scheme := range []string{"udp", "tcp"} {
		t.Run(scheme, func(t *testing.T) {
			dir := t.TempDir()
			address := freePort(t)
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				t.Fatal(err)
			}
			config := writeFile(t, "rsyslog.conf", fmt.Sprintf(`
module(load="im%[1]s")
input(type="im%[1]s" address=%[2]q port=%[3]q)
template(name="text" type="string" string="%%pri%% %%app-name%% %%hostname%% %%msgid%% %%protocol-version%% %%msg%%\n")
if $app-name == "bulkhead" then action(type="omfile" file=%[4]q template="text")
`, scheme, host, port, filepath.Join(dir, "got")))
			cmd := exec.Command(program, "-n", "-f", config, "-i", filepath.Join(dir, "pid"))
			cmd.Stderr = os.Stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				cmd.Process.Kill() // its files are the test's own
				cmd.Wait()         // killed, as it says
			})
			p := startRelay(t, t.TempDir(), newMailbox(t).url(), func(cfg *configs.Config) {
				cfg.Hostname, cfg.Events.Syslog.URL, cfg.Events.Addresses = "relay.example", scheme+"://"+address, "plain"
			})
			// Over UDP nobody knows when the server is there.
			c := dialQuiet(p.listeners[0].Addr().String())
			var line string
			for end := time.Now().Add(patience); line == ""; time.Sleep(100 * time.Millisecond) {
				if reply := c.deliver(posting{"ana@office.example", "ben@client.example", crlf(ordinaryLetter + "\n")}); !strings.HasPrefix(reply, "250") {
					t.Fatal(reply)
				}
				text, _ := os.ReadFile(filepath.Join(dir, "got")) // it may not be there yet
				line, _, _ = strings.Cut(string(text), "\n")
				if time.Now().After(end) {
					t.Fatal("rsyslog has written nothing")
				}
			}
			text, found := strings.CutPrefix(line, "22 bulkhead relay.example verdict 1 ")
			var e ecsEvent
			if err := json.Unmarshal([]byte(strings.TrimSpace(text)), &e); !found || err != nil {
				t.Fatalf("%v: rsyslog has understood %s", err, line)
			}
			if e.Event.Action != "message-pass" || len(e.Email.From.Address) != 1 || e.Email.From.Address[0] != "ana@office.example" {
				t.Errorf("the event is %+v", e)
			}
		})
	}
}
