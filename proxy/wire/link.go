package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

var (
	errGoingDown = errors.New("relay is going down")
	errIdle      = errors.New("no command in time")
)

// link is one socket with what outlives a change to TLS: its buffer, its
// counts and its place in the listener. Only the goroutine that go-smtp runs
// for the connection reads and writes; retire, kill and close may come from
// others.
type link struct {
	l       *Listener
	raw     net.Conn // the socket: deadlines are set here
	conn    net.Conn // raw, or TLS over it
	tls     *tls.ConnectionState
	client  Origin     // who it is from
	counted netip.Addr // among Limits.PerClient; invalid if it is not; under l.mu
	in      window
	small   []byte  // the buffer that in uses between messages; nil until it is seated
	big     *[]byte // the pooled buffer that in uses, if any
	out     []byte  // the reply that is being written
	watch   *watch  // for its messages; nil until there is one
	opened  time.Time
	err     error // sticky: why nothing more is read

	errors, authFailures, refusals int
	empty                          int  // commands since the last message that did nothing for one
	mailed                         bool // a MAIL was accepted
	served                         bool // a message was answered

	writeBy time.Time // the deadline of writes

	mu      sync.Mutex
	readBy  time.Time // that of reads
	waiting departure // how a wait for a command ends, if there is one
	by      time.Time // when it does
	ending  bool
	closed  bool
}

// departure says what becomes of a wait for a command when the listener shuts
// down.
type departure int

const (
	stays  departure = iota // the message that goes on is waited for
	leaves                  // it ends at once
	// Clients that make a connection for each message take a farewell in place
	// of their greeting, or within a transaction, for a failure: they have theirs
	// first, if they go on with it.
	hurries
)

func newLink(l *Listener, raw net.Conn) *link {
	return &link{l: l, raw: raw, conn: raw, opened: time.Now()}
}

// seated gives the link the buffers of one that is not used any more; nil for none.
func (k *link) seated(before *link) {
	switch {
	case k.small != nil: // this is another life of it
		return
	case before != nil:
		k.small, k.out, k.watch = before.small, before.out[:0], before.watch
	default:
		k.small = make([]byte, lineWindow)
	}
	k.in.buf = k.small
}

// countedAs is whose connections those of an address are: of IPv6 all of its
// /64, which is what one client has.
func countedAs(client netip.Addr) netip.Addr {
	if client.Is6() {
		return netip.PrefixFrom(client, 64).Masked().Addr()
	}
	return client
}

// turnAway says a last word to a socket that was not registered.
func (k *link) turnAway(reply string) {
	if !k.l.cfg.Implicit {
		_ = k.raw.SetDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(k.raw, reply+"\r\n")
		k.linger()
	}
	_ = k.raw.Close()
}

// handshake changes to TLS. What the client sent in the clear before it is
// thrown away: it may be another's (RFC 3207 section 4.2).
func (k *link) handshake() error {
	k.in.drop(len(k.in.unread()))
	_ = k.raw.SetDeadline(time.Time{})
	k.readBy, k.writeBy = time.Time{}, time.Time{} // nobody else waits for a command now
	ctx, cancel := context.WithTimeout(context.Background(), k.l.cfg.Timeouts.Handshake)
	defer cancel()
	conn := tls.Server(k.raw, k.l.cfg.TLS)
	if err := conn.HandshakeContext(ctx); err != nil {
		k.err = fmt.Errorf("TLS handshake: %w", err)
		return k.err
	}
	state := conn.ConnectionState()
	k.mu.Lock()
	k.conn, k.tls = conn, &state
	k.mu.Unlock()
	return nil
}

// fillCommand reads once, while a command is waited for until by. Shutdown may cut
// the wait short.
func (k *link) fillCommand(d departure) error {
	if k.err != nil {
		return k.err
	}
	k.mu.Lock()
	if k.ending && d == leaves {
		k.mu.Unlock()
		return errGoingDown
	}
	k.waiting = d
	wait := min(k.l.cfg.Timeouts.Command, k.l.cfg.Timeouts.FirstMail) // whichever of them ends it
	if k.ending && d == hurries {
		k.hurry()
		wait = min(wait, k.l.cfg.Timeouts.Farewell)
	}
	if most := k.by.Add(slack(wait)); k.readBy.Before(k.by) || k.readBy.After(most) {
		k.setReadBy(most)
	}
	k.mu.Unlock()

	n, err := k.in.fill(k.conn)

	k.mu.Lock()
	k.waiting = stays
	ending := k.ending && d != stays
	k.mu.Unlock()
	switch {
	case n > 0:
		// The error, if any, comes again with the next read.
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded) && ending:
		return errGoingDown
	case errors.Is(err, os.ErrDeadlineExceeded):
		k.err = errIdle
	default:
		k.err = err
	}
	return k.err
}

