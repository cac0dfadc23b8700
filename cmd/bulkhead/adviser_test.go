package main

import (
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// What somebody tries is judged by what is in force, as the relay would, and
// leaves nothing behind.
func TestTrialIsJudgedByWhatIsInForce(t *testing.T) {
	cfg := configs.Default()
	cfg.DataDir = t.TempDir()
	live, err := newLive(&cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	memory := rules.NewMemory(1 << 20)
	live.remember(memory)
	workers := newWorkers(nil)
	t.Cleanup(func() { workers.Close() }) // killed, whatever it says
	spool := t.TempDir()
	bounds, err := limits(&cfg, spool, workers)
	if err != nil {
		t.Fatal(err)
	}
	judge := consoleJudge{&adviser{live: live, limits: bounds, room: make(chan struct{}, 1)}}
	ask := func(content, from string, to ...string) console.Opinion {
		t.Helper()
		o, err := judge.Judge(t.Context(), console.Trial{Name: "x", Content: extract.Source{ReaderAt: strings.NewReader(content), Size: int64(len(content))}, From: from, To: to})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	customers, at := makeCustomers(30), slices.Index(customerFields, "alt_email")
	mailOf := func(customer []string) string { return customer[at] }
	list := csvOf(customers)
	for range 2 { // the second time, too, all is read
		if o := ask(list, ""); o.Verdict.Action != rules.Hold || o.Verdict.Exposure.Subjects != 30 || len(o.Findings) == 0 || o.Took <= 0 {
			t.Errorf("a list of 30 people: %v of %d people, %d findings", o.Verdict.Action, o.Verdict.Exposure.Subjects, len(o.Findings))
		}
	}
	if o := ask(string(crlf("Subject: x\n\nHello.\n")), ""); o.Verdict.Action != rules.Pass {
		t.Errorf("a short message: %v", o.Verdict.Action)
	}
	if o := ask(list, mailOf(customers[0]), mailOf(customers[1])); o.Verdict.Exposure.Subjects != 28 {
		t.Errorf("of 30 people two are sender and reader: %d people", o.Verdict.Exposure.Subjects)
	}
	if s := memory.Stats(); s != (rules.MemoryStats{}) {
		t.Errorf("the relay's memory was used: %+v", s)
	}
	if entries, err := os.ReadDir(spool); err != nil || len(entries) != 0 {
		t.Errorf("%d files are left: %v", len(entries), err)
	}
}
