package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// tidyEvery is how often the store is tidied.
const tidyEvery = time.Hour

// tidy carries out the retention, verifies the audit trail and removes what
// crashes left over, from time to time.
func (r *relay) tidy(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		for _, step := range []struct {
			what string
			do   func(context.Context) error
		}{{"retention", r.expire}, {"verifying the audit trail", r.verify}, {"tidying the quarantine", r.sweep}, {"pruning the ledger", r.prune}} {
			if err := step.do(ctx); err != nil && ctx.Err() == nil {
				r.log.Error(step.what, "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (r *relay) expire(ctx context.Context) error {
	report, err := r.store.Expire(ctx, r.teller)
	r.log.Debug("retention", "report", report)
	return err
}

func (r *relay) verify(ctx context.Context) error {
	err := r.store.Verify(ctx)
	if err == nil || errors.Is(err, quarantine.ErrTampered) {
		r.trail.set(err == nil)
	}
	return err
}

// prune removes what the ledger has kept long enough.
func (r *relay) prune(ctx context.Context) error {
	now := r.store.Now()
	var before time.Time // as much as all is kept
	if r.cfg.Run.Keep >= 0 {
		before = now.Add(-time.Duration(r.cfg.Run.Keep))
	}
	removed, err := r.store.PruneLedger(ctx, before, before, now.Add(-r.cfg.Run.Window))
	r.log.Debug("ledger pruned", "entries", removed)
	return err
}

func (r *relay) sweep(ctx context.Context) error {
	report, err := r.store.Sweep(ctx)
	if len(report.Missing) > 0 {
		r.log.Error("content of held messages is missing or cut off", "messages", report.Missing)
	}
	r.log.Debug("quarantine tidied", "report", report)
	return err
}

// trail is what the last look at the audit trail found.
type trail struct{ found atomic.Int32 } // 0: none yet, 1: intact, 2: changed

func (t *trail) set(intact bool) {
	if intact {
		t.found.Store(1)
	} else {
		t.found.Store(2)
	}
}

// intact tells what was found, nil before the first look.
func (t *trail) intact() *bool {
	found := t.found.Load()
	if found == 0 {
		return nil
	}
	intact := found == 1
	return &intact
}
