package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// A ledger that cannot be read leaves it unknown whether a run is held. Without
// Config.Anyway nothing passes then. With it, a copy goes on with what is known
// here, and says so by Unknown: a run that is held as far as this relay knows is
// stopped, one that others have held, or that was held before a restart, may be
// missed until the ledger answers again.

const (
	// askMost is how long a question may take before the ledger is taken for away:
	// the other messages of the sender wait meanwhile.
	askMost = 3 * time.Second
	// askAgain is how long it is not asked again then.
	askAgain = time.Second
)

// errAway marks errors of a ledger that does not answer, beside those of what it
// answers.
var errAway = errors.New("the ledger cannot be read")

// watched is a ledger that is asked in vain no more than once in a while.
type watched struct {
	Ledger
	log *slog.Logger
	now func() time.Time

	mu    sync.Mutex
	fault error     // of the last answer
	until time.Time // with a fault: when it is asked again
}

var _ Ledger = (*watched)(nil)

// Sender implements [Ledger].
func (w *watched) Sender(ctx context.Context, q Query) (known Known, err error) {
	err = w.ask(ctx, func(ctx context.Context) error {
		known, err = w.Ledger.Sender(ctx, q)
		return err
	})
	return known, err
}

// Keys implements [Ledger].
func (w *watched) Keys(ctx context.Context, of Owner, after int64, since time.Time) (all []Keys, err error) {
	err = w.ask(ctx, func(ctx context.Context) error {
		all, err = w.Ledger.Keys(ctx, of, after, since)
		return err
	})
	return all, err
}

// Decision implements [Ledger].
func (w *watched) Decision(ctx context.Context, incident string) (d Decision, err error) {
	err = w.ask(ctx, func(ctx context.Context) error {
		d, err = w.Ledger.Decision(ctx, incident)
		return err
	})
	return d, err
}

func (w *watched) ask(ctx context.Context, question func(context.Context) error) error {
	if fault := w.known(); fault != nil {
		return fault
	}
	bounded, stop := context.WithTimeout(ctx, askMost)
	defer stop()
	err := question(bounded)
	if ctx.Err() != nil {
		return err // whoever asked has gone, which says nothing of the ledger
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", errAway, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err != nil && w.fault == nil:
		w.log.Error("the ledger cannot be read: mail that is clean by itself passes, whatever is known elsewhere of its run", "error", err)
	case err == nil && w.fault != nil:
		w.log.Info("the ledger is read again")
	}
	w.fault, w.until = err, w.now().Add(askAgain)
	return err
}

// known gives the fault of a ledger that need not be asked. Once it is time one
// asks, and the others go on without waiting for the answer.
func (w *watched) known() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fault == nil {
		return nil
	}
	now := w.now()
	if now.Before(w.until) {
		return w.fault
	}
	w.until = now.Add(askMost)
	return nil
}

// goOn reports whether a copy may go on though what the ledger has of its sender
// could not be read, and notes it.
func (t *Tracker) goOn(c *Copy, err error) bool {
	if !t.cfg.Anyway || !errors.Is(err, errAway) {
		return false
	}
	c.unknown = err
	return true
}

// Unknown says why it is not known whether another relay, or this one before it
// was started, has held the copy's run; nil if it is.
func (c *Copy) Unknown() error { return c.unknown }
