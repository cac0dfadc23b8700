package wire

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Listener admits clients and hands them to go-smtp. It implements
// net.Listener; all its methods may be called from any goroutine.
//
// Stop with [Listener.Shutdown], and only then call smtp.Server.Close:
// go-smtp's own Shutdown waits for idle clients for ever.
type Listener struct {
	inner net.Listener
	cfg   Config

	start sync.Once
	ready chan *Conn
	seats chan *Conn // where clients are taken that go-smtp needs no new connection for
	pool  sync.Pool  // *[]byte of bodyWindow octets
	rates *rates

	closed   sync.Once
	closeErr error          // what closing inner said
	accepted chan struct{}  // closed when no socket comes any more
	arriving sync.WaitGroup // one for each socket that is not admitted yet
	done     chan struct{}  // closed when Accept returns nothing more
	stop     sync.Once

	mu      sync.Mutex
	links   map[*link]struct{}
	clients map[netip.Addr]int
	ending  bool           // Shutdown was called
	over    bool           // and has ended
	live    sync.WaitGroup // one for each of links
}

// NewListener returns a Listener over inner. Nothing is accepted before the
// first Accept.
func NewListener(inner net.Listener, cfg Config) *Listener {
	l := &Listener{
		inner:    inner,
		cfg:      cfg.withDefaults(),
		ready:    make(chan *Conn),
		seats:    make(chan *Conn),
		rates:    newRates(cfg.Limits.PerMinute),
		accepted: make(chan struct{}),
		done:     make(chan struct{}),
		links:    make(map[*link]struct{}),
		clients:  make(map[netip.Addr]int),
	}
	return l
}

// Accept returns the next client, of whose connection [Of] gives the *Conn. It may
// be one that has just changed to TLS. After Close it returns net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	l.start.Do(func() { go l.run() })
	select {
	case c := <-l.ready:
		return newSeat(l, c), nil
	case <-l.done:
		return nil, fmt.Errorf("accept: %w", net.ErrClosed)
	}
}

// Addr returns the address listened on.
func (l *Listener) Addr() net.Addr { return l.inner.Addr() }

// Close stops accepting. Connections go on, but for those that change to TLS.
func (l *Listener) Close() error {
	err := l.closeInner()
	l.stop.Do(func() { close(l.done) })
	return err
}

// closeInner lets no further socket come. Those that the kernel has queued
// already stay in the queue where another process has the socket, too, and are
// reset otherwise.
func (l *Listener) closeInner() error {
	l.closed.Do(func() { l.closeErr = l.inner.Close() })
	return l.closeErr
}

// run accepts sockets until the inner listener fails for good. An error that
// may pass, such as running out of descriptors, is waited out: it must not
// end the service.
func (l *Listener) run() {
	const most = time.Second
	wait := 5 * time.Millisecond
	defer close(l.accepted)
	for {
		raw, err := l.inner.Accept()
		if err == nil {
			wait = 5 * time.Millisecond
			l.arrive(raw)
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			if !l.isEnding() { // then those that came are admitted first
				_ = l.Close()
			}
			return
		}
		l.cfg.Hooks.AcceptFailed(err)
		select {
		case <-l.done:
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, most)
	}
}

// arrive admits a new socket, without waiting for anybody.
func (l *Listener) arrive(raw net.Conn) {
	if len(l.cfg.Proxies) > 0 {
		// The client's address is known only when the proxy has sent it.
		l.arriving.Go(func() { l.admit(l.judge(raw)) })
		return
	}
	k, verdict, err := l.judge(raw)
	if verdict != Accepted {
		l.arriving.Go(func() { l.admit(k, verdict, err) })
		return
	}
	l.cfg.Hooks.Accept(verdict)
	if c := newConn(k); !l.sit(c) {
		l.arriving.Go(func() { l.hand(c) })
	}
}

// admit hands a socket that was judged to go-smtp, or turns it away.
func (l *Listener) admit(k *link, verdict Admission, err error) {
	l.cfg.Hooks.Accept(verdict)
	switch verdict {
	case Accepted:
		l.hand(newConn(k))
	case TooMany, TooManyPerClient:
		k.turnAway("421 4.7.0 Too many connections")
	case TooFast:
		k.turnAway("421 4.7.0 Too many connections in a minute: try again later")
	case GoingDown:
		k.turnAway("421 4.3.2 Going down")
	case NotProxied:
		l.cfg.Hooks.NotProxied(k.raw.RemoteAddr(), err)
		_ = k.raw.Close()
	}
}

