package main

import (
	"context"
	"time"
)

// Each relay looks after what others have left: how often, and how long after it wrote
// last a relay is taken for gone.
const (
	lookAfterEvery = time.Minute
	goneAfter      = 10 * time.Minute
)

// lookAfter goes on with the decisions that the process before left, once it has
// ended. From then on it looks for what other relays of the database leave, and takes
// what relays that have gone had of runs to where the rest is.
func (r *relay) lookAfter(ctx context.Context) {
	if !r.turn.await(ctx) {
		return
	}
	tick := time.NewTicker(lookAfterEvery)
	defer tick.Stop()
	for first := true; ; first = false {
		if first || r.store.Tells() { // with a file nobody else is there
			if err := r.jobs.CatchUp(ctx); err != nil && ctx.Err() == nil {
				r.log.Error("going on with decisions", "error", err)
			}
		}
		if _, err := r.store.TakeOver(ctx, r.store.Now().Add(-goneAfter)); err != nil && ctx.Err() == nil {
			r.log.Error("taking over what relays have left", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
