package main

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// A line of 100 MB is read in pieces, and what stands in it is found.
func TestLineOfAHundredMegabytesIsRead(t *testing.T) {
	testbed.SkipShort(t, "long")
	for _, people := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "line.txt")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriterSize(file, 1<<20)
		const words = "thank you for your call this morning and bring the drawings of the bridge "
		for n := 0; n < 100_000_000; n += len(words) {
			w.WriteString(words) // Flush tells
		}
		if people {
			for _, row := range makeCustomers(60) {
				w.WriteString(strings.ReplaceAll(row[6], ".example", ".example-mail.com") + " ") // as above
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		cfg := configs.Default()
		s, err := newScanner(scanCommand{}, &cfg)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.scan(context.Background(), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s, %d people, %s, %.0f ms: %v", r.Action, r.Subjects, r.Completeness, r.ElapsedMS, r.Reasons)
		if people && r.Action != "hold" {
			t.Errorf("60 people at the end of a long line: %s, %d people", r.Action, r.Subjects)
		}
		if !people && r.Action != "pass" {
			t.Errorf("a long line of words: %s, %v", r.Action, r.Reasons)
		}
	}
}
