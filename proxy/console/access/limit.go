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
	of map[string]*rate.Limiter
}

func newFailures(most int) *failures {
	return &failures{most: most, of: map[string]*rate.Limiter{}}
}

// full reports whether somebody has failed too often, and when to try again.
func (f *failures) full(who string, now time.Time) (time.Duration, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.of[who]
	if l == nil {
		return 0, false
	}
	left := l.TokensAt(now)
	if left >= 1 {
		return 0, false
	}
	return time.Duration((1 - left) * float64(failureBack)), true
}

// add counts a failure.
func (f *failures) add(who string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.of[who]
	if l == nil {
		f.makeRoom(now)
		l = rate.NewLimiter(rate.Every(failureBack), f.most)
		f.of[who] = l
	}
	l.AllowN(now, 1)
}

// forget ends the count for somebody who has logged in.
func (f *failures) forget(who string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.of, who)
}

// makeRoom forgets whom nothing is held against any more, and where all are,
// anybody.
func (f *failures) makeRoom(now time.Time) {
	if len(f.of) < watched {
		return
	}
	for who, l := range f.of {
		if l.TokensAt(now) >= float64(f.most) {
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
