package upstream

import (
	"context"
	"net"
	"sync"
	"time"
)

// deadline sets a connection's deadline, and once cut leaves it in the past,
// so that a later step cannot undo a cancellation.
type deadline struct {
	mu  sync.Mutex
	nc  net.Conn
	cut bool

	watched context.Context // nil for none; known to the link's goroutine only
}

// watch interrupts all I/O as soon as ctx ends, until stop is called. Within a
// watch of the same context another one costs nothing.
func (d *deadline) watch(ctx context.Context) (stop func()) {
	if d.watched == ctx {
		return func() {}
	}
	before := d.watched
	d.watched = ctx
	end := context.AfterFunc(ctx, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.cut = true
		_ = d.nc.SetDeadline(time.Unix(1, 0)) // fails only on a closed connection
	})
	return func() {
		d.watched = before
		end()
	}
}

// extend gives reads and writes that much time from now.
func (d *deadline) extend(wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.cut {
		_ = d.nc.SetDeadline(time.Now().Add(wait)) // the I/O itself will fail
	}
}

// broken reports whether the I/O was interrupted by a context.
func (d *deadline) broken() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cut
}
