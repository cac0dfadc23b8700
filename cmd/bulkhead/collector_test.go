package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestPercentLeavesRoom(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{
		{0, 9600}, {16 << 20, 600}, {40 << 20, 240}, {64 << 20, 150}, {96 << 20, 100}, {4 << 30, 100},
	} {
		if got := percentFor(c.live); got != c.want {
			t.Errorf("%d MiB in use: %d %%, want %d", c.live>>20, got, c.want)
		}
	}
}

// TestCollectorIsPaced finds the pace set anew after collections, and Go's own
// once it is stopped.
func TestCollectorIsPaced(t *testing.T) {
	before := debug.SetGCPercent(usualPercent)
	defer debug.SetGCPercent(before)
	pace := func() int {
		p := debug.SetGCPercent(usualPercent)
		debug.SetGCPercent(p)
		return p
	}
	stop := paceCollector()
	for range 3 {
		debug.SetGCPercent(usualPercent)
		runtime.GC()
		for until := time.Now().Add(patience); pace() == usualPercent; time.Sleep(time.Millisecond) {
			if time.Now().After(until) {
				t.Fatal("a collection has not set the pace")
			}
		}
	}
	stop()
	if p := pace(); p != usualPercent {
		t.Errorf("%d %% after it is stopped", p)
	}
}
