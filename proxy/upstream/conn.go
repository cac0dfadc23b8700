package upstream

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Conn is a connection on which transactions run one after the other: Mail,
// Rcpt for each recipient, then Data or Reset. One goroutine at a time uses
// it. A refusal by the upstream is a [Reply], not an error; every error is an
// [*Error], after most of which the connection is lost. The next Mail then
// makes a new one, unless a client's credentials had been given.
type Conn interface {
	// Extensions gives what the upstream offers here and now. AUTH is left
	// out where credentials must not or need not be sent. The map is shared
	// and must not be changed.
	Extensions() Extensions
	// Auth passes a client's credentials on (RFC 4954). A nil initial sends no
	// initial response, an empty one sends "=". next gets each challenge and
	// gives the response, both decoded; its error cancels the exchange, and is
	// returned together with the upstream's answer to that. From the first
	// Auth on the connection belongs to this client and is never pooled.
	Auth(ctx context.Context, mechanism string, initial []byte, next func(challenge []byte) ([]byte, error)) (Reply, error)
	// Forward says where the message of the next transaction comes from, for an
	// upstream that offers XFORWARD. It goes out with Mail.
	Forward(attributes []Attribute)
	// Mail begins a transaction. path is what stands between the brackets, "" for
	// the null path; params are ESMTP parameters as given, such as "SIZE=5".
	Mail(ctx context.Context, path string, params []string) (Reply, error)
	// Rcpt adds a recipient.
	Rcpt(ctx context.Context, path string, params []string) (Reply, error)
	// Data sends the content, size octets exactly, and ends the transaction
	// whatever the answer. SMTP has one reply for all; LMTP one for each
	// recipient it had accepted, in order. With an error, LMTP's replies may
	// be fewer. A missing CRLF at the end of the content is added under DATA.
	Data(ctx context.Context, content io.Reader, size int64) ([]Reply, error)
	// Reset gives the transaction up. Where the upstream does pipelining, RSET
	// goes out with the next command and its answer is read there.
	Reset(ctx context.Context) error
	// Close gives the connection back for other sessions, or ends it with
	// QUIT. An open transaction is given up.
	Close() error
}

// conn is a Conn over a link.
type conn struct {
	server   *Server
	link     *link
	open     bool // in a transaction
	binary   bool // declared BODY=BINARYMIME
	accepted int  // recipients
	closed   bool
	forward  []Attribute // told with the next MAIL
	told     bool        // the server has XFORWARD of a transaction that may not have begun
}

func (c *conn) Extensions() Extensions { return c.link.extensions }

func (c *conn) Auth(ctx context.Context, mechanism string, initial []byte, next func([]byte) ([]byte, error)) (Reply, error) {
	if mechanism == "" || strings.Trim(mechanism, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return Reply{}, &Error{Stage: StageAuth, Err: fmt.Errorf("%w: mechanism", ErrArgument)}
	}
	if !c.server.mayAuth(c.link) {
		return Reply{}, &Error{Stage: StageAuth, Err: fmt.Errorf("%w for credentials", ErrTLS)}
	}
	if c.closed {
		return Reply{}, &Error{Stage: StageAuth, Err: ErrClosed}
	}
	asked := false
	watched := func(challenge []byte) ([]byte, error) {
		asked = true
		if next == nil {
			return nil, errNoChallenge
		}
		return next(challenge)
	}
	stale := c.link.mayBeStale()
	c.link.foreign = true
	reply, err := c.server.sasl(ctx, c.link, mechanism, initial, watched)
	if stale && !asked && ctx.Err() == nil && (isGone(err) || reply.Code == 421) {
		if err := c.replace(ctx); err != nil {
			return Reply{}, err
		}
		c.link.foreign = true
		reply, err = c.server.sasl(ctx, c.link, mechanism, initial, watched)
	}
	return reply, failed(StageAuth, err)
}

func (c *conn) Mail(ctx context.Context, path string, params []string) (Reply, error) {
	line, err := envelopeLine("MAIL FROM", path, params)
	if err != nil {
		return Reply{}, &Error{Stage: StageMail, Err: err}
	}
	reply, err := c.announce(ctx, line)
	if reply.Code != 0 {
		c.mailed(reply, params)
	}
	return reply, failed(StageMail, err)
}

