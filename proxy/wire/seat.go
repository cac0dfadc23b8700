package wire

import (
	"io"
	"net"
	"sync/atomic"
	"time"
)

// seatRest is how long a seat waits for another client.
const seatRest = time.Second

// seat is a connection as go-smtp has it. Most clients make a connection for each
// message, and all that go-smtp makes for one costs as much as the message: so a
// client that has left it clean makes room for another, as if go-smtp had been
// given a new connection. Nothing of the first is there by then: go-smtp has
// ended its session and makes another at EHLO, without which it is asked for
// nothing.
type seat struct {
	l      *Listener
	client atomic.Pointer[Conn]

	// Known to the goroutine of go-smtp's connection only.
	rest  *time.Timer
	grown bool
}

var _ net.Conn = (*seat)(nil)

func newSeat(l *Listener, c *Conn) *seat {
	c.link.seated(nil)
	s := &seat{l: l}
	s.client.Store(c)
	return s
}

// Read gives go-smtp the client's commands, and then another client's.
func (s *seat) Read(p []byte) (int, error) {
	for {
		c := s.client.Load()
		n, err := c.Read(p)
		if err != io.EOF || !c.leftClean() || !s.next(c) {
			return n, err
		}
	}
}

// next waits for another client and greets it. It reports whether there is one.
func (s *seat) next(before *Conn) bool {
	if s.rest == nil {
		s.rest = time.NewTimer(seatRest)
	} else {
		s.rest.Reset(seatRest)
	}
	defer s.rest.Stop()
	select {
	case c := <-s.l.seats:
		c.line, c.reply = before.line[:0], before.reply[:0]
		c.link.seated(before.link)
		s.client.Store(c)
		c.answer([]byte("220 ")) // go-smtp has greeted already
		return true
	case <-s.l.done:
	case <-s.rest.C:
	}
	return false
}

// leftClean reports whether go-smtp has nothing more of a client: it said QUIT
// between two messages. Where it had logged in, or made an error, or used BDAT,
// go-smtp may remember.
func (c *Conn) leftClean() bool {
	return c.isClosed() && c.command == "QUIT" && !c.tx.open && !c.authed && !c.chunked &&
		c.link.errors+c.link.authFailures == 0
}

// Write takes go-smtp's replies.
func (s *seat) Write(p []byte) (int, error) {
	if !s.grown {
		s.grown = true
		growStack(0)
	}
	return s.client.Load().Write(p)
}

// growStack makes the stack of the connection's goroutine as large as a message
// needs it, while there is next to nothing on it: it would be copied each time
// that it is doubled.
//
//go:noinline
func growStack(i int) byte {
	var room [14 << 10]byte
	return room[i]
}

// Close ends the connection of the client that is there.
func (s *seat) Close() error { return s.client.Load().Close() }

func (s *seat) LocalAddr() net.Addr  { return s.client.Load().LocalAddr() }
func (s *seat) RemoteAddr() net.Addr { return s.client.Load().RemoteAddr() }

// SetDeadline does nothing: wire keeps time itself.
func (s *seat) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing: wire keeps time itself.
func (s *seat) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing: wire keeps time itself.
func (s *seat) SetWriteDeadline(time.Time) error { return nil }
