package extract

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSharedCorpus reads every sample file: none may fail, and the log tells
// how far each was read.
func TestSharedCorpus(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/corpus/*/*")
	if len(files) == 0 {
		t.Skip("samples are not here")
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var r record
		start := time.Now()
		var sum Summary
		if IsMessage(b) {
			sum, err = New().Message(context.Background(), memory(b), DefaultLimits(), &r)
		} else {
			sum, err = New().File(context.Background(), filepath.Base(f), memory(b), DefaultLimits(), &r)
		}
		if err != nil {
			t.Errorf("%s: %v", f, err)
		}
		for _, u := range sum.Unread {
			if u.Reason == Failed {
				t.Errorf("%s: %v", f, u)
			}
		}
		if len(sum.Parts) == 0 && r.text.Len()+r.grids.Len() == 0 {
			t.Errorf("%s: nothing was read", f)
		}
		first := func(b []byte) string { return strings.ReplaceAll(string(b[:min(len(b), 240)]), "\n", "⏎") }
		t.Logf("%s %v message=%v\n  parts %v\n  unread %v\n  text(%d) %s\n  rows %d %s", f, time.Since(start).Round(time.Millisecond),
			IsMessage(b), sum.Parts, sum.Unread, r.text.Len(), first(r.text.Bytes()), r.rows, first(r.grids.Bytes()))
	}
}
