package wire

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// bodySource is what a Body is made from.
type bodySource struct {
	chunks bool
	pace   *pace
	limit  int64
	scan   lineScanner
}

// Body is the content of one message: what the client sent after DATA without
// its dot-stuffing, or the chunks of BDAT. It is an io.Reader that gives
// io.EOF only when the message is whole, within its size, and as the policy
// for line ends wants it. Otherwise its last error is, or wraps,
//
//   - [ErrTooLarge] or [ErrLineEnds]: the session answers 552 or 554, and the
//     connection goes on. With DATA the rest has been read by then, unless
//     there was too much of it: then the connection ends too.
//   - anything else: the client went or was cut off. The connection is over,
//     and wire answers for the session.
type Body struct {
	conn *Conn
	scan lineScanner
	fill func() error

	in      *window
	pending []byte // content, a part of in
	crlf    bool   // a CRLF comes after it
	ended   bool   // the input has, for chunks
	chunks  bool
	pipe    io.Reader // go-smtp's, for chunks

	size    int64 // octets of content
	limit   int64 // 0: none
	discard int64 // octets read beyond it
	refusal error // to be returned at the end
	err     error // sticky: the end

	whole  atomic.Bool // all was read, up to io.EOF
	once   sync.Once
	closed chan struct{}
	big    *[]byte
}

// Body returns the message that Session.Data was called for; r is what Data
// was given. Close it before Data returns (defer it): with BDAT, Data runs in
// a goroutine of its own, and wire waits for Close before it answers an RSET.
// Called again it returns the same.
func (c *Conn) Body(r io.Reader) *Body {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.body != nil {
		return c.body
	}
	b := &Body{
		conn:    c,
		scan:    c.source.scan,
		chunks:  c.source.chunks,
		limit:   c.source.limit,
		discard: c.link.l.cfg.Limits.Discard,
		closed:  make(chan struct{}),
	}
	if b.chunks {
		b.big = c.link.l.borrow()
		b.in = &window{buf: *b.big}
		b.pipe = r
		b.fill = b.fillChunk
	} else {
		pace := c.source.pace
		b.in = &c.link.in
		b.fill = func() error { return c.link.fillBody(pace) }
	}
	c.body = b
	return b
}

// Read gives the next octets of the message.
func (b *Body) Read(p []byte) (n int, err error) {
	for n < len(p) {
		switch {
		case len(b.pending) > 0:
			k := copy(p[n:], b.pending)
			b.pending = b.pending[k:]
			n += k
		case b.crlf && n+2 <= len(p):
			n += copy(p[n:], "\r\n")
			b.crlf = false
		case b.crlf && n == 0:
			// A single octet was asked for.
			p[0] = '\r'
			b.crlf, b.pending = false, []byte("\n")
			n++
		case b.crlf:
			return n, nil
		case b.err != nil:
			if b.err == io.EOF {
				b.whole.Store(true)
			}
			if n > 0 {
				return n, nil
			}
			return 0, b.err
		default:
			if !b.advance(n == 0) {
				return n, nil
			}
		}
	}
	return n, nil
}

// advance makes one step. Unless it may wait, it returns false where it would
// have to.
func (b *Body) advance(mayWait bool) bool {
	src := b.in.unread()
	st := b.scan.next(src, b.ended)
	if st.more {
		if !mayWait {
			return false
		}
		if err := b.fill(); err != nil {
			b.err = fmt.Errorf("read the message: %w", err)
		}
		return true
	}
	b.in.drop(st.keep + st.skip)
	b.size += int64(st.keep)
	if st.fix {
		b.size += int64(len("\r\n"))
	}
	switch {
	case b.refusal != nil:
	case b.limit > 0 && b.size > b.limit:
		b.refusal = ErrTooLarge
	case b.scan.bad:
		b.refusal = ErrLineEnds
	default:
		b.pending, b.crlf = src[:st.keep], st.fix
	}
	b.conclude(st.end)
	return true
}

// conclude sets err when the end is reached, or need not be waited for.
func (b *Body) conclude(end bool) {
	switch {
	case end && b.refusal == nil:
		b.err = io.EOF
	case end, b.refusal != nil && b.chunks:
		// go-smtp reads the rest of a chunk itself.
		b.err = b.refusal
	case b.limit > 0 && b.size > b.limit+b.discard:
		b.err = fmt.Errorf("%w, and does not end", errEndless)
	}
}

// errEndless is ErrTooLarge for a client that is cut off.
var errEndless = fmt.Errorf("cut off: %w", ErrTooLarge)

// drain reads to the end for nothing. Its error says that there is none.
func (b *Body) drain() error {
	for b.err == nil {
		b.pending, b.crlf = nil, false
		b.advance(true)
	}
	if b.err == io.EOF || b.err == b.refusal {
		return nil
	}
	return b.err
}

// fillChunk reads from go-smtp's pipe. Its errors say that the client has gone
// or has dropped the message; the words are go-smtp's.
func (b *Body) fillChunk() error {
	n, err := b.in.fill(b.pipe)
	switch {
	case n > 0 || err == nil:
		return nil
	case errors.Is(err, io.EOF):
		b.ended = true
		return nil
	}
	return fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
}

// Close says that the session is done with the message, and with answering it.
// It does not end the reading: what the session left is read for nothing.
func (b *Body) Close() error {
	b.once.Do(func() {
		if b.chunks {
			if b.err == nil {
				b.err = io.ErrClosedPipe
			}
			b.pending, b.in = nil, nil
			b.conn.link.l.pool.Put(b.big)
		}
		close(b.closed)
	})
	return nil
}

// awaitSession waits until go-smtp is done with the goroutine that runs Data for
// BDAT, after RSET or EHLO has cut the message off, and reports whether it is.
// go-smtp does not wait, and would take what that Data returns late for the
// verdict on the next message; nor may it Say anything any more. The only sign
// is the pipe: go-smtp closes its reading side last.
func (b *Body) awaitSession() bool {
	const patience, interval = 5 * time.Second, 100 * time.Microsecond
	timeout := time.After(patience)
	select {
	case <-b.closed:
	case <-timeout:
		return false
	}
	for {
		if _, err := b.pipe.Read(make([]byte, 1)); errors.Is(err, io.ErrClosedPipe) {
			return true
		}
		select {
		case <-timeout:
			return false
		case <-time.After(interval):
		}
	}
}

// bodyFailure is the last reply to a client whose message could not be read.
func bodyFailure(err error) string {
	switch {
	case errors.Is(err, ErrTooLarge):
		return "552 5.3.4 Message is too large"
	case errors.Is(err, ErrTooSlow):
		return "421 4.4.2 Message comes too slowly"
	}
	return "421 4.4.2 Connection lost"
}
