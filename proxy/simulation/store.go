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

// commit writes the rows. If the relay is killed before its turn has come PostgreSQL
// rolls back what it had begun.
func (s *store) commit(a *attempt, then func(failed string)) {
	away := func() { then("451 PostgreSQL away") }
	if !s.up {
		away()
		return
	}
	costs := &s.world.costs.Store
	s.cores.enter(&job{service: costs.Hold.Value, lost: away, done: func(time.Duration) {
		if a.over {
			return
		}
		s.alone.enter(&job{service: costs.HoldAlone.Value, lost: away, done: func(time.Duration) {
			if turn := s.world.clock.now - costs.HoldAlone.Value; a.over && a.ended < turn {
				return
			}
			s.holds++
			then("")
		}})
	}})
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
