package run

import (
	"context"
	"sync"
	"time"
)

// Other relays hear of a hold when it is kept. That takes some time, in which a fast
// mailing would go on through them: so they are warned before it, and keep the copies
// that they would let pass until they hear how it ended.

// warnedMost is how long they do so at most: a hold may fail, and nobody says so.
const warnedMost = 2 * time.Second

// warning is of a hold that another relay is about to make. Its zero value is none.
type warning struct {
	mu   sync.Mutex
	over chan struct{} // closed when it is; nil: there is none
}

// begin lets those who pass wait, until end or for warnedMost. One that comes while
// there is one makes nobody wait longer.
func (w *warning) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over != nil {
		return
	}
	over := make(chan struct{})
	w.over = over
	time.AfterFunc(warnedMost, func() { w.endOf(over) })
}

// end lets them go on.
func (w *warning) end() { w.endOf(w.wait()) }

func (w *warning) endOf(over chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if over != nil && w.over == over {
		close(over)
		w.over = nil
	}
}

// wait returns what is closed at its end, nil where there is none.
func (w *warning) wait() chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.over
}

// Warned notes that a relay is about to hold the first copy of a run of a sender.
func (t *Tracker) Warned(relay, name string) {
	if relay == t.relay {
		return
	}
	t.mu.Lock()
	at, known := t.senders[name]
	t.mu.Unlock()
	if known {
		at.Value.(*sender).warning.begin()
	}
}

// Warn lets other relays hear that the copy is about to be kept, if it is the first
// held one of its run. Where they cannot be told they hear of it when it is.
func (c *Copy) Warn(ctx context.Context) {
	t := c.tracker
	if !c.first || t.cfg.Ledger == nil {
		return
	}
	ctx, stop := context.WithTimeout(ctx, warnedMost)
	defer stop()
	if err := t.cfg.Ledger.Warn(ctx, t.relay, c.sender.name); err != nil {
		t.cfg.Log.Warn("other relays are not warned of a hold", "error", err)
	}
}

// Heed is for a copy that would pass: while another relay is about to hold a copy of its
// sender's it waits to hear of that. The error is the context's.
func (c *Copy) Heed(ctx context.Context) error {
	over := c.sender.warning.wait()
	if over == nil {
		return nil
	}
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
