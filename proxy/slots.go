package proxy

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// slots bound how many messages are inspected at once. An inspection that goes
// on long after it was told to stop cannot be ended, only left to itself: its
// slot is given to others then, so that a message that sets a trap for the
// reader does not stop the relay. That has a bound of its own, since each one
// left keeps a processor and memory busy.
type slots struct {
	free     chan struct{}
	patience time.Duration // after an inspection was told to stop
	log      *slog.Logger

	mu       sync.Mutex
	runaway  int // inspections left to themselves
	runaways int // how many may be
}

// runawaysPerSlot is how many inspections may be left to themselves, for each
// slot there is.
const runawaysPerSlot = 4

func newSlots(n int, patience time.Duration, log *slog.Logger) *slots {
	return &slots{free: make(chan struct{}, n), patience: patience, log: log, runaways: n * runawaysPerSlot}
}

// take waits for a free slot. The error is errBusy if none is free in time.
func (s *slots) take(ctx context.Context) (*slot, error) {
	select {
	case s.free <- struct{}{}:
		return &slot{of: s}, nil
	case <-ctx.Done():
	}
	if cause := context.Cause(ctx); !errors.Is(cause, errDeadline) {
		return nil, cause
	}
	return nil, errBusy
}

// stuck reports whether every slot is held by an inspection that does not end,
// so that nothing can be inspected any more.
func (s *slots) stuck() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runaway >= s.runaways+cap(s.free)
}

// slot is the place of one inspection.
type slot struct {
	of *slots

	// under of.mu
	ended, runaway, given bool
}

// leave says that nobody waits for the inspection any more.
func (s *slot) leave() { time.AfterFunc(s.of.patience, s.giveUp) }

// giveUp gives the slot to others if its inspection still goes on.
func (s *slot) giveUp() {
	all := s.of
	all.mu.Lock()
	defer all.mu.Unlock()
	if s.ended {
		return
	}
	s.runaway = true
	all.runaway++
	if s.given = all.runaway <= all.runaways; s.given {
		<-all.free
	}
	all.log.Error("an inspection does not end", "runaways", all.runaway, "slot_replaced", s.given)
}

// end says that the inspection has ended, however late.
func (s *slot) end() {
	all := s.of
	all.mu.Lock()
	defer all.mu.Unlock()
	s.ended = true
	if s.runaway {
		all.runaway--
	}
	if !s.given {
		<-all.free
	}
}
