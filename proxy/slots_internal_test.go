package proxy

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// waits reports how many messages wait for a slot.
func (s *slots) waits() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.turns {
		n += len(t.queue)
	}
	return n
}

// TestClientsTakeTurns: a client's letter waits for one of the many messages that
// another has brought before it, not for all.
func TestClientsTakeTurns(t *testing.T) {
	s := newSlots(1, time.Minute, slog.New(slog.DiscardHandler))
	many, few, house := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::1")
	first, err := s.take(t.Context(), many)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var order []netip.Addr
	var all sync.WaitGroup
	wait := func(client netip.Addr) {
		before := s.waits()
		all.Go(func() {
			slot, err := s.take(t.Context(), client)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			order = append(order, client)
			mu.Unlock()
			slot.end()
		})
		for s.waits() == before {
			time.Sleep(time.Millisecond)
		}
	}
	for range 20 {
		wait(many)
	}
	wait(few)
	wait(house)
	wait(netip.MustParseAddr("2001:db8::2")) // of the same network, and so the same client
	wait(few)
	first.end()
	all.Wait()
	for i, client := range []netip.Addr{many, few, house, many, few} {
		if order[i] != client {
			t.Fatalf("turns were taken by %v", order[:8])
		}
	}
	if s.free != 1 || len(s.turns) != 0 || len(s.waiting) != 0 {
		t.Errorf("%d slots free, %d turns, %d clients wait in the end; want 1, 0, 0", s.free, len(s.turns), len(s.waiting))
	}
}

// TestSlotsAreNeitherLostNorDoubled, however many come, go and give up at once.
func TestSlotsAreNeitherLostNorDoubled(t *testing.T) {
	const size = 3
	s := newSlots(size, time.Minute, slog.New(slog.DiscardHandler))
	var taken, got, gaveUp atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		client := netip.AddrFrom4([4]byte{192, 0, 2, byte(i % 3)})
		all.Go(func() {
			for range 300 {
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Duration(rand.IntN(400))*time.Microsecond, errDeadline)
				slot, err := s.take(ctx, client)
				if cancel(); err != nil {
					if !errors.Is(err, errBusy) {
						t.Error(err)
					}
					gaveUp.Add(1)
					continue
				}
				if n := taken.Add(1); n > size {
					t.Errorf("%d slots taken of %d", n, size)
				}
				got.Add(1)
				time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond)
				taken.Add(-1)
				slot.end()
			}
		})
	}
	all.Wait()
	if s.free != size || len(s.turns) != 0 || len(s.waiting) != 0 || got.Load() == 0 || gaveUp.Load() == 0 {
		t.Errorf("%d of %d slots free, %d turns, %d clients wait; %d were served, %d gave up", s.free, size, len(s.turns), len(s.waiting), got.Load(), gaveUp.Load())
	}
}