// slack is how much longer a wait may be than it is said to, at most a 64th of it:
// most clients need milliseconds of their minutes, and a deadline that is far enough
// away need not be set again for each command and reply.
func slack(wait time.Duration) time.Duration { return min(wait/64, 5*time.Second) }

// readUntil sets the deadline of reads.
func (k *link) readUntil(t time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.setReadBy(t)
}

// setReadBy is readUntil for who has the lock.
func (k *link) setReadBy(t time.Time) {
	k.readBy = t
	_ = k.raw.SetReadDeadline(t) // the read itself will fail
}

// hurry has the wait for a command end after Timeouts.Farewell, unless it ends
// sooner. The caller has the lock.
func (k *link) hurry() {
	if last := time.Now().Add(k.l.cfg.Timeouts.Farewell); last.Before(k.by) {
		k.by = last
	}
}

// fillBody reads once inside a message.
func (k *link) fillBody(p *pace) error {
	for k.err == nil {
		start := time.Now()
		wait, err := p.allow(start)
		if err != nil {
			k.err = err
			break
		}
		k.readUntil(start.Add(wait))
		n, err := k.in.fill(k.conn)
		p.add(n, time.Since(start))
		if n > 0 {
			return nil
		}
		switch {
		case errors.Is(err, io.EOF):
			k.err = io.ErrUnexpectedEOF
		case errors.Is(err, os.ErrDeadlineExceeded):
			// allow says whether that was the end.
		default:
			k.err = err
		}
	}
	return k.err
}

// widen gives the link a large buffer for a message.
func (k *link) widen() {
	if k.big == nil {
		k.big = k.l.borrow()
		k.in.move(*k.big)
	}
}

// narrow goes back to the small buffer as soon as what is unread fits it.
func (k *link) narrow() {
	if len(k.in.buf) == lineWindow || len(k.in.unread()) > lineWindow/2 {
		return
	}
	k.in.move(k.small)
	if k.big != nil {
		k.l.pool.Put(k.big)
		k.big = nil
	}
}

// write sends one reply in one write.
func (k *link) write(reply string) error {
	wait := k.l.cfg.Timeouts.Write
	if by := time.Now().Add(wait); k.writeBy.Before(by) {
		k.writeBy = by.Add(slack(wait))
		_ = k.raw.SetWriteDeadline(k.writeBy) // the write itself will fail
	}
	k.out = append(k.out[:0], reply...)
	if _, err := k.conn.Write(k.out); err != nil {
		if k.err == nil {
			k.err = fmt.Errorf("write a reply: %w", err)
		}
		return k.err
	}
	return nil
}

// linger ends our side and reads on for a moment. Closing a socket with
// unread input resets it, and the client would lose the reply.
func (k *link) linger() {
	const most, patience = 1 << 20, time.Second
	if t, ok := k.conn.(*tls.Conn); ok {
		_ = t.CloseWrite()
	}
	half, ok := k.raw.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = k.raw.SetReadDeadline(time.Now().Add(patience))
	_, _ = io.Copy(io.Discard, io.LimitReader(k.raw, most))
}

// retire asks the link to end as soon as its client waits for nothing, and has
// had a message through or does not go on to.
func (k *link) retire() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ending = true
	switch k.waiting {
	case leaves:
		k.setReadBy(time.Unix(1, 0))
	case hurries:
		k.hurry()
		k.setReadBy(k.by)
	}
}

// kill closes the socket under whoever uses it. The link is released when
// go-smtp closes its connection.
func (k *link) kill() { _ = k.raw.Close() }

// close closes the socket and gives up the link's place.
func (k *link) close() error {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return nil
	}
	k.closed = true
	conn := k.conn
	k.mu.Unlock()
	err := conn.Close()
	k.l.release(k)
	k.l.cfg.Hooks.Close()
	return err
}

func (k *link) isEnding() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ending
}
