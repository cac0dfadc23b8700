package rules_test

import (
	"context"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// TestAllocationsDoNotGrowWithTheBody: a message without findings costs as many
// allocations as its structure asks for, however long its text is.
func TestAllocationsDoNotGrowWithTheBody(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which runs the short tests, drops what pools keep")
	}
	in, err := inspector()
	if err != nil {
		t.Fatal(err)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties the pools
	const few, many = 128 << 10, 2 << 20
	for name, of := range map[string]func(size int) string{
		"prose": func(size int) string { return body("text/plain", prose(size)) },
		"log":   func(size int) string { return body("text/plain", logLines(size)) },
		"html":  func(size int) string { return body("text/html", htmlPage(size)) },
		"table": func(size int) string { return attachment([]byte(priceList(size))) },
		"file":  func(size int) string { return attachment([]byte(prose(size))) },
	} {
		allocs := func(size int) float64 {
			message := of(size)
			src := extract.Source{ReaderAt: strings.NewReader(message), Size: int64(len(message))}
			return testing.AllocsPerRun(5, func() {
				if _, err := in.Inspect(context.Background(), src, extract.DefaultLimits()); err != nil {
					t.Error(err)
				}
			})
		}
		allocs(many) // fills the pools
		short, long := allocs(few), allocs(many)
		t.Logf("%s: %.0f allocations for %d KiB, %.0f for %d", name, short, few>>10, long, many>>10)
		if long > 300 || long > short+20 {
			t.Errorf("%s: %.0f allocations for %d KiB, %.0f for %d: at most 300, and none for the length", name, short, few>>10, long, many>>10)
		}
	}
}
