package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/simulation"
	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// sizingRow is a row of the table in configs/sizing.md, from the simulation that its
// first cell names.
func sizingRow(flags string, r *simulation.Report) string {
	busiest := slices.MaxFunc(r.Each, func(a, b simulation.RelayReport) int { return int(1e6 * (a.Busy - b.Busy)) })
	cells := []string{
		"`" + flags + "`", fmt.Sprintf("%.0f %%", 100*busiest.Busy), fmt.Sprintf("%.1f", r.Waits.P99), fmt.Sprintf("%.0f", r.Passed.P99),
		fmt.Sprintf("%.0f %%", 100*r.Store.Busy), fmt.Sprintf("%.0f %%", 100*r.Store.AloneMinute), fmt.Sprintf("%.0f", r.Held.P99),
		fmt.Sprintf("%d", r.Messages.Retried), fmt.Sprintf("%d / %d", r.Accident.P50, r.Accident.Most),
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

// The table on sizing is what the simulation gives with the shipped costs.
func TestSizingPage(t *testing.T) {
	testbed.SkipShort(t, "some millions of messages are simulated")
	page, err := os.ReadFile("../../configs/sizing.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		flags, found := strings.CutPrefix(line, "| `--")
		if !found {
			continue
		}
		rows++
		flags, _, _ = strings.Cut(flags, "`")
		flags = "--" + flags
		code, text, errs := simulated(append(strings.Fields(flags), "--format", "json")...)
		var report simulation.Report
		if err := json.Unmarshal([]byte(text), &report); err != nil || code != exitOK {
			t.Errorf("%s: %v %s", flags, err, errs)
			continue
		}
		if want := sizingRow(flags, &report); strings.TrimSpace(line) != want {
			t.Errorf("the page says\n%sand it is\n%s", line, want)
		}
	}
	if rows < 5 {
		t.Errorf("%d rows", rows)
	}
}
