package main

import (
	"context"
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/proxy/review"
)

// newJobs makes what carries out the decisions of the console and of the API,
// and tells people of them.
func (r *relay) newJobs() *review.Jobs {
	return review.NewJobs(review.JobsConfig{Desk: newDesk(r.cfg, r.store, r.upstream), Tell: r.tellDecided, Log: r.log})
}

// tellDecided tells people of a decision about an incident, as a command does.
func (r *relay) tellDecided(ctx context.Context, o *review.Outcome) error {
	e, messages, err := eventOf(ctx, r.store, o)
	if err != nil || len(messages) == 0 {
		return err
	}
	if err := r.teller.decided(ctx, e, messages); err != nil {
		return fmt.Errorf("the decision is made, but not told: %w", err)
	}
	return nil
}
