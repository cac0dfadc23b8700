package simulation

import "time"

// store is PostgreSQL and S3.
type store struct {
	world *world
	up    bool // PostgreSQL
	s3    bool
	cores *station
	alone *station
	puts  int64
	holds int64
}

// hold writes the objects of a held message and then, if its relay still runs, its
// rows, and says why not, "" if it has.
func (s *store) hold(a *attempt, then func(failed string)) {
	w := s.world
	var took time.Duration
	for range w.costs.Store.PutsOf.Value {
		took += around(w.chance.times, w.costs.Store.Put.Value)
	}
	w.clock.after(took, func() {
		switch {
		case a.over: // its objects are nobody's
		case !s.s3:
			then("451 S3 away")
		default:
			s.puts += w.costs.Store.PutsOf.Value
			s.commit(a, then)
		}
	})
}

// commit writes the rows, one hold after another: a turn is the processor time of
// PostgreSQL, the rest of the time that the transaction is open, and the disk's. If
// the relay is killed before its turn has come, nothing is written.
func (s *store) commit(a *attempt, then func(failed string)) {
	away := func() { then("451 PostgreSQL away") }
	if !s.up {
		away()
		return
	}
	costs := &s.world.costs.Store
	rest := costs.HoldOpen.Value - costs.Hold.Value + costs.Sync.Value
	turn := &job{lost: away}
	turn.work = func(end func()) {
		s.cores.enter(&job{service: costs.Hold.Value, done: func(time.Duration) { s.world.clock.after(rest, end) }})
	}
	turn.done = func(time.Duration) {
		if a.over && a.ended < turn.began {
			return
		}
		s.holds++
		then("")
	}
	s.alone.enter(turn)
}

// stop is PostgreSQL's end: what it was about to do is not done.
func (s *store) stop() {
	s.up = false
	s.cores.clear()
	s.alone.clear()
}

// start brings it back, and what relays know is told to the others again.
func (s *store) start() {
	s.up = true
	for _, m := range s.world.mailings {
		m.tellAll()
	}
}
