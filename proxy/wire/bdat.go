package wire

import (
	"io"
	"math"
	"strconv"
	"strings"
)

// ruleBdat judges BDAT (RFC 3030). Its chunk follows whatever we answer, so
// where the size is not clear, or the chunk is not worth reading, the
// connection ends: a chunk must never be read as commands.
func (c *Conn) ruleBdat(arg string) ruling {
	fields := strings.Fields(arg)
	if len(fields) == 0 || len(fields) > 2 || len(fields) == 2 && !strings.EqualFold(fields[1], "LAST") {
		return ruling{reply: "501 5.5.4 BDAT needs a size and may have LAST", end: true}
	}
	n, err := strconv.ParseUint(fields[0], 10, 63)
	if err != nil {
		return ruling{reply: "501 5.5.4 BDAT has a bad size", end: true}
	}
	size, last := int64(n), len(fields) == 2
	if !c.offers("CHUNKING") {
		return ruling{reply: "502 5.5.1 CHUNKING is not offered", end: true}
	}
	if !c.tx.open || c.tx.rcpts == 0 {
		return c.refuseChunk(size, "503 5.5.1 No valid recipients")
	}
	limit := c.sizeLimit()
	if size > math.MaxUint32 || limit > 0 && size > limit+c.link.l.cfg.Limits.Discard-c.tx.total {
		return ruling{reply: "552 5.3.4 Message is too large", end: true}
	}
	if size == 0 && !last {
		// Not worth a goroutine, and go-smtp could not tell us when the
		// session has begun with it.
		c.tx.chunks = true
		return ruling{reply: "250 2.0.0 Continue"}
	}
	if !c.tx.chunks || c.tx.total == 0 {
		c.startBody(true)
	}
	c.link.widen()
	r := hand("BDAT " + strconv.FormatInt(size, 10))
	if last {
		r.line += " LAST"
	}
	c.tx.chunks, c.tx.last = true, last
	c.tx.left, c.tx.total = size, c.tx.total+size
	if size > 0 {
		c.phase = inChunk
	}
	return r
}

// refuseChunk reads a chunk for nothing and then refuses it.
func (c *Conn) refuseChunk(size int64, reply string) ruling {
	if size > c.link.l.cfg.Limits.Discard {
		return ruling{reply: "552 5.3.4 Chunk is too large", end: true}
	}
	p := newPace(c.link.l.cfg.Timeouts)
	for size > 0 {
		in := c.link.in.unread()
		if len(in) == 0 {
			if err := c.link.fillBody(p); err != nil {
				return ruling{reply: bodyFailure(err), end: true}
			}
			continue
		}
		n := min(size, int64(len(in)))
		c.link.in.drop(int(n))
		size -= n
	}
	return refuse(reply)
}

// readChunk gives go-smtp octets of the chunk in hand. A chunk that is cut off
// is an error that is not io.EOF: go-smtp would take that for its end, and the
// message for whole.
func (c *Conn) readChunk(p []byte) (int, error) {
	k := c.link
	if len(k.in.unread()) == 0 {
		if err := k.fillBody(c.tx.pace); err != nil {
			return 0, c.failBody(err)
		}
	}
	in := k.in.unread()
	n := copy(p, in[:min(int64(len(in)), c.tx.left)])
	k.in.drop(n)
	if c.tx.left -= int64(n); c.tx.left == 0 {
		c.phase = inCommand
	}
	return n, nil
}

// finishData reads what the session left of a message and ends go-smtp's own
// reader, which has seen nothing of it.
func (c *Conn) finishData() error {
	b := c.Body(nil)
	if err := b.drain(); err != nil {
		_ = c.failBody(err)
		return io.ErrUnexpectedEOF
	}
	c.phase = inCommand
	c.out = []byte(".\r\n")
	return nil
}
