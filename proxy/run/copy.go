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
	run     *run
	message Message
	unusual bool
	canary  bool
	freed   bool // a person has released the run
}

// Wait holds a canary's copy back until the shape of its run is known: until
// enough copies have come, or the time is over. The error is the context's.
func (c *Copy) Wait(ctx context.Context) error {
	if !c.canary {
		return nil
	}
	timer := time.NewTimer(c.tracker.cfg.Canary.Wait)
	defer timer.Stop()
	select {
	case <-c.run.known:
	case <-timer.C:
		// Whoever sends one message after the other waits once.
		c.sender.mu.Lock()
		c.run.shapeKnown()
		c.sender.mu.Unlock()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// Recent is what is known now of the messages before this one.
func (c *Copy) Recent() rules.Recent {
	s := c.sender
	s.mu.Lock()
	defer s.mu.Unlock()
	return rules.Recent{
		RunRecipients: s.readers(c.run), RunHeld: c.run.held, SenderUnusual: c.unusual,
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

// Brake asks whether the run is held, and what people have decided since. An
// error means that this is not known: the message must not pass.
func (c *Copy) Brake(ctx context.Context) (Brake, error) {
	c.sender.mu.Lock()
	b := Brake{Held: c.run.held, Policy: c.run.policy, Answer: c.run.answer, Incident: c.run.incident}
	c.sender.mu.Unlock()
	if b.Incident == "" || c.tracker.cfg.Ledger == nil {
		return b, nil
	}
	var err error
	if b.Decision, err = c.tracker.cfg.Ledger.Decision(ctx, b.Incident); err != nil {
		return Brake{}, fmt.Errorf("asking what was decided on the run: %w", err)
	}
	return b, nil
}

// Hold notes that the copy is to be held: from here on the run is braked. It
// returns the run as it is to be kept with the copy.
func (c *Copy) Hold(v *rules.Verdict) Record {
	s, r := c.sender, c.run
	s.mu.Lock()
	defer s.mu.Unlock()
	if !r.held {
		r.held, r.policy, r.answer = true, v.Policy, v.Answer
		r.shapeKnown()
		c.tracker.cfg.Metrics.Runs.WithLabelValues("held").Inc()
		c.tracker.cfg.Metrics.DeliveredBeforeHold.Add(float64(r.delivered))
	}
	return r.record(s.name)
}

// Kept notes the incident that a held copy of the run is kept in. One that
// came after a release is another than the first.
func (c *Copy) Kept(incident string) {
	c.sender.mu.Lock()
	defer c.sender.mu.Unlock()
	c.run.incident = incident
	c.tracker.touch(c.sender, c.run)
}

// Released notes that the copy passes since a person has released the run.
func (c *Copy) Released() { c.freed = true }

// Stopped notes that the copy did not pass because its run is held.
func (c *Copy) Stopped() { c.tracker.cfg.Metrics.Stopped.Inc() }

// Delivered notes that the upstream has accepted the copy.
func (c *Copy) Delivered() {
	t, s, r := c.tracker, c.sender, c.run
	now := t.cfg.Now()
	s.mu.Lock()
	s.drip.turn(now, t.cfg.Window)
	s.drip.add(&c.message.Subjects)
	r.delivered++
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
		At: c.tracker.cfg.Now(), Sender: c.sender.name, Run: c.run.key, Action: action, Policy: v.Policy,
		Version: v.RuleSet + "-" + v.PolicyVersion, Exposure: v.Exposure, Bytes: c.message.Evidence.Bytes,
	})
}

// Done says that the copy's way has ended. It must be called once.
func (c *Copy) Done() { c.tracker.leave(c.sender) }

// Run names the copy's run.
func (c *Copy) Run() string { return c.run.key }
