package upstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

const (
	// commandBuffer holds a group of pipelined commands, and a reply line.
	commandBuffer = 4 << 10
	// lastWords is how long an answer is waited for on a connection that takes
	// no more bytes, and for the answer to QUIT.
	lastWords = time.Second
)

// link is one network connection to the upstream and the dialogue's place on
// it. After its first error it stays failed. One goroutine at a time uses it.
type link struct {
	nc         net.Conn
	r          *bufio.Reader
	w          *bufio.Writer
	clock      *deadline
	extensions Extensions
	encrypted  bool
	foreign    bool // carried a client's credentials
	created    time.Time
	heard      time.Time // when the last reply came
	uses       int       // transactions begun and sessions ended on it
	owed       int       // replies to RSETs written or buffered, not read yet
	replies    []Reply   // room for those of one step
	said       texts     // the last of them
	err        error     // why it cannot be used any more
}

func newLink(nc net.Conn, encrypted bool) *link {
	return &link{
		nc:        nc,
		r:         bufio.NewReaderSize(nc, commandBuffer),
		w:         bufio.NewWriterSize(nc, commandBuffer),
		clock:     newDeadline(nc),
		encrypted: encrypted,
		created:   time.Now(),
		heard:     time.Now(),
	}
}

// fail makes the link unusable and hangs up without a further byte.
func (l *link) fail(err error) error {
	if l.err == nil {
		l.err = err
		_ = l.nc.Close() // the cause is err; nothing depends on the close
	}
	return err
}

// exchange writes the lines in one go and reads one reply for each. It gives
// the replies that came, which are valid until the next step; there are fewer than
// lines only with an error. A 421 is a reply like others, but ends the link.
func (l *link) exchange(ctx context.Context, wait time.Duration, lines ...string) ([]Reply, error) {
	if l.err != nil {
		return nil, l.err
	}
	defer l.clock.watch(ctx).stop()
	l.clock.extend(wait)
	if l.owed == 0 && l.r.Buffered() > 0 {
		return nil, l.fail(l.unasked())
	}
	for _, line := range lines {
		// bufio keeps the first error for Flush.
		_, _ = l.w.WriteString(line)
		_, _ = l.w.WriteString("\r\n")
	}
	writeErr := l.w.Flush()
	// Also after a failed write: the server may have said why it hung up.
	replies, err := l.answers(len(lines))
	if writeErr != nil {
		_ = l.fail(writeErr)
	}
	if err != nil {
		return replies, l.fail(l.cause(ctx, errors.Join(writeErr, err)))
	}
	return replies, nil
}

// command is exchange for a single line.
func (l *link) command(ctx context.Context, wait time.Duration, line string) (Reply, error) {
	replies, err := l.exchange(ctx, wait, line)
	if len(replies) == 0 {
		return Reply{}, err
	}
	return replies[0], err
}

// await reads a reply that no command asks for: the greeting, and the answers
// after the end of the content.
func (l *link) await(ctx context.Context, wait time.Duration) (Reply, error) {
	if l.err != nil {
		return Reply{}, l.err
	}
	defer l.clock.watch(ctx).stop()
	l.clock.extend(wait)
	replies, err := l.answers(1)
	if err != nil {
		return Reply{}, l.fail(l.cause(ctx, err))
	}
	return replies[0], nil
}

// answers reads the owed replies and then n more.
func (l *link) answers(n int) ([]Reply, error) {
	for ; l.owed > 0; l.owed-- {
		reply, err := readReply(l.r, &l.said)
		if err != nil {
			return nil, err
		}
		if !reply.OK() {
			return nil, fmt.Errorf("%w: RSET was answered with %s", errGone, reply.status())
		}
	}
	l.replies = l.replies[:0]
	for len(l.replies) < n {
		reply, err := readReply(l.r, &l.said)
		if err != nil {
			return l.replies, err
		}
		l.heard = time.Now()
		l.replies = append(l.replies, reply)
		if reply.Code == 421 { // RFC 5321 section 3.8: the server closes
			_ = l.fail(errGone)
			if len(l.replies) < n {
				return l.replies, errGone
			}
		}
	}
	return l.replies, nil
}

// conclude refuses a 3xx as the end of a command. Passed on to a client, or
// taken for the answer to its content, it would set the dialogue out of step.
func (l *link) conclude(replies ...Reply) error {
	for _, reply := range replies {
		if reply.Code/100 == 3 {
			return l.fail(fmt.Errorf("%w: %d at the end of a command", ErrMalformed, reply.Code))
		}
	}
	return nil
}

// unasked judges bytes that came before the command they could answer. They
// are the server's farewell, or the dialogue is out of step; it ends anyway.
func (l *link) unasked() error {
	if reply, err := readReply(l.r, &l.said); err == nil && reply.Code == 421 {
		return errGone
	}
	return fmt.Errorf("%w: a reply that nothing had asked for", ErrMalformed)
}

// mayBeStale reports whether the server can have closed the link unnoticed,
// and a new one may take its place.
func (l *link) mayBeStale() bool {
	return !l.foreign && (l.uses > 0 || time.Since(l.heard) > time.Second)
}

// cause gives the context's error if that is what broke the I/O.
func (l *link) cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// quit says good-bye, unless the link has failed, and hangs up.
func (l *link) quit() {
	if l.err == nil {
		_, _ = l.exchange(context.Background(), lastWords, "QUIT") // the answer changes nothing
	}
	_ = l.fail(ErrClosed)
}

// isGone reports whether err is how a connection that the other side had
// already closed shows itself.
func isGone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errGone) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNABORTED)
}
