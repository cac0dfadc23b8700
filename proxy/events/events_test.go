package events_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/events"
	"github.com/google/go-cmp/cmp"
)

var at = time.Date(2006, 7, 11, 10, 42, 0, 123456000, time.UTC)

func writer(form events.Form) *events.Writer {
	return &events.Writer{Host: "relay.example", Version: "1.0.0", Names: events.Names{Form: form, Key: []byte("0123456789abcdef")}}
}

func held() *events.Verdict {
	return &events.Verdict{At: at, Took: 40 * time.Millisecond, Ref: "REF12345", Queue: "4dJ7xQ1zYz", Message: "BH-7K2M-Q9XD", Incident: "IN-7K2M-Q9XD", Run: "r1",
		Client: netip.MustParseAddr("192.0.2.7"), User: "tool", From: "List@isp.example", Recipients: []string{"ben@client.example", "dora@client.example"},
		Action: "hold", Policy: "bulk-customer-records", PolicyVersion: "p1", RuleSet: "1", Completeness: "complete",
		Fields: []string{"contact.email", "person.name"}, Subjects: 50, Records: 51, Bytes: 4096, External: 2}
}

// fields reads an event's fields, by their dotted names.
func fields(t *testing.T, e events.Told, err error) map[string]any {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(e.JSON, &tree); err != nil {
		t.Fatal(err)
	}
	flat := map[string]any{}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		if group, is := v.(map[string]any); is {
			for k, v := range group {
				walk(at+"."+k, v)
			}
			return
		}
		flat[strings.TrimPrefix(at, ".")] = v
	}
	walk("", tree)
	return flat
}

// The names of the fields are a contract with what reads them.
func TestVerdictInTheNamesOfTheSchema(t *testing.T) {
	e, err := writer(events.Plain).Verdict(held())
	got := fields(t, e, err)
	want := map[string]any{
		"@timestamp": "2006-07-11T10:42:00.123456Z", "message": "hold: records of 50 third-party people", "ecs.version": "8.11.0",
		"event.id": "REF12345", "event.kind": "alert", "event.category": []any{"email"}, "event.type": []any{"info"}, "event.module": "bulkhead",
		"event.dataset": "bulkhead.verdict", "event.action": "message-hold", "event.outcome": "success", "event.duration": 4e7,
		"observer.hostname": "relay.example", "observer.vendor": "Bulkhead", "observer.product": "Bulkhead", "observer.type": "dlp", "observer.version": "1.0.0",
		"source.ip": "192.0.2.7", "user.name": "tool", "email.local_id": "BH-7K2M-Q9XD",
		"email.from.address": []any{"List@isp.example"}, "email.to.address": []any{"ben@client.example", "dora@client.example"},
		"rule.name": "bulk-customer-records", "rule.version": "p1", "rule.ruleset": "1",
		"bulkhead.ref": "REF12345", "bulkhead.queue": "4dJ7xQ1zYz", "bulkhead.action": "hold", "bulkhead.incident": "IN-7K2M-Q9XD", "bulkhead.run": "r1",
		"bulkhead.recipients": 2.0, "bulkhead.external_recipients": 2.0, "bulkhead.subjects": 50.0, "bulkhead.records": 51.0,
		"bulkhead.fields": []any{"contact.email", "person.name"}, "bulkhead.completeness": "complete", "bulkhead.bytes": 4096.0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if e.Severity != events.Warning || e.ID != "verdict" {
		t.Errorf("severity %d, id %s", e.Severity, e.ID)
	}
}

func TestDecisionInTheNamesOfTheSchema(t *testing.T) {
	d := &events.Decision{At: at, Seq: 7, Hash: "ab", Act: "release_settled", By: "ana", Message: "BH-7K2M-Q9XD",
		Results: map[string]int{"released": 2, "refused": 1}}
	e, err := writer(events.Plain).Decision(d)
	got := fields(t, e, err)
	for name, want := range map[string]any{
		"event.id": "audit-7", "event.dataset": "bulkhead.decision", "event.action": "release_settled", "event.outcome": "failure",
		"user.name": "ana", "email.local_id": "BH-7K2M-Q9XD", "bulkhead.audit.seq": 7.0, "bulkhead.audit.hash": "ab",
		"bulkhead.results.refused": 1.0, "message": "release_settled: message BH-7K2M-Q9XD",
	} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What became of the message is told by outcome, kind and severity alike.
func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		change                func(*events.Verdict)
		kind, outcome, action string
		severity              events.Severity
	}{
		{func(v *events.Verdict) { v.Action, v.Upstream = "pass", "accepted" }, "event", "success", "message-pass", events.Info},
		{func(v *events.Verdict) { v.Action, v.Upstream = "pass", "refused" }, "event", "failure", "message-pass", events.Info},
		{func(v *events.Verdict) { v.Action, v.Upstream = "tag", "accepted" }, "event", "success", "message-tag", events.Notice},
		{func(v *events.Verdict) { v.Action, v.Stopped = "defer", true }, "alert", "success", "message-defer", events.Warning},
		{func(v *events.Verdict) { v.Action = "reject" }, "alert", "success", "message-reject", events.Warning},
		{func(v *events.Verdict) { v.Action, v.Stage, v.Reason, v.Code = "fault", "inspect", "timeout", 451 }, "event", "failure", "message-fault", events.Warning},
	} {
		v := held()
		c.change(v)
		e, err := writer(events.None).Verdict(v)
		got := fields(t, e, err)
		if got["event.kind"] != c.kind || got["event.outcome"] != c.outcome || got["event.action"] != c.action || e.Severity != c.severity {
			t.Errorf("%s, upstream %q: %v %v %v, severity %d", v.Action, v.Upstream, got["event.kind"], got["event.outcome"], got["event.action"], e.Severity)
		}
	}
}

