package access

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How many log-ins may fail: of a client, then of an account, whoever tries.
// One comes back each minute.
const (
	failuresOfClient  = 10
	failuresOfAccount = 30
	failureBack       = time.Minute
	// watched bounds the clients and accounts that are remembered. Beyond it
	// those are forgotten that may try as often as anybody.
	watched = 10_000
)

// failures counts log-ins that failed, by whom or to whom.
type failures struct {
	most int

	mu sync.Mutex
	of map[string]*record
}

// record is what is held against somebody. A log-in that is under way counts as
// one that has failed until it ends: a thousand at once are no more guesses than
// a thousand one after another.
type record struct {
	failed   *rate.Limiter
	underWay int
}

func newFailures(most int) *failures {
	return &failures{most: most, of: map[string]*record{}}
}

// begin counts a log-in that is under way, which end ends. Where somebody has
// failed too often it does not, and tells when to try again.
func (f *failures) begin(who string, now time.Time) (wait time.Duration, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := f.get(who, now)
	left := x.failed.TokensAt(now) - float64(x.underWay)
	if left < 1 {
		return time.Duration((1 - left) * float64(failureBack)), false
	}
	x.underWay++
	return 0, true
}

// end ends a log-in that was begun. One that failed is held against them; one
// that is over in any other way is not.
func (f *failures) end(who string, now time.Time, failed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := f.get(who, now)
	x.underWay = max(0, x.underWay-1) // makeRoom may have forgotten it
	if failed {
		x.failed.AllowN(now, 1)
	}
}

// forget forgives the failures of somebody who has logged in, though not what
// is under way.
func (f *failures) forget(who string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.get(who, now).failed = f.fresh()
}

// get gives what is held against somebody, nothing where they are new.
func (f *failures) get(who string, now time.Time) *record {
	x := f.of[who]
	if x == nil {
		f.makeRoom(now)
		x = &record{failed: f.fresh()}
		f.of[who] = x
	}
	return x
}

func (f *failures) fresh() *rate.Limiter { return rate.NewLimiter(rate.Every(failureBack), f.most) }

// makeRoom forgets whom nothing is held against any more, and where all are,
// anybody.
func (f *failures) makeRoom(now time.Time) {
	if len(f.of) < watched {
		return
	}
	for who, x := range f.of {
		if x.underWay == 0 && x.failed.TokensAt(now) >= float64(f.most) {
			delete(f.of, who)
		}
	}
	for who := range f.of {
		if len(f.of) < watched {
			return
		}
		delete(f.of, who)
	}
}

// network is what of a client's address is counted together: all of an IPv6
// subscriber's /64.
func network(client netip.Addr) string {
	client = client.Unmap()
	if client.Is6() {
		if p, err := client.Prefix(64); err == nil {
			return p.String()
		}
	}
	return client.String()
}
