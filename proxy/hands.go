package proxy

import (
	"sync"
	"time"
)

// hands run functions, each in a goroutine that is kept for the next one. An
// inspection goes deep, and the stack of a new goroutine grows to that by being
// copied, over and over.
type hands struct {
	work chan func()
	down chan struct{} // closed once there is no more to come
	end  sync.Once
}

func newHands() *hands { return &hands{work: make(chan func()), down: make(chan struct{})} }

// handRest is how long a goroutine waits for more to do.
const handRest = time.Second

// do runs f, which must not panic, and does not wait for its end.
func (h *hands) do(f func()) {
	select {
	case h.work <- f:
	default:
		go h.serve(f)
	}
}

func (h *hands) serve(f func()) {
	rest := time.NewTimer(handRest)
	defer rest.Stop()
	for {
		f()
		f = nil // it holds on to a message
		rest.Reset(handRest)
		select {
		case f = <-h.work:
		case <-rest.C:
			return
		case <-h.down:
			return
		}
	}
}

// stop has no goroutine wait any more. What is given to do after it is done.
func (h *hands) stop() { h.end.Do(func() { close(h.down) }) }
