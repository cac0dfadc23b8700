package quarantine

import (
	"context"
	"sync/atomic"
	"time"
)

// sharedClock is what a store goes by. Whoever shares a database with others goes by that
// one's clock, since leases, retention and what a run is open for are the same for
// all: a machine whose own clock is wrong neither takes what another one holds nor
// holds what it should have given back.
type sharedClock struct {
	machine func() time.Time
	// own says that machine is right whatever the database has.
	own bool
	// The database's time is reckoned from when the store was opened, by what passes
	// since: the machine's clock may be set, which the database is not asked about.
	opened time.Time
	passed func() time.Duration
	// ahead is by how much the database's is ahead of that, in nanoseconds, as each
	// transaction that writes finds anew; heard, that it has been found at all.
	ahead atomic.Int64
	heard atomic.Bool
}

// start begins to reckon.
func (c *sharedClock) start(machine func() time.Time, own bool) {
	c.machine, c.own, c.opened = machine, own, machine()
	c.passed = func() time.Duration { return machine().Sub(c.opened) } // by its monotonic clock
}

func (c *sharedClock) now() time.Time {
	if !c.heard.Load() {
		return c.machine()
	}
	return c.opened.Add(c.passed() + time.Duration(c.ahead.Load()))
}

// set takes the database's time, which was read after so much had passed; zero is for
// one that has the machine's. By how much it is ahead is known to within the time that
// this took: as long as it may be so the clock goes on as before.
func (c *sharedClock) set(at time.Time, passed time.Duration) {
	if at.IsZero() || c.own {
		return
	}
	since := at.Sub(c.opened.Round(0)) // without its monotonic part
	most, least := int64(since-passed), int64(since-c.passed())
	c.ahead.Store(max(least, min(most, c.ahead.Load())))
	c.heard.Store(true)
}

// Now is the time by which the store goes: the database's, where machines share one,
// as it was told with the last write.
func (s *Store) Now() time.Time { return s.now() }

func (s *Store) now() time.Time { return s.clock.now() }

// setClock asks the database for the time, before something is done by it that is no
// write yet.
func (s *Store) setClock(ctx context.Context) error {
	asked := s.clock.passed()
	at, err := s.db.now(ctx, s.reader)
	if err == nil {
		s.clock.set(at, asked)
	}
	return err
}
