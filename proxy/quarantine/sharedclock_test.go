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
	machine, passed := start, time.Duration(0)
	var c sharedClock
	c.start(func() time.Time { return machine }, false)
	c.passed = func() time.Duration { return passed }
	for _, step := range []struct {
		name            string
		passed, took    time.Duration // when the answer is there, and for how long it was under way
		database, ahead time.Duration
	}{
		{"they agree", 0, 0, 0, 0},
		{"an answer takes long", 10 * time.Second, 5 * time.Second, 7 * time.Second, 0},
		{"the database is ahead", 20 * time.Second, time.Second, 80 * time.Second, 60 * time.Second},
		{"it may still be as much", 30 * time.Second, time.Second, 89500 * time.Millisecond, 60 * time.Second},
		{"the machine sleeps", 40 * time.Second, time.Second, time.Hour, time.Hour - 40*time.Second},
	} {
		passed = step.passed
		c.set(start.Add(step.database), passed-step.took)
		if got := c.now().Sub(start) - passed; got != step.ahead {
			t.Errorf("%s: the clock is %v ahead, want %v", step.name, got, step.ahead)
		}
	}
	// Between two times lies what has passed, though the machine's clock is set: a held
	// run does not close by it.
	before := c.now()
	machine, passed = machine.Add(5*time.Hour), passed+time.Second
	c.set(before.Add(time.Second), passed)
	if got := c.now().Sub(before); got != time.Second {
		t.Errorf("the machine's clock is set, and %v pass in a second", got)
	}
	c.set(time.Time{}, passed)
	c.own = true
	c.set(start.Add(24*time.Hour), passed)
	if got, want := c.now(), before.Add(time.Second); !got.Equal(want) {
		t.Errorf("without a clock to follow it shows %v, want %v", got, want)
	}
}
