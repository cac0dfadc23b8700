package run

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// follower asks the ledger for senders of whom something was heard, one after the
// other, without a message that waits for it.
type follower struct {
	learn func(context.Context, *sender) error
	late  func() []*sender // that are to be asked for though nothing presses
	log   *slog.Logger
	stop  context.CancelFunc
	done  chan struct{}

	mu    sync.Mutex
	heard map[*sender]struct{} // of whom something was heard
	wake  chan struct{}        // something is to be done
}

// followLate is how often it is looked for senders that are late.
const followLate = time.Minute

// followAgain is after what time a sender is asked for again of whom the ledger could
// not tell; its own messages ask at once.
const followAgain = time.Second

func newFollower(t *Tracker) *follower {
	ctx, stop := context.WithCancel(context.Background())
	f := &follower{learn: t.follow, late: t.late, log: t.cfg.Log, stop: stop, done: make(chan struct{}), heard: map[*sender]struct{}{}, wake: make(chan struct{}, 1)}
	go f.run(ctx)
	return f
}

// add returns at once.
func (f *follower) add(s *sender) {
	f.mu.Lock()
	f.heard[s] = struct{}{}
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *follower) take() map[*sender]struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	heard := f.heard
	f.heard = map[*sender]struct{}{}
	return heard
}

func (f *follower) run(ctx context.Context) {
	defer close(f.done)
	tick := time.NewTicker(followLate)
	defer tick.Stop()
	for {
		select {
		case <-f.wake:
		case <-tick.C:
			for _, s := range f.late() {
				f.add(s)
			}
		case <-ctx.Done():
			return
		}
		failed := false
		for s := range f.take() {
			if err := f.learn(ctx, s); err != nil && ctx.Err() == nil {
				if !failed {
					f.log.Warn("what other relays have written of a sender is not known yet", "error", err)
				}
				failed = true
				f.add(s)
			}
		}
		if failed {
			select {
			case <-time.After(followAgain):
			case <-ctx.Done():
			}
		}
	}
}

// close ends run.
func (f *follower) close() {
	f.stop()
	<-f.done
}

// follow learns of a sender that this relay has had copies of, or has an incident of,
// if something was heard of it since it was read.
func (t *Tracker) follow(ctx context.Context, s *sender) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := t.cfg.Now()
	for _, r := range s.runs {
		if (r.incident != "" || !r.held && r.own.Copies > 0) && t.open(r, now) {
			return t.load(ctx, s, now)
		}
	}
	return nil
}

// late gives the senders with an incident of which something was heard and not read
// since: what another relay had before it heard of the hold is part of that, and who had
// it may have gone.
func (t *Tracker) late() (all []*sender) {
	now := t.cfg.Now()
	for _, s := range t.known() {
		if !s.bell.isRung() || !s.mu.TryLock() { // one in use reads by itself
			continue
		}
		if slices.ContainsFunc(s.runs, func(r *run) bool { return r.incident != "" && t.open(r, now) }) {
			all = append(all, s)
		}
		s.mu.Unlock()
	}
	return all
}

// lastLook lets a tracker that ends know of the holds of others of whom it does not
// hear, so that what it has had is counted there.
func (t *Tracker) lastLook() {
	if !t.shared() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastLookWait)
	defer cancel()
	for _, s := range t.known() {
		if err := t.follow(ctx, s); err != nil {
			t.cfg.Log.Warn("what other relays hold is not known at the end", "error", err)
			return
		}
	}
}

const lastLookWait = 5 * time.Second
