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
	// ahead is by how much the database's is ahead of the machine's, in nanoseconds, as
	// each transaction that writes finds anew.
	ahead atomic.Int64
}

func (c *sharedClock) now() time.Time { return c.machine().Add(time.Duration(c.ahead.Load())) }

// set takes the database's time, which was read after the machine's clock showed asked;
// zero is for one that has the machine's. By how much it is ahead is known to within
// the time that this took: as long as it may be so the clock goes on as before.
func (c *sharedClock) set(at, asked time.Time) {
	if at.IsZero() || c.own {
		return
	}
	// Without their monotonic parts: a machine's clock may be set.
	most := int64(at.Sub(asked.Round(0)))
	least := int64(at.Sub(c.machine().Round(0)))
	c.ahead.Store(max(least, min(most, c.ahead.Load())))
}

// Now is the time by which the store goes: the database's, where machines share one,
// as it was told with the last write.
func (s *Store) Now() time.Time { return s.now() }

func (s *Store) now() time.Time { return s.clock.now() }

// setClock asks the database for the time, before something is done by it that is no
// write yet.
func (s *Store) setClock(ctx context.Context) error {
	asked := s.clock.machine()
	at, err := s.db.now(ctx, s.reader)
	if err == nil {
		s.clock.set(at, asked)
	}
	return err
}
