package run

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// What other relays have written, and how it becomes part of what is known here.

// Heard notes that a relay has written something of a sender: if it is another one
// the ledger is asked again before the sender's next message, and by those that wait.
// Where it holds a run the ledger is asked at once: what this relay has had of the
// mailing is part of the incident, though no further copy may come to it.
func (t *Tracker) Heard(relay, name string, held bool) {
	if relay == t.relay {
		return
	}
	t.mu.Lock()
	at, known := t.senders[name]
	t.mu.Unlock()
	if !known {
		return
	}
	s := at.Value.(*sender)
	s.bell.ring()
	if held {
		s.warning.end() // with the bell rung: who waited asks
	}
	if held && t.follower != nil {
		t.follower.add(s)
	}
}

// Missed notes that notices may have been missed: the ledger is asked again for
// each sender, at once where this relay has had copies of late.
func (t *Tracker) Missed() {
	for _, s := range t.known() {
		s.bell.ring()
		if t.follower != nil {
			t.follower.add(s)
		}
	}
}

// load asks the ledger for a sender that is new here, or of which another relay
// has written.
func (t *Tracker) load(ctx context.Context, s *sender, now time.Time) error {
	if t.cfg.Ledger == nil {
		return nil
	}
	rung := s.bell.take()
	if s.loaded && !rung && !t.shared() {
		return nil
	}
	return t.learn(ctx, s, now)
}

// shared reports whether others write to the ledger of whom nothing is heard.
func (t *Tracker) shared() bool { return t.cfg.Shared != nil && t.cfg.Shared() }

// learn takes from the ledger what other relays have written of a sender, and what
// this one had before it forgot it. The caller has the sender's lock.
func (t *Tracker) learn(ctx context.Context, s *sender, now time.Time) (err error) {
	defer func() {
		if err != nil {
			s.bell.ring() // it is still to be read
		}
	}()
	since := now.Add(-t.cfg.Window)
	known, err := t.cfg.Ledger.Sender(ctx, Query{Sender: s.name, Relay: s.relay, Since: since})
	if err != nil {
		return fmt.Errorf("reading what is known of the sender: %w", err)
	}
	for i := range known.Runs {
		rec := &known.Runs[i]
		if _, moved := s.moved[rec.Key]; moved {
			// What it has of this relay is counted elsewhere, and others will move
			// theirs, unless somebody holds it.
			if rec.Own = (Share{}); !rec.Held {
				continue
			}
		}
		r, err := t.learnRun(s, rec, now)
		if err != nil {
			return fmt.Errorf("run %s: %w", rec.Key, err)
		}
		if rec.Keys > r.read {
			if err := t.learnKeys(ctx, s, r, since); err != nil {
				return err
			}
		}
	}
	if err := t.learnSender(ctx, s, &known, now); err != nil {
		return err
	}
	for _, r := range slices.Clone(s.runs) {
		if r.unmet && r.into == nil {
			t.unite(s, r, now)
		}
	}
	s.loaded = true
	s.learnt++
	return nil
}

func (t *Tracker) learnRun(s *sender, rec *Record, now time.Time) (r *run, err error) {
	at := slices.IndexFunc(s.runs, func(r *run) bool { return r.key == rec.Key })
	if at < 0 {
		if r, err = restored(rec); err != nil {
			return nil, err
		}
		s.runs = append(s.runs, r)
		t.cfg.Metrics.RunsActive.Inc()
	} else if r = s.runs[at]; r.learn(rec) {
		t.cfg.Metrics.DeliveredBeforeHold.Add(float64(r.own.Delivered))
	}
	if r.closed && t.open(r, now) { // others have had copies since
		r.closed, r.read = false, 0
		t.cfg.Metrics.RunsActive.Inc()
	}
	t.judgeShape(r)
	return r, nil
}

// learnKeys takes the people and the recipients of a run. Those of the relay itself
// come again, and change nothing.
func (t *Tracker) learnKeys(ctx context.Context, s *sender, r *run, since time.Time) error {
	all, err := t.cfg.Ledger.Keys(ctx, Owner{Run: r.key}, r.read, since)
	if err != nil {
		return fmt.Errorf("reading whom run %s went to: %w", r.key, err)
	}
	if r.beginTelling(); len(r.told.people)+len(r.told.readers) > 0 {
		t.touch(s, r)
	}
	for i := range all {
		k := &all[i]
		for _, reader := range k.Readers {
			s.note(r, reader)
		}
		if !r.closed {
			for _, person := range k.People {
				r.people.insert(person)
			}
		}
		r.read = max(r.read, k.Number)
	}
	s.unburden(r)
	return nil
}

// learnSender takes what the sender usually sends through other relays, and whom
// it has carried out over the window.
func (t *Tracker) learnSender(ctx context.Context, s *sender, known *Known, now time.Time) error {
	s.holds = known.Holds
	if err := s.learnUsual(known.Usual, now); err != nil {
		return err
	}
	if known.Keys < s.read {
		s.read = 0 // the ledger had forgotten it, and counts anew
	}
	if known.Keys == s.read {
		return nil
	}
	all, err := t.cfg.Ledger.Keys(ctx, Owner{Sender: s.name}, s.read, now.Add(-t.cfg.Window))
	if err != nil {
		return fmt.Errorf("reading whom the sender's messages have carried out: %w", err)
	}
	s.drip.turn(now, t.cfg.Window)
	for i := range all {
		s.drip.learn(all[i].Piece, all[i].People)
		s.read = max(s.read, all[i].Number)
	}
	return nil
}

// takeOver is after what time a relay is taken for gone that has written nothing of
// what a sender usually sends. Another one then has what it had, and if it is not gone
// it begins anew.
const takeOver = 24 * time.Hour

func (s *sender) learnUsual(all []Usual, now time.Time) error {
	var others []shape
	kept := false
	s.own.turn(now)
	for i := range all {
		u := &all[i]
		o, err := readShape(u.Shape)
		switch {
		case err != nil:
			return err
		case u.Relay == s.relay:
			if kept = true; !s.loaded && !s.kept {
				s.own.add(&o)
			}
		case now.Sub(u.At) > takeOver:
			if !slices.Contains(s.taken, u.Relay) {
				s.own.add(&o)
				s.taken = append(s.taken, u.Relay)
			}
		default:
			others = append(others, o)
		}
	}
	if s.kept && !kept { // another relay has taken it over
		s.own = shape{at: now}
	}
	s.kept = kept
	s.shape = s.own.clone()
	for i := range others {
		s.shape.add(&others[i])
	}
	return nil
}

// judgeShape lets the canary's copies go once so many have come to all relays.
func (t *Tracker) judgeShape(r *run) {
	if r.held || r.copies() >= int64(t.cfg.Canary.Copies) {
		r.shapeKnown()
	}
}
