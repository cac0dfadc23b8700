package quarantine

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStoreStopsAtItsCapacity(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	size := int64(len(bulk("a")))
	s := open(t, dir, Options{Capacity: 2*size + size/2})
	first := hold(t, s, letter(1), bulk("a"))
	hold(t, s, letter(1), bulk("b"))
	_, err := s.Hold(t.Context(), letter(1), strings.NewReader(bulk("c")))
	wantErr(t, err, ErrFull)
	wantFiles(t, dir, 2)
	copied := hold(t, s, letter(1), bulk("b")) // which takes no room
	if err := s.Delete(t.Context(), first.ID, "anna", "make room"); err != nil {
		t.Fatal(err)
	}
	hold(t, s, letter(1), bulk("d"))
	st, err := s.Stats(t.Context())
	if err != nil || st.Bytes != 3*copied.Size || st.Stored < 2*size || st.Stored > 2*size+1000 {
		t.Errorf("%d bytes in %d, %v; want %d in some %d", st.Bytes, st.Stored, err, 3*copied.Size, 2*size)
	}
}

func TestStatsCountWhatIsHeld(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	start := c.Now()
	var ids []string
	for range 4 {
		ids = append(ids, hold(t, s, letter(1), "12345").ID)
		c.Add(time.Minute)
	}
	if err := errors.Join(s.Refuse(t.Context(), ids[0], "anna", ""), s.Delete(t.Context(), ids[1], "anna", "")); err != nil {
		t.Fatal(err)
	}
	got, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Stored < 5 || got.Stored > 50 {
		t.Errorf("content of 5 bytes is stored in %d", got.Stored)
	}
	if got.Free <= 0 {
		t.Errorf("%d bytes left on the volume", got.Free)
	}
	want := Stats{
		AuditRecords: 6, Free: got.Free, Stored: got.Stored, Held: 2, Bytes: 15, OldestHeld: start.Add(2 * time.Minute), NextExpiry: start.Add(2*time.Minute + defaultUndecided), Incidents: 2,
		ByState: map[State]int64{Held: 2, Refused: 1, Deleted: 1, Releasing: 0, Released: 0, PartlyReleased: 0, ReleaseFailed: 0, Expired: 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	for state := range got.ByState {
		var open bool
		err := s.reader.QueryRow("SELECT open FROM totals WHERE state = ?", string(state)).Scan(&open)
		if err != nil || open != state.Open() {
			t.Errorf("%s is open in SQL: %v, in Go: %v, %v", state, open, state.Open(), err)
		}
	}
}

func TestWritersWaitForEachOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const writers, each = 8, 10
	var wg sync.WaitGroup
	errs := make(chan error, writers*(each+1))
	for range writers {
		wg.Go(func() {
			// A store of its own, as another process would have, opened
			// while the others make the same folders and tables.
			s, err := openIn(t.Context(), dir, Options{})
			if err != nil {
				errs <- err
				return
			}
			for i := range each {
				_, err := s.Hold(t.Context(), letter(2), bytes.NewReader(make([]byte, 1000*i)))
				errs <- err
			}
			errs <- s.Close()
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	s := open(t, dir, Options{})
	all, _, err := s.List(t.Context(), Query{})
	if err != nil || len(all) != writers*each {
		t.Errorf("%d messages, %v; want %d", len(all), err, writers*each)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// A stuck writer elsewhere costs the client a 4xx at its deadline, no more.
func TestHoldGivesUpWhenTheStoreIsLocked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other, s := open(t, dir, Options{}), open(t, dir, Options{})
	stuck, err := other.writer.Begin()
	if err == nil {
		_, _, err = other.db.begin(t.Context(), stuck, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := s.Hold(ctx, letter(1), strings.NewReader("x")); err == nil {
		t.Fatal("held while the store is locked")
	}
	if took := time.Since(start); took > busyTimeout/2 {
		t.Errorf("gave up after %v, its deadline was 50 ms", took)
	}
	if err := stuck.Rollback(); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, 0)
	hold(t, s, letter(1), "x")
}
