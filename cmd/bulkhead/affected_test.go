package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/index"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/allow"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// Who is affected is told by the allow list of then: an entry that came later
// takes nobody off the list, and one that has ended since still does.
func TestAffectedAreByTheAllowListOfThen(t *testing.T) {
	cfg := configs.Default()
	cfg.DataDir = t.TempDir()
	then := time.Date(2026, 3, 2, 10, 42, 0, 0, time.UTC)
	if set, err := allowedAt(&cfg, then); err != nil || set.HasPeople() {
		t.Fatalf("without a list: %v", err)
	}
	secret, err := index.MakeKey(filepath.Join(cfg.DataDir, "allow.key"))
	if err != nil {
		t.Fatal(err)
	}
	hash := secret.For(allow.Purpose)
	day := 24 * time.Hour
	people := []struct {
		id, address    string
		added, expires time.Time
		want           bool
	}{
		{"AL-1", "before@office.test", then.Add(-day), then.Add(1000 * day), true},
		{"AL-2", "ended-since@office.test", then.Add(-day), then.Add(day), true},
		{"AL-3", "ended-before@office.test", then.Add(-2 * day), then.Add(-day), false},
		{"AL-4", "later@office.test", then.Add(day), then.Add(1000 * day), false},
	}
	key := func(address string) uint64 { return uint64(rules.ValueKey(detect.ContactEmail, address)) }
	err = allowFilesOf(&cfg).change(t.Context(), func(list allow.List) (allow.List, error) {
		list.Key = hash.Check()
		for _, p := range people {
			list.Entries = append(list.Entries, allow.Entry{ID: p.id, Kind: allow.Person, Type: detect.ContactEmail.String(),
				Hash: allow.HashPerson(hash, key(p.address)), Reason: "test", Owner: "ana", Added: p.added, Expires: p.expires})
		}
		return list, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	set, err := allowedAt(&cfg, then)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range people {
		if _, got := set.Person(key(p.address)); got != p.want {
			t.Errorf("%s is allowed: %v, want %v", p.address, got, p.want)
		}
	}
}

// Half a list of people affected would pass for the whole.
func TestFileThatCannotBeWrittenWholeIsNotLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.csv.age")
	full := errors.New("no space left")
	err := writeNew(path, func(w io.Writer) error {
		_, err := io.WriteString(w, "half")
		return errors.Join(err, full)
	})
	if _, gone := os.Stat(path); !errors.Is(err, full) || !errors.Is(gone, fs.ErrNotExist) {
		t.Errorf("%v; the file: %v", err, gone)
	}
	write := func(w io.Writer) error { _, err := io.WriteString(w, "whole"); return err }
	if err := writeNew(path, write); err != nil {
		t.Fatal(err)
	}
	// One that is there stays.
	if err := writeNew(path, write); !errors.Is(err, fs.ErrExist) {
		t.Errorf("replaced: %v", err)
	}
	if text, err := os.ReadFile(path); string(text) != "whole" {
		t.Errorf("%q, %v", text, err)
	}
}
