package run

import (
	"context"
	"fmt"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
)

// Copy is one message in its run, from Join to what became of it, when Done is
// to be called. It is used by one goroutine.
type Copy struct {
	tracker *Tracker
	sender  *sender
	run     *run // that it joined; at tells where that is by now
	message Message
	unusual bool
	canary  bool
	freed   bool // a person has released the run
	learnt  int64
	seen    int64 // Record.Seen, when it was to be held
	first   bool  // that is to be held of its run, as far as is known here
	unknown error // the ledger did not tell whether its run is held
}

// at is the copy's run. The caller has the sender's lock.
func (c *Copy) at() *run {
	c.run = c.run.end()
	return c.run
}

// Wait holds a canary's copy back until the shape of its run is known: until
// enough copies have come, to whatever relay, or the time is over. The error is the
// context's, or tells that the ledger could not be read.
func (c *Copy) Wait(ctx context.Context) error {
	if !c.canary {
		return nil
	}
	t, s := c.tracker, c.sender
	timer := time.NewTimer(t.cfg.Canary.Wait)
	defer timer.Stop()
	for {
		heard := s.bell.wait()
		s.mu.Lock()
		err := t.load(ctx, s, t.cfg.Now())
		r := c.at()
		known := r.known
		s.mu.Unlock()
		if err != nil {
			if !t.goOn(c, err) {
				return err
			}
			heard = nil // there is nothing to hear
		}
		select {
		case <-known:
			s.mu.Lock()
			moved := c.at() != r
			s.mu.Unlock()
			if !moved {
				return nil
			}
		case <-heard:
		case <-timer.C:
			// Whoever sends one message after the other waits once.
			s.mu.Lock()
			c.at().shapeKnown()
			s.mu.Unlock()
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Recent is what is known now of the messages before this one.
func (c *Copy) Recent() rules.Recent {
	s := c.sender
	s.mu.Lock()
	defer s.mu.Unlock()
	r := c.at()
	return rules.Recent{
		RunRecipients: s.readers(r), RunHeld: r.held, SenderUnusual: c.unusual,
		SenderSubjects: s.drip.count(&c.message.Subjects),
	}
}

// Brake says whether a copy's run is held, and by what.
type Brake struct {
	// Held is true once a copy of the run was to be held.
	Held bool
	// Policy and Answer are those of the first such copy.
	Policy string
	Answer rules.Answer
	// Incident is where the run is kept, "" while the first copy is on its way
	// there.
	Incident string
	Decision Decision
}

// Brake asks whether the run is held, by whatever relay, and what people have
// decided since. An error means that this is not known: the message must not pass.
func (c *Copy) Brake(ctx context.Context) (Brake, error) {
	b, err := c.brake(ctx)
	if err != nil {
		return Brake{}, err
	}
	if b.Incident == "" || c.tracker.cfg.Ledger == nil {
		return b, nil
	}
	if b.Decision, err = c.tracker.cfg.Ledger.Decision(ctx, b.Incident); err != nil {
		return Brake{}, fmt.Errorf("asking what was decided on the run: %w", err)
	}
	return b, nil
}

func (c *Copy) brake(ctx context.Context) (Brake, error) {
	s := c.sender
	s.mu.Lock()
	defer s.mu.Unlock()
	t := c.tracker
	if t.cfg.Ledger != nil && !c.at().held {
		// Something of the sender was heard since the copy joined, or may have been
		// while it waited.
		if s.bell.take() || c.canary && t.shared() || c.unknown != nil {
			c.unknown = nil
			if err := t.learn(ctx, s, t.cfg.Now()); err != nil && !t.goOn(c, err) {
				return Brake{}, err
			}
		}
		c.follow()
	}
	r := c.at()
	return Brake{Held: r.held, Policy: r.policy, Answer: r.answer, Incident: r.incident}, nil
}

// Hold notes that the copy is to be held: from here on the run is braked. It
// returns the run as it is to be kept with the copy.
func (c *Copy) Hold(v *rules.Verdict) Record {
	s := c.sender
	s.mu.Lock()
	defer s.mu.Unlock()
	r := c.at()
	if c.first = !r.held; c.first {
		r.held, r.policy, r.answer = true, v.Policy, v.Answer
		r.shapeKnown()
		c.tracker.cfg.Metrics.Runs.WithLabelValues("held").Inc()
		c.tracker.cfg.Metrics.DeliveredBeforeHold.Add(float64(r.own.Delivered))
	}
	c.seen = s.holds
	rec := r.record(s)
	rec.Held = true
	return rec
}

// Kept notes the incident that a held copy of the run is kept in. One that
// came after a release is another than the first.
func (c *Copy) Kept(incident string) {
	s := c.sender
	s.mu.Lock()
	defer s.mu.Unlock()
	r := c.at()
	if r.incident == "" {
		s.holds = max(s.holds, c.seen+1) // by this one
	}
	r.incident = incident
	c.tracker.touch(s, r)
}

// Released notes that the copy passes since a person has released the run.
func (c *Copy) Released() { c.freed = true }

// Stopped notes that the copy did not pass because its run is held.
func (c *Copy) Stopped() { c.tracker.cfg.Metrics.Stopped.Inc() }

// Delivered notes that the upstream has accepted the copy.
func (c *Copy) Delivered() {
	t, s := c.tracker, c.sender
	now := t.cfg.Now()
	s.mu.Lock()
	s.drip.turn(now, t.cfg.Window)
	s.drip.add(&c.message.Subjects)
	r := c.at()
	r.own.Delivered++
	if r.held && !c.freed {
		t.cfg.Metrics.DeliveredBeforeHold.Inc()
	}
	t.touch(s, r)
	s.mu.Unlock()
	if t.writer != nil {
		t.writer.deliver(Delivery{Run: r.key, At: now, Recipients: c.message.Envelope.Recipients})
	}
}

// Judged notes what became of the copy.
func (c *Copy) Judged(action string, v *rules.Verdict) {
	if c.tracker.writer == nil {
		return
	}
	c.tracker.writer.judge(Judgement{
		At: c.tracker.cfg.Now(), Sender: c.sender.name, Run: c.Run(), Action: action, Policy: v.Policy,
		Version: v.RuleSet + "-" + v.PolicyVersion, Exposure: v.Exposure, Bytes: c.message.Evidence.Bytes,
	})
}

// Done says that the copy's way has ended. It must be called once.
func (c *Copy) Done() { c.tracker.leave(c.sender) }

// Run names the copy's run.
func (c *Copy) Run() string {
	c.sender.mu.Lock()
	defer c.sender.mu.Unlock()
	return c.at().key
}
