package wire

import (
	"io"
)

// endOfData stands for the end of a message as the "command" to be answered.
const endOfData = "."

// begin notes that a command goes to go-smtp.
func (c *Conn) begin(verb string) {
	c.command = verb
	c.chunked = c.chunked || verb == "BDAT"
	if verb == "BDAT" && c.tx.chunks && c.tx.total > 0 {
		return // a message goes on, and what was said may be for its end
	}
	c.take()
}

// settle moves the state on by go-smtp's own code for the command.
func (c *Conn) settle(code int) {
	good := code/100 == 2
	switch c.command {
	case "EHLO", "HELO":
		c.endTransaction()
		c.hello = ""
		if good {
			c.hello = c.command
		}
	case "RSET":
		c.endTransaction()
	case "MAIL":
		c.tx.open = good
		c.link.mailed = c.link.mailed || good
	case "RCPT":
		if good {
			c.tx.rcpts++
		}
	case "DATA":
		if code == 354 {
			c.command = endOfData
			c.phase = inData
			c.startBody(false)
		}
	case endOfData:
		c.link.served, c.link.empty = true, 0
		// A panic in the session is answered before the message was read.
		c.final = c.final || c.phase != inCommand
		c.endTransaction()
	case "BDAT":
		c.final = c.final || c.tx.left > 0
		if !good || c.tx.last {
			c.link.served, c.link.empty = true, 0
			c.endTransaction()
		}
	case "AUTH":
		c.authing = code == 334
		c.authed = c.authed || good
	}
}

// startBody prepares for a call of Body.
func (c *Conn) startBody(chunks bool) {
	c.link.widen()
	c.tx.pace = newPace(c.link.l.cfg.Timeouts)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.body = nil
	c.source = bodySource{
		chunks: chunks,
		pace:   c.tx.pace,
		limit:  c.maxSize,
		scan: lineScanner{
			dots:   !chunks,
			binary: c.tx.binary,
			policy: c.link.l.cfg.LineEnds,
		},
	}
}

// endTransaction forgets the transaction.
func (c *Conn) endTransaction() {
	if c.tx.chunks && c.tx.total > 0 && c.command != "BDAT" {
		if body := c.currentBody(); body == nil || !body.awaitSession() {
			c.final = true
		}
	}
	c.tx, c.forwarded = transaction{}, nil
	c.take()
	c.mu.Lock()
	c.body = nil
	c.mu.Unlock()
}

// endsMessage reports whether the reply in hand is the verdict on a message.
func (c *Conn) endsMessage() bool {
	return c.command == endOfData || c.command == "BDAT" && c.tx.last
}

func (c *Conn) currentBody() *Body {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.body
}

func (c *Conn) bodyWhole() bool {
	b := c.currentBody()
	return b != nil && b.whole.Load()
}

// refuse answers a command that go-smtp does not get to see.
func (c *Conn) refuse(verb string, r ruling) {
	text, code := r.reply+"\r\n", replyCode(r.reply)
	switch {
	case code >= 500:
		c.link.errors++
	case verb == "MAIL" || verb == "RCPT":
		c.link.refusals++
	}
	if c.link.write(text) == nil {
		c.link.l.cfg.Hooks.Reply(verbOf(verb), code)
	}
	switch {
	case r.end:
		c.hangUp(VerbOther, "")
	case c.link.errors >= c.link.l.cfg.Limits.Errors:
		c.hangUp(VerbOther, tooManyErrors)
	case c.link.refusals >= c.link.l.cfg.Limits.Refusals:
		c.hangUp(VerbOther, tooManyRefusals)
	}
}

const (
	tooManyErrors   = "421 4.7.0 Too many errors"
	tooManyRefusals = "421 4.7.0 Too many refused senders or recipients"
)

// count takes note of a reply's code, and returns the last word of the
// connection when it was one too many. The refusal of a sender or a recipient is
// the session's good right, and has its own bound.
func (c *Conn) count(command string, code int, said bool) string {
	k, limits := c.link, c.link.l.cfg.Limits
	switch {
	case code < 400:
		return c.countEmpty(command)
	case command == "AUTH" && !isProtocolError(code):
		k.authFailures++
		if k.authFailures >= limits.AuthFailures {
			return "421 4.7.0 Too many failed authentications"
		}
	case !said && isProtocolError(code):
		k.errors++
		if k.errors >= limits.Errors {
			return tooManyErrors
		}
	case (command == "RCPT" || command == "MAIL") && code >= 500:
		k.refusals++
		if k.refusals >= limits.Refusals {
			return tooManyRefusals
		}
	}
	return ""
}

// countEmpty does the same for a command that was answered well. Those that do
// nothing for a message cost us an answer each, and the client nothing.
func (c *Conn) countEmpty(command string) string {
	k := c.link
	switch command {
	case "NOOP", "RSET", "VRFY", "EHLO", "HELO":
		k.empty++
		if k.empty > k.l.cfg.Limits.EmptyCommands {
			return "421 4.7.0 Too many commands without a message"
		}
	}
	return ""
}

func isProtocolError(code int) bool {
	return code >= 500 && code <= 504 || code == 555
}

// failBody makes a failed read of a message the end of the connection, and
// says what go-smtp is to be overruled with.
func (c *Conn) failBody(err error) error {
	c.override = bodyFailure(err)
	c.final = true
	c.phase = inCommand
	if c.link.err == nil {
		c.link.err = err
	}
	return io.ErrUnexpectedEOF
}
