package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	// leastRoom is how many bytes are allocated between two garbage collections
	// at least. One costs the same however little there is to free, and with
	// little in use Go's own measure, as much again as is in use, asks for many.
	leastRoom = 96 << 20
	// usualPercent is Go's own measure. It applies where more than leastRoom is
	// in use.
	usualPercent = 100
)

// paceCollector sets the garbage collector's pace after each collection, until
// stop is called.
func paceCollector() (stop func()) {
	var mu sync.Mutex
	stopped := false
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var pace func(struct{})
	pace = func(struct{}) {
		mu.Lock()
		defer mu.Unlock()
		if stopped {
			return
		}
		metrics.Read(live)
		debug.SetGCPercent(percentFor(live[0].Value.Uint64()))
		// Whatever nobody holds is gone with the next collection.
		runtime.AddCleanup(new(*byte), pace, struct{}{})
	}
	pace(struct{}{})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		debug.SetGCPercent(usualPercent)
	}
}

// percentFor returns the pace, in percent of what is in use, that leaves room
// for leastRoom.
func percentFor(live uint64) int {
	return int(max(usualPercent, 100*leastRoom/max(live, 1<<20)))
}
