package run

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// While the program is replaced two processes have the copies of one mailing, and
// each knows by itself only those that came to it. What is held the ledger has
// from that moment on, so that the run is braked, and one incident, in both.

// Refresh learns whether another process has held the copy's run, for a copy that
// would be the first that is held here: it then belongs to that run. An error
// means that this is not known.
func (c *Copy) Refresh(ctx context.Context) error {
	t, s := c.tracker, c.sender
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.run.held || t.cfg.Ledger == nil {
		return nil
	}
	now := t.cfg.Now()
	if err := t.learn(ctx, s, now); err != nil || c.run.held {
		return err
	}
	other := s.find(&c.message, func(r *run) bool { return r.held && t.open(r, now) })
	if other == nil {
		return nil
	}
	own := c.run
	own.copies--
	own.shapeKnown() // nobody need wait for it
	if own.copies == 0 {
		s.forget(func(r *run) bool { return r != own }, t.closed)
	}
	c.run = other
	other.copies++
	other.last = now
	other.people.add(&c.message.Subjects)
	s.reach(other, c.message.Envelope.Recipients)
	t.touch(s, other)
	return nil
}

// learn takes from the ledger what another process has written of the sender's
// runs. The caller has the sender's lock.
func (t *Tracker) learn(ctx context.Context, s *sender, now time.Time) error {
	records, err := t.cfg.Ledger.Runs(ctx, s.name, now.Add(-t.cfg.Window))
	if err != nil {
		return fmt.Errorf("reading the sender's runs: %w", err)
	}
	for i := range records {
		rec := &records[i]
		at := slices.IndexFunc(s.runs, func(r *run) bool { return r.key == rec.Key })
		if at < 0 {
			r, err := restored(rec)
			if err != nil {
				return fmt.Errorf("run %s: %w", rec.Key, err)
			}
			s.runs = append(s.runs, r)
			t.cfg.Metrics.RunsActive.Inc()
			continue
		}
		s.runs[at].learn(rec)
	}
	return nil
}

// learn takes what the ledger knows more of a run.
func (r *run) learn(rec *Record) {
	r.copies, r.delivered = max(r.copies, rec.Copies), max(r.delivered, rec.Delivered)
	r.people.most = max(r.people.most, rec.Subjects)
	if rec.Last.After(r.last) {
		r.last = rec.Last
	}
	if rec.Held && !r.held {
		r.held, r.policy, r.answer, r.incident = true, rec.Policy, rec.Answer, rec.Incident
		r.shapeKnown()
	}
	if r.held && r.incident == "" {
		r.incident = rec.Incident
	}
}