// Addresses and people's names are told only in the chosen form. Hashes of one
// name are the same in any case of its letters, and others with another key.
func TestNamesAreToldAsChosen(t *testing.T) {
	decision := &events.Decision{At: at, Act: "refused", By: "ana@office.example", Message: "BH-1"}
	secrets := []string{"isp.example", "client.example", "office.example", "tool"}
	for _, form := range []events.Form{events.None, events.Hashed} {
		w := writer(form)
		verdict, err := w.Verdict(held())
		if err != nil {
			t.Fatal(err)
		}
		decided, err := w.Decision(decision)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(verdict.JSON), string(decided.JSON)} {
			for _, s := range secrets {
				if strings.Contains(text, s) {
					t.Errorf("%s: %s is told: %s", form, s, text)
				}
			}
			if hashed := strings.Contains(text, "hash\":\"") || strings.Contains(text, "_hash"); hashed != (form == events.Hashed) && strings.Contains(text, "verdict") {
				t.Errorf("%s: %s", form, text)
			}
		}
	}
	of := func(w *events.Writer, from string) any {
		v := held()
		v.From = from
		e, err := w.Verdict(v)
		return fields(t, e, err)["bulkhead.from_hash"].([]any)[0]
	}
	other := writer(events.Hashed)
	other.Names.Key = []byte("another key of 16")
	a, b := of(writer(events.Hashed), "List@isp.example"), of(writer(events.Hashed), "list@ISP.example")
	if a != b || a == of(other, "list@isp.example") || len(a.(string)) != 32 {
		t.Errorf("hashes %v, %v, with another key %v", a, b, of(other, "list@isp.example"))
	}
	null := held()
	null.From = ""
	e, err := writer(events.Plain).Verdict(null)
	if got, is := fields(t, e, err)["email.from.address"]; is {
		t.Errorf("the null reverse-path is told as %v", got)
	}
}

// An event stays small however many recipients a message has.
func TestAnEventIsBounded(t *testing.T) {
	v := held()
	v.Recipients = slices.Repeat([]string{strings.Repeat("x", 64) + "@" + strings.Repeat("y", 185) + ".example"}, 5000)
	for _, form := range []events.Form{events.Hashed, events.Plain} {
		e, err := writer(form).Verdict(v)
		if err != nil {
			t.Fatal(err)
		}
		if len(e.JSON) > 16<<10 || fields(t, e, nil)["bulkhead.recipients"] != 5000.0 {
			t.Errorf("%s: an event has %d bytes", form, len(e.JSON))
		}
	}
}

// target is one whose answers a test chooses.
type target struct {
	mu     sync.Mutex
	got    []string
	accept func(n int) (int, error) // of a batch of n
}

func (*target) Name() string { return "file" }
func (*target) Close() error { return nil }
func (f *target) Send(_ context.Context, batch []events.Told) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.accept(len(batch))
	for _, e := range batch[:n] {
		f.got = append(f.got, string(e.JSON))
	}
	return n, err
}

