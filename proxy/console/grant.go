package console

import (
	"sync"
	"time"
)

// grantTime is how long somebody may look who gave a reason.
const grantTime = 15 * time.Minute

// maxGrants bounds the grants that run at once.
const maxGrants = 10_000

// grant is one person's leave to look at one message in one way. There is an
// entry of the audit trail for it.
type grant struct{ person, message, kind string }

// grants are those that run. They live in memory only: with the program they
// end. Safe for concurrent use.
type grants struct {
	now func() time.Time

	mu    sync.Mutex
	until map[grant]time.Time
}

func newGrants(now func() time.Time) *grants {
	return &grants{now: now, until: map[grant]time.Time{}}
}

// give begins a grant, or one that runs anew. Past the bound, the one that ends
// first ends now.
func (g *grants) give(k grant) {
	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.until) >= maxGrants {
		first := k
		for other, until := range g.until {
			if !until.After(now) {
				delete(g.until, other)
			} else if first == k || until.Before(g.until[first]) {
				first = other
			}
		}
		if len(g.until) >= maxGrants {
			delete(g.until, first)
		}
	}
	g.until[k] = now.Add(grantTime)
}

// ends tells when a grant ends; zero: there is none.
func (g *grants) ends(k grant) time.Time {
	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	until := g.until[k]
	if !until.After(now) {
		delete(g.until, k)
		return time.Time{}
	}
	return until
}
