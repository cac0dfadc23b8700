package quarantine

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

// watchedDisk calls something before one step of the file layer.
type watchedDisk struct {
	packs.Machine
	mu   sync.Mutex
	left int // steps until then
	do   func()
}

func (d *watchedDisk) step() {
	d.mu.Lock()
	d.left--
	now := d.left == 0
	d.mu.Unlock()
	if now {
		d.do()
	}
}

func (d *watchedDisk) Create(path string) (packs.File, error) {
	d.step()
	return d.Machine.Create(path)
}
func (d *watchedDisk) Rename(from, to string) error { d.step(); return d.Machine.Rename(from, to) }
func (d *watchedDisk) SyncDir(path string) error    { d.step(); return d.Machine.SyncDir(path) }

// TestClockThatJumpsWhileAMessageIsHeld: with the clock hours ahead for a moment,
// what is being written seems to be left over, and a sweep takes it. Then the
// message is not acknowledged; one that is acknowledged is whole.
func TestClockThatJumpsWhileAMessageIsHeld(t *testing.T) {
	t.Parallel()
	lost := 0
	for step, met := 1, true; met; step++ {
		dir, c := filepath.Join(t.TempDir(), "q"), &clock{now: time.Now()}
		disk := &watchedDisk{}
		s := open(t, dir, Options{Clock: c.Now, disk: disk})
		other := open(t, dir, Options{Clock: c.Now})
		first := hold(t, s, letter(1), crashContent("first"))
		disk.left, disk.do, met = step, func() {
			c.Add(26 * time.Hour)
			if report, err := other.Sweep(t.Context()); err != nil || len(report.Missing) > 0 {
				t.Errorf("step %d: sweep: %+v, %v", step, report, err)
			}
			c.Add(-26 * time.Hour)
		}, false
		jump := disk.do
		disk.do = func() { met = true; jump() }
		m, err := s.Hold(t.Context(), letter(2), strings.NewReader(crashContent("second")))
		readContent(t, s, first.ID)
		if err == nil {
			readContent(t, s, m.ID)
		} else {
			lost++
			again := hold(t, s, letter(2), crashContent("second"))
			readContent(t, s, again.ID)
		}
		if err := s.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		if !met && step < 4 {
			t.Fatalf("only %d steps were met", step-1)
		}
	}
	if lost == 0 {
		t.Error("no sweep took what was being written: nothing was tried")
	}
}

// TestClockThatIsWrongForAWhile: a clock that is months ahead, or behind, for some
// hours ends no message before its time. One that is held while it is behind
// seems long overdue when it is right again, and has a day from the warning.
func TestClockThatIsWrongForAWhile(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{90 * day, -90 * day} {
		c := newClock()
		s := open(t, t.TempDir(), Options{Clock: c.Now})
		m := hold(t, s, letter(1), bulk("a"))
		var n told
		c.Add(jump)
		during := hold(t, s, letter(1), bulk("b"))
		for range 20 {
			expire(t, s, &n)
			if _, err := s.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.Add(time.Hour)
		}
		c.Add(-jump)
		for range 25 * 24 { // 30 days are not over
			expire(t, s, &n)
			c.Add(time.Hour)
		}
		if jump > 0 {
			readContent(t, s, during.ID)
		} else if got := get(t, s, during.ID); got.State == Expired && !strings.HasPrefix(n.notices[0], "expiring") {
			t.Errorf("it expired without a warning: %q", n.notices)
		}
		if got := get(t, s, m.ID); got.State != Held {
			t.Errorf("after a jump by %v a message is %s", jump, got.State)
		}
		readContent(t, s, m.ID)
		if err := s.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