// judge gives a socket its place, and learns who the client is. Without
// Accepted the link has no place.
func (l *Listener) judge(raw net.Conn) (*link, Admission, error) {
	client := addrPort(raw.RemoteAddr())
	if len(l.cfg.Proxies) == 0 {
		k := newLink(l, raw)
		return k, l.register(k, addrOf(client)), nil
	}
	if !within(l.cfg.Proxies, client.Addr()) {
		return newLink(l, raw), NotProxied, errNotProxy
	}
	p := newProxied(raw)
	k := newLink(l, p)
	// The place comes first, so that those who wait for a header are bounded, too.
	if verdict := l.register(k, Origin{}); verdict != Accepted {
		return k, verdict, nil
	}
	client, err := k.announced(p)
	var verdict Admission
	switch {
	case errors.Is(err, errGoingDown):
		verdict = GoingDown
	case err != nil:
		verdict = NotProxied
	default:
		verdict = l.assign(k, addrOf(client))
	}
	if verdict != Accepted {
		l.release(k)
	}
	return k, verdict, err
}

// sit gives a client to a connection of go-smtp that waits for one, if any does.
func (l *Listener) sit(c *Conn) bool {
	select {
	case l.seats <- c:
		return true
	default:
		return false
	}
}

// hand gives a client to go-smtp, or says goodbye when it takes no more.
func (l *Listener) hand(c *Conn) {
	if l.sit(c) {
		return
	}
	select {
	case l.ready <- c:
	case <-l.done:
		if !l.cfg.Implicit || c.link.tls != nil {
			c.hangUp(VerbConnect, "421 4.3.2 Going down")
		}
		_ = c.Close()
	}
}

// register gives a link a place among all, and among its client's.
func (l *Listener) register(k *link, client Origin) Admission {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.over:
		return GoingDown
	case len(l.links) >= l.cfg.Limits.Connections:
		return TooMany
	}
	if verdict := l.assignLocked(k, client); verdict != Accepted {
		return verdict
	}
	l.links[k] = struct{}{}
	k.ending = l.ending // it came before Shutdown: nobody else has the socket yet
	l.live.Add(1)
	return Accepted
}

// assign makes a registered link another client's, as if that one had connected.
// Without Accepted all stays as it is. Who may say XCLIENT has no rate of its own:
// those have that it speaks for.
func (l *Listener) assign(k *link, client Origin) Admission {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.assignLocked(k, client)
}

func (l *Listener) assignLocked(k *link, client Origin) Admission {
	counted := countedAs(client.Addr)
	switch {
	case counted == k.counted:
	case counted.IsValid() && l.clients[counted] >= l.cfg.Limits.PerClient:
		return TooManyPerClient
	case !within(l.cfg.XClient, client.Addr) && !l.rates.take(counted, connecting, time.Now()):
		return TooFast
	default:
		l.uncount(k)
		if k.counted = counted; counted.IsValid() {
			l.clients[counted]++
		}
	}
	k.client = client
	return Accepted
}

// uncount takes a link off its client's count.
func (l *Listener) uncount(k *link) {
	if !k.counted.IsValid() {
		return
	}
	if l.clients[k.counted]--; l.clients[k.counted] == 0 {
		delete(l.clients, k.counted)
	}
}

func (l *Listener) release(k *link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.links, k)
	l.uncount(k)
	l.live.Done()
}

// borrow takes a buffer of bodyWindow octets from the pool.
func (l *Listener) borrow() *[]byte {
	if b, ok := l.pool.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, bodyWindow)
	return &b
}

// Shutdown stops accepting, and has every connection end: with 421 4.3.2 at once
// where its client has had a message through and waits for nothing; after the
// reply that it waits for, and the message that it is sending; and where it has
// not had a message through, after its first, if it goes on to that within
// Timeouts.Farewell for each command. So a client that makes a connection for
// each message sees nothing of it. It returns nil when go-smtp has closed every
// connection and so ended every session; when ctx ends first it closes the
// sockets that are left and returns the cause.
func (l *Listener) Shutdown(ctx context.Context) error {
	for _, k := range l.end() {
		k.retire()
	}
	err := l.closeInner()
	l.start.Do(func() { close(l.accepted) }) // where nothing was accepted
	gone := make(chan struct{})
	go func() {
		<-l.accepted
		l.arriving.Wait()
		l.live.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-ctx.Done():
		for _, k := range l.endAll() {
			k.kill()
		}
		err = fmt.Errorf("shut down: %w", context.Cause(ctx))
	}
	_ = l.Close()
	return err
}

func (l *Listener) isEnding() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ending
}

// end notes that the listener shuts down, and returns the links there are.
func (l *Listener) end() []*link {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ending = true
	return slices.Collect(maps.Keys(l.links))
}

// endAll notes that no more time is left for links that come still, and returns
// those there are.
func (l *Listener) endAll() []*link {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	return slices.Collect(maps.Keys(l.links))
}
