package quarantine_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

func TestWhatIsAskedForAgainIsDoneOnce(t *testing.T) {
	ctx, now := context.Background(), time.Date(2031, 3, 5, 8, 0, 0, 0, time.UTC)
	s, err := quarantine.OpenIn(ctx, t.TempDir(), quarantine.Options{Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() // the test is over
	key, one, other := [32]byte{1}, [32]byte{2}, [32]byte{3}
	begin := func(digest [32]byte, want string, wantErr error) {
		t.Helper()
		if got, err := s.BeginOnce(ctx, key, digest); string(got) != want || !errors.Is(err, wantErr) {
			t.Fatalf("got %q, %v; want %q, %v", got, err, want, wantErr)
		}
	}
	end := func(answer string) {
		t.Helper()
		var text []byte
		if answer != "" {
			text = []byte(answer)
		}
		if err := s.EndOnce(ctx, key, text); err != nil {
			t.Fatal(err)
		}
	}
	begin(one, "", nil)
	begin(one, "", quarantine.ErrBusy)
	begin(other, "", quarantine.ErrReused)
	end("") // it failed
	begin(other, "", nil)
	end("done")
	end("") // too late
	begin(other, "done", nil)
	begin(one, "", quarantine.ErrReused)
	now = now.Add(23 * time.Hour)
	begin(other, "done", nil)
	now = now.Add(2 * time.Hour)
	begin(one, "", nil)
	now = now.Add(2 * time.Minute) // who began it is gone
	begin(one, "", nil)
}

// Of many who ask at the same time one does it.
func TestOneOfManyBegins(t *testing.T) {
	ctx := context.Background()
	s, err := quarantine.OpenIn(ctx, t.TempDir(), quarantine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() // the test is over
	var begun, busy int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			answer, err := s.BeginOnce(ctx, [32]byte{1}, [32]byte{2})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && answer == nil:
				begun++
			case errors.Is(err, quarantine.ErrBusy):
				busy++
			}
		})
	}
	all.Wait()
	if begun != 1 || busy != 7 {
		t.Errorf("%d begun and %d told to wait, want 1 and 7", begun, busy)
	}
}
