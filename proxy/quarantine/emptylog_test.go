package quarantine

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Somebody reads for long, as a report of a large incident does. Deleting waits
// for it no longer than writers may wait.
func TestDeletingDoesNotWaitForReaders(t *testing.T) {
	ofSQLite(t, "its log")
	t.Parallel()
	dir := t.TempDir()
	s, other := open(t, dir, Options{}), open(t, dir, Options{})
	m := hold(t, s, letter(1), "x")
	run := []Exposure{{At: time.Unix(1, 0), Exposure: []byte("{}")}, {At: time.Unix(2, 0), Exposure: []byte("{}")}}
	if err := s.WriteLedger(t.Context(), &Ledger{Exposures: run}); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	err := other.Exposures(t.Context(), time.Time{}, func(Exposure) error {
		ctx, cancel := context.WithTimeout(t.Context(), busyTimeout/3)
		defer cancel()
		if err := s.Delete(ctx, m.ID, "anna", ""); err != nil {
			t.Errorf("delete while somebody reads: %v", err)
		}
		return enough
	})
	wantErr(t, err, enough)
	var wait int64
	if err := s.writer.QueryRow("PRAGMA busy_timeout").Scan(&wait); err != nil || wait != busyTimeout.Milliseconds() {
		t.Errorf("writers wait for %d ms afterwards, %v; want %v", wait, err, busyTimeout)
	}
}
