package simulation

import (
	"slices"
	"time"
)

// balancer gives each connection to the relay with the fewest, as HAProxy's
// leastconn does.
type balancer struct {
	world     *world
	next      int   // among equals they take turns
	refused   int64 // connections that went to the next
	takenOut  int64
	takenBack int64
}

// tries is to how many relays a connection is put (HAProxy: retries 3, with
// option redispatch 1).
const tries = 4

// choose returns the relay that takes the next connection, nil if none does. One
// that has gone refuses at once, and the connection is given to another.
func (b *balancer) choose() *relay {
	var refused []*relay
	for range tries {
		r := b.fewest(refused)
		if r == nil {
			break
		}
		if r.up {
			return r
		}
		b.refused++
		refused = append(refused, r)
		if r.refused++; r.refused == b.world.costs.Around.Refusals.Value && !r.out {
			r.out = true
			b.takenOut++
		}
	}
	return nil
}

func (b *balancer) fewest(but []*relay) *relay {
	all := b.world.relays
	var best *relay
	for i := range all {
		r := all[(b.next+i)%len(all)]
		if r.out || slices.Contains(but, r) {
			continue
		}
		if best == nil || len(r.sessions) < len(best.sessions) {
			best = r
		}
	}
	if best != nil {
		b.next = best.number + 1
	}
	return best
}

// watch follows the checks of a relay that has gone until it is back in.
func (b *balancer) watch(r *relay) {
	if r.watched {
		return
	}
	r.watched = true
	every := b.world.costs.Around.Check.Value
	// Each relay's checks have a moment of their own.
	phase := every * time.Duration(r.number) / time.Duration(len(b.world.relays))
	first := every - (b.world.clock.now+every-phase)%every
	failed := int64(0)
	var look func()
	look = func() {
		if r.up {
			if r.out {
				b.takenBack++
			}
			r.out, r.watched, r.refused = false, false, 0
			return
		}
		if failed++; failed == b.world.costs.Around.Fall.Value && !r.out {
			r.out = true
			b.takenOut++
		}
		b.world.clock.after(every, look)
	}
	b.world.clock.after(first, look)
}
