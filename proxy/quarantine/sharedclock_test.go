package quarantine

import (
	"testing"
	"time"
)

// The store's clock follows the database's, and goes on evenly while the answers may
// have been under way for as long as they were.
func TestTheClockIsTheDatabases(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	machine := start
	c := sharedClock{machine: func() time.Time { return machine }}
	for _, step := range []struct {
		name            string
		machine         time.Duration // it shows when the answer is there
		took            time.Duration
		database, ahead time.Duration
	}{
		{"they agree", 0, 0, 0, 0},
		{"an answer takes long", 10 * time.Second, 5 * time.Second, 7 * time.Second, 0},
		{"the database is ahead", 20 * time.Second, time.Second, 80 * time.Second, 60 * time.Second},
		{"it may still be as much", 30 * time.Second, time.Second, 89500 * time.Millisecond, 60 * time.Second},
		{"the machine's is set forward", time.Hour, time.Second, 90 * time.Second, 90*time.Second - time.Hour + time.Second},
		{"and back", -time.Hour, time.Second, 100 * time.Second, 100*time.Second + time.Hour},
	} {
		machine = start.Add(step.machine)
		c.set(start.Add(step.database), machine.Add(-step.took))
		if got := c.now().Sub(machine); got != step.ahead {
			t.Errorf("%s: the clock is %v ahead of the machine's, want %v", step.name, got, step.ahead)
		}
	}
	c.set(time.Time{}, machine)
	c.own = true
	c.set(start.Add(24*time.Hour), machine)
	if got, want := c.now(), start.Add(100*time.Second); !got.Equal(want) {
		t.Errorf("without a clock to follow it shows %v, want %v", got, want)
	}
}
