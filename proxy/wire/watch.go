package wire

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

// Watch returns a context that ends, with the cause [ErrClientGone], when the
// client closes its connection. It is for the time between the end of a
// message and its reply: before the end, and when further commands have come
// already, it does not watch, and nothing is lost of them. A client that closes
// its sending side only is taken for gone too. Call stop before Data returns;
// it may be called twice.
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
	_ = k.raw.SetReadDeadline(time.Time{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		n, err := k.in.fill(k.conn)
		if n == 0 && err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			k.err = err
			cancel(ErrClientGone)
		}
	}()
	stop = sync.OnceFunc(func() {
		// A deadline in the past makes the read return; octets that it got
		// stay in the buffer.
		_ = k.raw.SetReadDeadline(time.Unix(1, 0))
		<-done
		cancel(nil)
	})
	c.mu.Lock()
	c.watching = stop
	c.mu.Unlock()
	return watched, stop
}

// endWatch stops a watch that the session forgot, before anything else reads.
func (c *Conn) endWatch() {
	c.mu.Lock()
	stop := c.watching
	c.watching = nil
	c.mu.Unlock()
	if stop != nil {
		stop()
	}
}
