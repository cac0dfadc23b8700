package simulation

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// jobsAndNear are how many come, and how near to theory their mean wait has to be.
// With -short, as for the race detector, there are fewer.
func jobsAndNear() (jobs int, near float64) {
	if testing.Short() {
		return 50_000, 0.15
	}
	return 300_000, 0.05
}

// meanWait has many jobs come to a station as a Poisson process, and returns how
// long one waits, on average.
func meanWait(t *testing.T, jobs, servers int, load float64, service func(*rand.Rand) time.Duration) time.Duration {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 11))
	var c clock
	s := newStation("station", &c, servers)
	every := float64(time.Second) / (load * float64(servers)) // a service takes a second, on average
	var waited time.Duration
	left, served := jobs, 0
	var come func()
	come = func() {
		s.enter(&job{service: service(random), done: func(w time.Duration) { waited += w; served++ }})
		if left--; left > 0 {
			c.after(time.Duration(random.ExpFloat64()*every), come)
		}
	}
	come()
	for c.next() {
	}
	if served != jobs {
		t.Fatalf("%d of %d were served", served, jobs)
	}
	if err := s.check(); err != nil {
		t.Error(err)
	}
	if busy := s.busyNow().Seconds() / c.now.Seconds() / float64(servers); math.Abs(busy-load) > 0.02 {
		t.Errorf("%d servers, load %v: busy for %.3f of the time", servers, load, busy)
	}
	return waited / time.Duration(jobs)
}

// erlangC is the mean wait in an M/M/c queue, in mean times of service.
func erlangC(servers int, load float64) float64 {
	offered := load * float64(servers)
	term, sum := 1.0, 0.0
	for k := range servers {
		sum += term
		term *= offered / float64(k+1)
	}
	last := term / (1 - load)
	return last / (sum + last) / (float64(servers) * (1 - load))
}

// The waits are those that queueing theory gives (Kleinrock, Queueing Systems I,
// sections 3.5 and 5.6): M/M/c by Erlang's formula, M/D/1 by Pollaczek and Khinchine.
func TestWaitsAreThoseOfTheory(t *testing.T) {
	jobs, near := jobsAndNear()
	exponential := func(r *rand.Rand) time.Duration { return time.Duration(r.ExpFloat64() * float64(time.Second)) }
	constant := func(*rand.Rand) time.Duration { return time.Second }
	for _, c := range []struct {
		name    string
		servers int
		load    float64
		service func(*rand.Rand) time.Duration
		want    float64 // seconds
	}{
		{"M/M/1", 1, 0.5, exponential, 1},
		{"M/M/1", 1, 0.8, exponential, 4},
		{"M/M/2", 2, 0.8, exponential, erlangC(2, 0.8)},
		{"M/M/4", 4, 0.75, exponential, erlangC(4, 0.75)},
		{"M/D/1", 1, 0.5, constant, 0.5},
		{"M/D/1", 1, 0.8, constant, 2},
	} {
		got := meanWait(t, jobs, c.servers, c.load, c.service).Seconds()
		if math.Abs(got-c.want) > near*c.want {
			t.Errorf("%s at %v: a mean wait of %.3f s, want %.3f s", c.name, c.load, got, c.want)
		}
	}
}

// Jobs that are withdrawn or lost do not break the count, and are not served.
func TestStationLosesWhatItHas(t *testing.T) {
	var c clock
	s := newStation("station", &c, 1)
	var done, lost int
	jobs := make([]*job, 5)
	for i := range jobs {
		jobs[i] = &job{service: time.Second, done: func(time.Duration) { done++ }, lost: func() { lost++ }}
		s.enter(jobs[i])
	}
	c.after(1500*time.Millisecond, func() {
		if s.withdraw(jobs[1]) || !s.withdraw(jobs[2]) || s.withdraw(jobs[2]) {
			t.Error("withdraw is for what waits, once")
		}
	})
	c.after(2500*time.Millisecond, s.clear)
	for c.next() {
	}
	if done != 2 || lost != 2 {
		t.Errorf("%d were served and %d lost, want 2 and 2", done, lost)
	}
	if busy := s.busyNow(); busy != 2500*time.Millisecond {
		t.Errorf("busy for %v", busy)
	}
	if err := s.check(); err != nil {
		t.Error(err)
	}
}

// The check is no formality: a job that is counted at only one end is told.
func TestLittlesLawIsFoundBroken(t *testing.T) {
	var c clock
	s := newStation("station", &c, 1)
	j := &job{service: time.Second, done: func(time.Duration) {}}
	s.enter(j)
	c.after(time.Millisecond, func() { j.arrived += time.Microsecond })
	for c.next() {
	}
	if s.check() == nil {
		t.Error("a stay that is wrong by a microsecond is not told")
	}
}
