package rules_test

import (
	"context"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// Whoever may see the rows sees them as they stand, the columns are the same, and
// a memory that is shared with the relay never learns of a plain cell.
func TestUnmaskedShowsRowsAndTellsNoMemory(t *testing.T) {
	base, err := inspector()
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("n", 300)
	rows := "name,email,phone,note\n"
	for range 40 {
		rows += "Alice Abbott,alice.abbott@client.example,+44 20 7946 0018,\"" + long + "\"\n"
	}
	message := plain(rows)
	read := func(in *rules.Inspector) *rules.Evidence {
		t.Helper()
		ev, err := in.Inspect(context.Background(), extract.Source{ReaderAt: strings.NewReader(message), Size: int64(len(message))}, extract.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if len(ev.Findings) != 1 || len(ev.Findings[0].Sample) == 0 {
			t.Fatalf("found: %+v", ev.Findings)
		}
		return ev
	}
	memory := rules.NewMemory(1 << 20)
	in := base.WithMemory(memory)
	masked := read(in)
	before := memory.Stats()
	shown := read(in.Unmasked())
	if after := memory.Stats(); after != before {
		t.Errorf("the memory was asked or told: %+v, then %+v", before, after)
	}
	if again := read(in); again.Findings[0].Sample[1][1] != masked.Findings[0].Sample[1][1] {
		t.Errorf("later evidence shows %q", again.Findings[0].Sample[1][1])
	}

	contains := func(ev *rules.Evidence, word string) bool {
		for _, row := range ev.Findings[0].Sample {
			for _, cell := range row {
				if strings.Contains(cell, word) {
					return true
				}
			}
		}
		return false
	}
	for _, word := range []string{"Alice Abbott", "alice.abbott@client.example", "+44 20 7946 0018"} {
		if contains(masked, word) {
			t.Errorf("masked evidence shows %q", word)
		}
		if !contains(shown, word) {
			t.Errorf("unmasked evidence does not show %q: %q", word, shown.Findings[0].Sample)
		}
	}
	if contains(shown, long) {
		t.Error("a cell of unbounded length is shown")
	}
	if len(shown.Findings[0].Sample) > 20 {
		t.Errorf("%d rows are shown", len(shown.Findings[0].Sample))
	}
	if a, b := masked.Findings[0].Columns, shown.Findings[0].Columns; len(a) != len(b) || a[1].Type != b[1].Type {
		t.Errorf("columns differ: %+v, %+v", a, b)
	}
}