func (f *target) answer(accept func(n int) (int, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accept = accept
}

func (f *target) list() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.got)
}

// tally counts as the metric does.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *tally) count(target, result string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[target+" "+result] += n
}

func (c *tally) of(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[what]
}

func number(i int) events.Told { return events.Told{At: at, JSON: []byte{byte('0' + i%10)}} }

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not: %s", what)
		}
	}
}

var errAway = errors.New("away")

// A target that takes nothing holds nobody up: what finds its queue full is
// dropped and counted. What waited is sent in its order once it takes again,
// also from the middle of a batch, and each event is counted once.
func TestASlowTargetHoldsNobodyUp(t *testing.T) {
	var counts tally
	stuck, release := make(chan struct{}), make(chan struct{})
	f := &target{accept: func(int) (int, error) { stuck <- struct{}{}; <-release; return 0, errAway }}
	s := events.New(events.Config{Targets: []events.Target{f}, Queue: 5, Count: counts.count, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	s.Send(number(0))
	<-stuck
	for i := 1; i < 10; i++ { // five wait, four drop; none blocks
		s.Send(number(i))
	}
	if n := counts.of("file dropped"); n != 4 {
		t.Errorf("%d are dropped, want 4", n)
	}
	close(release)
	first := true
	f.mu.Lock()
	f.accept = func(n int) (int, error) {
		if first && n > 1 {
			first = false
			return n / 2, errAway
		}
		return n, nil
	}
	f.mu.Unlock()
	eventually(t, "six are sent", func() bool { return counts.of("file ok") == 6 })
	if got := strings.Join(f.list(), ""); got != "012345" {
		t.Errorf("sent in the order %s", got)
	}
	cancel()
	<-done
}

// At the end what waits is still sent; where that fails it is counted as dropped.
func TestWhatWaitsAtTheEndIsSentOrCounted(t *testing.T) {
	for _, away := range []bool{false, true} {
		var counts tally
		f := &target{accept: func(n int) (int, error) { return n, nil }}
		if away {
			f.answer(func(int) (int, error) { return 0, errAway })
		}
		s := events.New(events.Config{Targets: []events.Target{f}, Queue: 1000, Count: counts.count, Log: slog.New(slog.DiscardHandler)})
		for i := range 300 {
			s.Send(number(i))
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		s.Run(ctx)
		want := map[bool]string{false: "file ok", true: "file dropped"}[away]
		if n := counts.of(want); n != 300 {
			t.Errorf("%s: %d, want 300", want, n)
		}
	}
}

// A file that a rotation moved away is made anew, private, and no line is lost.
func TestAFileIsFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.json")
	f := events.NewFile(path)
	defer f.Close()
	send := func(text string) {
		t.Helper()
		if n, err := f.Send(t.Context(), []events.Told{{JSON: []byte(text)}, {JSON: []byte(text)}}); n != 2 || err != nil {
			t.Fatal(n, err)
		}
	}
	send("a")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	send("b")
	for name, want := range map[string]string{path + ".1": "a\na\n", path: "b\nb\n"} {
		text, err := os.ReadFile(name)
		if err != nil || !bytes.Equal(text, []byte(want)) {
			t.Errorf("%s holds %q, want %q (%v)", filepath.Base(name), text, want, err)
		}
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", filepath.Base(name), info.Mode(), err)
		}
	}
	bad := events.NewFile(filepath.Join(path, "below"))
	if n, err := bad.Send(t.Context(), []events.Told{{JSON: []byte("x")}}); n != 0 || err == nil {
		t.Errorf("a file below a file takes %d: %v", n, err)
	}
}

// A line that was left in part, by a full disk or a crash, takes no event with
// it: what follows has lines of its own.
func TestALineLeftInPartIsEnded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.json")
	for _, c := range []struct{ before, want string }{
		{"", "b\n"}, {"a\n", "a\nb\n"}, {"a\n{\"par", "a\n{\"par\nb\n"},
	} {
		if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
			t.Fatal(err)
		}
		f := events.NewFile(path)
		if n, err := f.Send(t.Context(), []events.Told{{JSON: []byte("b")}}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != c.want {
			t.Errorf("after %q the file holds %q, want %q (%v)", c.before, text, c.want, err)
		}
	}
}
