package wire

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
)

// phase says what go-smtp's next read is for.
type phase int

const (
	inCommand phase = iota // a command line
	inData                 // the message after 354
	inChunk                // the octets of a BDAT chunk
)

// Conn is one client as go-smtp sees it, by its [seat]: Read, Write and Close are
// go-smtp's, the other methods the session's.
//
// Unless stated otherwise a method is called from within a method of the
// session or its backend.
type Conn struct {
	link   *link
	ctx    context.Context // ends with the connection; go-smtp passes none
	cancel context.CancelCauseFunc
	client Origin

	// Known to the goroutine of go-smtp's connection only.
	phase    phase
	command  string // the one being answered: a verb, "" for the greeting, "." for a message
	hello    string // "", EHLO or HELO
	name     string // what the client called itself
	authed   bool
	authing  bool   // inside an AUTH exchange
	resumed  bool   // this is the life after STARTTLS
	chunked  bool   // a BDAT was handed on
	out      []byte // what go-smtp has not read yet
	line     []byte // what out is a part of while a command is handed on
	reply    []byte // what go-smtp has written of a reply
	override string // a reply of ours that takes the place of go-smtp's next
	final    bool   // the next reply is the last
	tx       transaction

	forwarded *Origin // by XFORWARD, nil if there was none

	mu       sync.Mutex
	said     string
	exts     []string
	maxSize  int64
	body     *Body
	source   bodySource
	watching *watch
	next     *Conn // the socket's next life, nil while this one goes on
	closed   bool
}

// transaction is what wire knows of the transaction that MAIL opens.
type transaction struct {
	open   bool // MAIL was accepted
	rcpts  int  // how many were accepted
	path   string
	size   uint64
	utf8   bool
	binary bool  // BODY=BINARYMIME
	chunks bool  // a BDAT was accepted, and none was the last
	last   bool  // the chunk in hand is the last
	left   int64 // octets left of it
	total  int64 // octets of all chunks
	pace   *pace
}

func newConn(k *link) *Conn {
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Conn{link: k, ctx: ctx, cancel: cancel, client: k.client, authed: k.client.Login != "", exts: k.l.cfg.Extensions}
}

// Context ends when the connection is closed, with net.ErrClosed as its cause.
func (c *Conn) Context() context.Context { return c.ctx }

// TLS returns the state of the TLS connection, or nil if there is none.
func (c *Conn) TLS() *tls.ConnectionState { return c.link.tls }

// Path returns the path of the MAIL or RCPT that is being answered as the
// client wrote it, without angle brackets and source route: "" for the null
// sender. It is a valid Mailbox of RFC 5321 (or RFC 6531), quotes included,
// and so can be written to another server as it is.
func (c *Conn) Path() string { return c.tx.path }

// Size returns the SIZE that MAIL declared, in octets, or 0. go-smtp cannot
// tell sizes from 2^32 on.
func (c *Conn) Size() uint64 { return c.tx.size }

// SetMaxSize sets the largest message in octets, from the next MAIL on; 0 is
// no limit. A larger SIZE= is answered 552, and Body returns ErrTooLarge. The
// SIZE keyword itself is listed with SetExtensions.
func (c *Conn) SetMaxSize(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.maxSize = n
}

func (c *Conn) sizeLimit() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.maxSize
}

// Read gives go-smtp the rest of what it asked for last, or waits for the next
// command line that may reach it. It returns io.EOF when the connection is
// over for any reason: whatever there was to say has been said by wire.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(c.out) == 0 {
		var err error
		switch c.phase {
		case inCommand:
			err = c.nextCommand()
		case inData:
			err = c.finishData()
		case inChunk:
			return c.readChunk(p)
		}
		if err != nil {
			return 0, err
		}
	}
	n := copy(p, c.out)
	c.out = c.out[n:]
	return n, nil
}

// hangUp says a last reply, if any, and makes every later read fail.
func (c *Conn) hangUp(v Verb, reply string) {
	if reply != "" && c.link.write(reply+"\r\n") == nil {
		c.link.l.cfg.Hooks.Reply(v, replyCode(reply))
	}
	c.link.linger()
	c.link.err = io.EOF
}

// handOver ends this life of the socket, and has go-smtp log the session out and
// begin another; where it is resumed, without a greeting.
func (c *Conn) handOver(resumed bool) {
	next := newConn(c.link)
	next.resumed = resumed
	c.mu.Lock()
	c.next = next
	c.mu.Unlock()
}

// handedOver reports whether the socket belongs to the next connection.
func (c *Conn) handedOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next != nil
}

// Close is called by go-smtp after the session's Logout. It closes the socket,
// or, after STARTTLS or XCLIENT, gives it to go-smtp again as a new connection.
func (c *Conn) Close() error {
	c.mu.Lock()
	first := !c.closed
	c.closed = true
	next := c.next
	c.mu.Unlock()
	if !first {
		return nil
	}
	c.cancel(net.ErrClosed)
	if next != nil {
		c.link.l.hand(next)
		return nil
	}
	return c.link.close()
}

func (c *Conn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// LocalAddr returns the address of our end of the socket.
func (c *Conn) LocalAddr() net.Addr { return c.link.raw.LocalAddr() }

// RemoteAddr returns the address of the other end of the socket, which may be a
// proxy's; see [Conn.Client].
func (c *Conn) RemoteAddr() net.Addr { return c.link.raw.RemoteAddr() }

// Client returns who the client is: by its socket, or as the PROXY protocol or
// XCLIENT said where they are believed. It has no Addr if the socket is none of
// TCP.
func (c *Conn) Client() Origin { return c.client }

// Forwarded returns where the message of the transaction that MAIL begins comes
// from, as the client told it by XFORWARD; nil if it told nothing. Nobody's rights
// depend on it.
func (c *Conn) Forwarded() *Origin { return c.forwarded }
