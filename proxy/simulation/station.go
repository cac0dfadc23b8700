package simulation

import (
	"fmt"
	"slices"
	"time"
)

// station is a queue in front of some servers: first come, first served.
type station struct {
	name    string
	clock   *clock
	servers int
	serving []*job
	waiting []*job

	// Little's law: the two sides are counted apart from each other.
	inside int64
	since  time.Duration // of its last change
	area   time.Duration // the integral of inside
	stayed time.Duration // of all that have left

	busy time.Duration // of all servers, of what has left them
}

// job is what one wants of a station.
type job struct {
	service time.Duration
	// work is called in place of service: it is at an end when it calls end.
	work func(end func())
	// done is called once it has been served, with how long it had waited.
	done func(waited time.Duration)
	// lost is called if it never will be; it may be nil.
	lost func()

	arrived, began time.Duration
	served, gone   bool // a server has or had it; it has left
}

func newStation(name string, c *clock, servers int) *station {
	return &station{name: name, clock: c, servers: servers}
}

// enter puts a job into the queue.
func (s *station) enter(j *job) {
	s.change(1)
	j.arrived = s.clock.now
	if len(s.serving) < s.servers {
		s.serve(j)
		return
	}
	s.waiting = append(s.waiting, j)
}

func (s *station) serve(j *job) {
	j.began, j.served = s.clock.now, true
	s.serving = append(s.serving, j)
	end := func() {
		if j.gone {
			return
		}
		s.leave(j)
		if len(s.waiting) > 0 {
			next := s.waiting[0]
			s.waiting = s.waiting[1:]
			s.serve(next)
		}
		j.done(j.began - j.arrived)
	}
	if j.work != nil {
		j.work(end)
		return
	}
	s.clock.after(j.service, end)
}

// leave counts what has left, served or not.
func (s *station) leave(j *job) {
	s.change(-1)
	j.gone = true
	s.stayed += s.clock.now - j.arrived
	if j.served {
		s.busy += s.clock.now - j.began
		s.serving = slices.DeleteFunc(s.serving, func(other *job) bool { return other == j })
	}
}

func (s *station) change(by int64) {
	s.area += time.Duration(s.inside) * (s.clock.now - s.since)
	s.since = s.clock.now
	s.inside += by
}

// withdraw takes a job out that still waits, and reports whether it did.
func (s *station) withdraw(j *job) bool {
	if j.gone || j.served {
		return false
	}
	s.leave(j)
	s.waiting = slices.DeleteFunc(s.waiting, func(other *job) bool { return other == j })
	return true
}

// clear loses all that is there.
func (s *station) clear() {
	all := slices.Concat(s.serving, s.waiting)
	s.waiting = nil
	for _, j := range all {
		s.leave(j)
	}
	for _, j := range all {
		if j.lost != nil {
			j.lost()
		}
	}
}

// busyNow is how long its servers were busy until now.
func (s *station) busyNow() time.Duration {
	busy := s.busy
	for _, j := range s.serving {
		busy += s.clock.now - j.began
	}
	return busy
}

// check says if Little's law does not hold, once the station is empty.
func (s *station) check() error {
	s.change(0)
	if s.inside != 0 {
		return fmt.Errorf("%s: %d are left at the end", s.name, s.inside)
	}
	if s.area != s.stayed {
		return fmt.Errorf("%s: Little's law does not hold: the integral of the number inside is %v, the sum of the stays %v", s.name, s.area, s.stayed)
	}
	return nil
}