// announce sends the first line of a transaction, below what is to be told of its
// message: in one go where the upstream does pipelining.
func (c *conn) announce(ctx context.Context, mail string) (Reply, error) {
	told := c.forwardLines()
	c.told = len(told) > 0
	groups := [][]string{append(told, mail)}
	if !c.link.extensions.Has("PIPELINING") {
		groups = slices.Collect(slices.Chunk(groups[0], 1))
	}
	var last Reply
	for _, lines := range groups {
		replies, err := c.begin(ctx, lines...)
		if len(replies) < len(lines) {
			return Reply{}, err
		}
		last = replies[len(lines)-1]
		if err := c.link.conclude(replies...); err != nil {
			return last, err
		}
	}
	return last, nil
}

// mailed notes the answer to MAIL.
func (c *conn) mailed(reply Reply, params []string) {
	c.link.uses++
	if reply.OK() {
		c.open, c.binary, c.accepted = true, isBinary(params), 0
	}
}

func (c *conn) Rcpt(ctx context.Context, path string, params []string) (Reply, error) {
	line, err := envelopeLine("RCPT TO", path, params)
	if err != nil {
		return Reply{}, &Error{Stage: StageRcpt, Err: err}
	}
	if c.closed {
		return Reply{}, &Error{Stage: StageRcpt, Err: ErrClosed}
	}
	reply, err := c.link.command(ctx, c.server.config.Timeouts.Command, line)
	if err == nil {
		err = c.link.conclude(reply)
	}
	if reply.OK() {
		c.accepted++
	}
	return reply, failed(StageRcpt, err)
}

func (c *conn) Reset(ctx context.Context) error {
	if !c.open && !c.told || c.link.err != nil {
		c.over()
		return nil // the server forgets the transaction with the connection
	}
	c.over()
	if c.link.extensions.Has("PIPELINING") {
		_, _ = c.link.w.WriteString("RSET\r\n") // bufio keeps an error for the next command
		c.link.owed++
		return nil
	}
	reply, err := c.link.command(ctx, c.server.config.Timeouts.Command, "RSET")
	if err == nil && !reply.OK() {
		err = c.link.fail(fmt.Errorf("%w: RSET was answered with %s", ErrMalformed, reply.status()))
	}
	return failed(StageReset, err)
}

// over forgets the transaction.
func (c *conn) over() { c.open, c.told, c.binary, c.accepted = false, false, false, 0 }

func (c *conn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	if (c.open || c.told) && !c.link.extensions.Has("PIPELINING") {
		c.link.quit() // cheaper than waiting for the answer to RSET
		return nil
	}
	_ = c.Reset(context.Background()) // only buffers
	c.link.uses++
	c.server.idle.put(c.link)
	return nil
}

// begin writes the first lines of a transaction. A link that has failed, or
// that the server turns out to have closed while nobody looked, is replaced by
// a new one, once: nothing of this transaction had been answered.
func (c *conn) begin(ctx context.Context, lines ...string) ([]Reply, error) {
	if c.closed {
		return nil, ErrClosed
	}
	if c.link.err == nil && !c.link.clock.broken() {
		stale := c.link.mayBeStale()
		replies, err := c.link.exchange(ctx, c.server.config.Timeouts.Command, lines...)
		if !stale || ctx.Err() != nil || !isFarewell(replies, err) {
			return replies, err
		}
	} else if c.link.foreign {
		return nil, c.link.fail(errGone)
	}
	if err := c.replace(ctx); err != nil {
		return nil, err
	}
	return c.link.exchange(ctx, c.server.config.Timeouts.Command, lines...)
}

// replace makes a new link.
func (c *conn) replace(ctx context.Context) error {
	replacement, err := c.server.connect(ctx)
	if err != nil {
		return err
	}
	_ = c.link.fail(errGone)
	c.link = replacement
	return nil
}

// isFarewell reports whether the server had ended the dialogue before the
// command, by closing it or with 421.
func isFarewell(replies []Reply, err error) bool {
	if len(replies) == 0 {
		return isGone(err)
	}
	return replies[0].Code == 421
}
