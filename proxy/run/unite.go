package run

import (
	"context"
	"slices"
	"time"
)

// Where two relays have each begun a run of one mailing it becomes one run.

// unite makes one run of r, which was learnt of, and another of its mailing, if there
// is one.
func (t *Tracker) unite(s *sender, r *run, now time.Time) {
	r.unmet = false
	for _, o := range slices.Clone(s.runs) {
		if o == r || !t.open(o, now) || !t.open(r, now) || !o.print.same(&r.print) {
			continue
		}
		from, to := r, o
		if o.yields(r) {
			from, to = o, r
		}
		if from.incident != "" { // both are kept
			continue
		}
		// A run that is about to be held goes only into one that is: whoever holds it
		// will be overtaken.
		if from.held && to.incident == "" {
			r.unmet = true // until it is
			continue
		}
		t.join(s, from, to)
		if from == r {
			return
		}
	}
}

// yields reports whether r goes into o and not o into r, as every relay sees it:
// one that is kept remains, or else one that is about to be, or else the older.
func (r *run) yields(o *run) bool {
	switch {
	case (r.incident != "") != (o.incident != ""):
		return o.incident != ""
	case r.held != o.held:
		return o.held
	case !r.first.Equal(o.first):
		return o.first.Before(r.first)
	}
	return o.key < r.key
}

// join makes a run part of another one. What other relays have of it they move
// themselves.
func (t *Tracker) join(s *sender, from, to *run) {
	if from.last.After(to.last) {
		to.last = from.last
	}
	to.own.Copies += from.own.Copies
	to.own.Delivered += from.own.Delivered
	if to.held && !from.held {
		t.cfg.Metrics.DeliveredBeforeHold.Add(float64(from.own.Delivered))
	}
	to.people.most = max(to.people.most, from.people.most)
	for k := range from.people.exact {
		if !to.closed && to.people.insert(k) {
			to.told.person(k)
		}
	}
	for _, k := range from.recipients {
		if s.note(to, k) {
			to.told.reader(k)
		}
	}
	from.into = to
	if s.moved == nil || len(s.moved) > maxMoved {
		s.moved = map[string]struct{}{}
	}
	s.moved[from.key] = struct{}{}
	delete(s.moved, to.key)
	s.forget(func(r *run) bool { return r != from }, func(*run) {})
	t.cfg.Metrics.RunsActive.Dec()
	t.judgeShape(to)
	from.shapeKnown() // those who wait look for where they are
	// Also where this relay has nothing of it: one that has may have gone.
	s.moves = append(s.moves, moving{Move{From: from.key, To: to.key}, to})
	t.writer.moved(from.key, to.key)
	t.touch(s, to)
}

// Refresh learns whether another relay has held the copy's run, for a copy that
// would be the first that is held here: it then belongs to that run. An error
// means that this is not known.
func (c *Copy) Refresh(ctx context.Context) error {
	s := c.sender
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.at().held || c.tracker.cfg.Ledger == nil {
		return nil
	}
	return c.ask(ctx)
}

// Overtaken is for a copy that was not kept since another relay has held a run of
// its sender: it learns whether that is this run, and the copy then belongs to it.
// It is to be held again in any case.
func (c *Copy) Overtaken(ctx context.Context) error {
	s := c.sender
	s.mu.Lock()
	defer s.mu.Unlock()
	return c.ask(ctx)
}

// ask learns what other relays have written of the copy's sender, and lets the copy
// go to a run that is kept by now, if there is one of its mailing. The caller has
// the sender's lock.
func (c *Copy) ask(ctx context.Context) error {
	c.sender.bell.take()
	if err := c.tracker.learn(ctx, c.sender, c.tracker.cfg.Now()); err != nil {
		return err
	}
	c.follow()
	return nil
}

// follow lets the copy go to a kept run of its mailing that was learnt of since it
// joined.
func (c *Copy) follow() {
	t, s, own := c.tracker, c.sender, c.at()
	if c.learnt == s.learnt {
		return
	}
	c.learnt = s.learnt
	if own.incident != "" {
		return
	}
	now := t.cfg.Now()
	kept := s.find(&c.message, func(r *run) bool { return r.incident != "" && t.open(r, now) })
	if kept == nil {
		return
	}
	// The fingerprints of the two do not agree, but the copy does with both.
	own.own.Copies--
	own.shapeKnown() // nobody need wait for it
	if own.copies() == 0 {
		s.forget(func(r *run) bool { return r != own }, t.closed)
	}
	c.run = kept
	kept.own.Copies++
	kept.last = now
	kept.addPeople(&c.message.Subjects)
	s.reach(kept, c.message.Envelope.Recipients)
	t.touch(s, own)
	t.touch(s, kept)
}
