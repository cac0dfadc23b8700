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
	// interrupts is interrupt, made into a function once.
	interrupts func()

	// Known to the link's goroutine only.
	watched context.Context // nil for none
	until   time.Time       // what extend set last
}

func newDeadline(nc net.Conn) *deadline {
	d := &deadline{nc: nc}
	d.interrupts = d.interrupt
	return d
}

// watch interrupts all I/O as soon as ctx ends, until it is stopped. Within a
// watch of the same context another one costs nothing.
func (d *deadline) watch(ctx context.Context) watch {
	if d.watched == ctx {
		return watch{}
	}
	w := watch{of: d, before: d.watched, end: context.AfterFunc(ctx, d.interrupts)}
	d.watched = ctx
	return w
}

// watch is a context's hold on a connection.
type watch struct {
	of     *deadline // nil for none
	before context.Context
	end    func() bool
}

func (w watch) stop() {
	if w.of != nil {
		w.of.watched = w.before
		w.end()
	}
}

// interrupt ends all I/O.
func (d *deadline) interrupt() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cut = true
	_ = d.nc.SetDeadline(time.Unix(1, 0)) // fails only on a closed connection
}

// extend gives reads and writes that much time from now, or up to a 64th more: most
// steps take milliseconds of their minutes, and a deadline that is far enough away
// need not be set again for each.
func (d *deadline) extend(wait time.Duration) {
	least := time.Now().Add(wait)
	most := least.Add(wait / 64)
	if !d.until.Before(least) && !d.until.After(most) {
		return
	}
	d.until = most
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.cut {
		_ = d.nc.SetDeadline(most) // the I/O itself will fail
	}
}

// broken reports whether the I/O was interrupted by a context.
func (d *deadline) broken() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cut
}
