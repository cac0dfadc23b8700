package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// slots bound how many messages are inspected at once. When none is free, clients
// take turns: one that sends hundreds of large messages at once waits for itself,
// and another's letter for one of them. An inspection that goes
// on long after it was told to stop cannot be ended, only left to itself: its
// slot is given to others then, so that a message that sets a trap for the
// reader does not stop the relay. That has a bound of its own, since each one
// left keeps a processor and memory busy.
type slots struct {
	size     int
	patience time.Duration // after an inspection was told to stop
	log      *slog.Logger

	mu       sync.Mutex
	free     int
	turns    []*turn // of the clients that wait, the next in front
	waiting  map[netip.Addr]*turn
	runaway  int // inspections left to themselves
	runaways int // how many may be
}

// runawaysPerSlot is how many inspections may be left to themselves, for each
// slot there is.
const runawaysPerSlot = 4

func newSlots(n int, patience time.Duration, log *slog.Logger) *slots {
	return &slots{
		size: n, free: n, waiting: map[netip.Addr]*turn{}, patience: patience, log: log, runaways: n * runawaysPerSlot,
	}
}

// turn is that of one client: its messages that wait, in their order.
type turn struct {
	client netip.Addr
	queue  []chan struct{} // each is closed when it has a slot
}

// take waits for a free slot, in turn with other clients. The zero address stands
// for people, who look at messages, and for clients that have none. The error is
// errBusy if none is free in time.
func (s *slots) take(ctx context.Context, client netip.Addr) (*slot, error) {
	if client.Is6() {
		client = netip.PrefixFrom(client, 64).Masked().Addr() // what one IPv6 client has
	}
	granted := s.enter(client)
	if granted == nil {
		return &slot{of: s}, nil
	}
	select {
	case <-granted:
		return &slot{of: s}, nil
	case <-ctx.Done():
		s.withdraw(client, granted)
	}
	if cause := context.Cause(ctx); !errors.Is(cause, errDeadline) {
		return nil, cause
	}
	return nil, errBusy
}

// enter takes a slot at once, or returns what is closed when there is one.
func (s *slots) enter(client netip.Addr) (granted chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free > 0 { // then nobody waits
		s.free--
		return nil
	}
	t := s.waiting[client]
	if t == nil {
		t = &turn{client: client}
		s.waiting[client] = t
		s.turns = append(s.turns, t)
	}
	granted = make(chan struct{})
	t.queue = append(t.queue, granted)
	return granted
}

// withdraw gives up waiting, and the slot, if it came at the same time.
func (s *slots) withdraw(client netip.Addr, granted chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-granted:
		s.release()
		return
	default:
	}
	t := s.waiting[client]
	t.queue = slices.DeleteFunc(t.queue, func(c chan struct{}) bool { return c == granted })
	if len(t.queue) == 0 {
		delete(s.waiting, client)
		s.turns = slices.DeleteFunc(s.turns, func(other *turn) bool { return other == t })
	}
}

// release gives a slot to the client whose turn it is. It is called under mu.
func (s *slots) release() {
	if len(s.turns) == 0 {
		s.free++
		return
	}
	t := s.turns[0]
	s.turns = s.turns[1:]
	close(t.queue[0])
	t.queue = t.queue[1:]
	if len(t.queue) == 0 {
		delete(s.waiting, t.client)
		return
	}
	s.turns = append(s.turns, t)
}

// stuck reports whether every slot is held by an inspection that does not end,
// so that nothing can be inspected any more.
func (s *slots) stuck() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runaway >= s.runaways+s.size
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
		all.release()
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
		all.release()
	}
}
