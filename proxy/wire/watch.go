package wire

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

// watchAfter is how long a message may be in work before its client is watched.
// Most are answered sooner, and to watch costs a goroutine and its system calls.
const watchAfter = 10 * time.Millisecond

// Watch returns a context that ends, with the cause [ErrClientGone], when the
// client closes its connection. It is for the time between the end of a
// message and its reply: before the end, and when further commands have come
// already, it does not watch, and nothing is lost of them. It begins after some
// milliseconds. A client that closes its sending side only is taken for gone
// too. Call stop before Data returns; it may be called twice.
func (c *Conn) Watch(ctx context.Context) (watched context.Context, stop func()) {
	watched, cancel := context.WithCancelCause(ctx)
	k := c.link
	if !c.bodyWhole() || len(k.in.unread()) > 0 {
		return watched, func() { cancel(nil) }
	}
	if k.err != nil {
		cancel(ErrClientGone)
		return watched, func() {}
	}
	if k.watch == nil {
		k.watch = &watch{}
	}
	w := k.watch
	w.set(k, cancel)
	c.mu.Lock()
	c.watching = w
	c.mu.Unlock()
	return watched, w.end
}

// watch looks out for the end of a client that waits for a reply: one message
// after another's, while no two are watched at once.
type watch struct {
	mu     sync.Mutex
	link   *link
	cancel context.CancelCauseFunc
	timer  *time.Timer
	ended  bool
	done   chan struct{} // closed when nothing reads any more; nil if it has not begun
}

// set has the watch begin in a while.
func (w *watch) set(k *link, cancel context.CancelCauseFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.link, w.cancel, w.ended, w.done = k, cancel, false, nil
	if w.timer == nil {
		w.timer = time.AfterFunc(watchAfter, w.begin)
		return
	}
	w.timer.Reset(watchAfter)
}

// begin waits for the client's end in a read. Nobody else reads before end.
func (w *watch) begin() {
	w.mu.Lock()
	if w.ended || w.done != nil { // it may have been set for one before
		w.mu.Unlock()
		return
	}
	done, k, cancel := make(chan struct{}), w.link, w.cancel
	w.done = done
	defer close(done)
	k.readUntil(time.Time{})
	w.mu.Unlock()
	n, err := k.in.fill(k.conn)
	if n == 0 && err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		k.err = err
		cancel(ErrClientGone)
	}
}

// end stops the watch and ends its context.
func (w *watch) end() {
	w.mu.Lock()
	w.ended = true
	w.timer.Stop()
	if w.done != nil {
		// A deadline in the past makes the read return; octets that it got
		// stay in the buffer.
		w.link.readUntil(time.Unix(1, 0))
	}
	done, cancel := w.done, w.cancel
	w.mu.Unlock()
	if done != nil {
		<-done
	}
	cancel(nil)
}

// endWatch stops a watch that the session forgot, before anything else reads.
func (c *Conn) endWatch() {
	c.mu.Lock()
	w := c.watching
	c.watching = nil
	c.mu.Unlock()
	if w != nil {
		w.end()
	}
}
