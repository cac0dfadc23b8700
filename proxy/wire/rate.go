package wire

import (
	"net/netip"
	"sync"
	"time"
)

// Rates bound how much one client may do in a minute, by the same address as
// [Limits.PerClient]; 0 is no bound. A minute's worth may come at once, and then
// comes back steadily.
type Rates struct {
	// Connections above it are told 421 4.7.0.
	Connections int
	// Messages above it are told 450 4.7.1 at MAIL.
	Messages int
	// Recipients above it are told 450 4.7.1 at RCPT.
	Recipients int
}

// deed is something that a client does, and that has a rate.
type deed int

const (
	connecting deed = iota
	mailing
	naming // a recipient
	deeds
)

// rates knows how much each client may still do.
type rates struct {
	most [deeds]float64 // in a minute; 0: no bound

	mu      sync.Mutex
	clients map[netip.Addr]*allowance
	swept   time.Time
}

// allowance is what is left to one client.
type allowance struct {
	left [deeds]float64
	at   time.Time // when it was that much
}

func newRates(r Rates) *rates {
	return &rates{
		most:    [deeds]float64{connecting: float64(r.Connections), mailing: float64(r.Messages), naming: float64(r.Recipients)},
		clients: make(map[netip.Addr]*allowance),
	}
}

// take reports whether a client may do this now, and takes note of it if so: who
// is told to come later loses nothing by asking.
func (r *rates) take(client netip.Addr, what deed, now time.Time) bool {
	if r.most[what] == 0 || !client.IsValid() {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep(now)
	a := r.clients[client]
	if a == nil {
		a = &allowance{left: r.most, at: now}
		r.clients[client] = a
	}
	minutes := now.Sub(a.at).Minutes()
	a.at = now
	for d, most := range r.most {
		a.left[d] = min(most, a.left[d]+minutes*most)
	}
	if a.left[what] < 1 {
		return false
	}
	a.left[what]--
	return true
}

// sweep forgets, once a minute, the clients that may do everything again.
func (r *rates) sweep(now time.Time) {
	if now.Sub(r.swept) < time.Minute {
		return
	}
	r.swept = now
	for client, a := range r.clients {
		if now.Sub(a.at) >= time.Minute {
			delete(r.clients, client)
		}
	}
}

// may reports whether a rate leaves room for this: the client's, or that of whom it
// has told by XFORWARD, since a mail server in front is many.
func (c *Conn) may(do deed) bool {
	counted := c.link.counted
	if c.forwarded != nil && c.forwarded.Addr.IsValid() {
		counted = countedAs(c.forwarded.Addr)
	}
	return c.link.l.rates.take(counted, do, time.Now())
}
