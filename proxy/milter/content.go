package milter

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// errOrder: the mail server does not keep to the protocol.
var errOrder = errors.New("mail server does not keep to the milter protocol")

// content makes a message of the fields and chunks by which a mail server shows
// it. What it has written by an error is a part of the message at most.
type content struct {
	w         *bufio.Writer
	room      int64 // octets that may still come
	normalise bool
	body      bool // the header has ended
	cr        bool // a CR came, and is not written yet
}

// field writes one field of the header. A value's own lines are parted by LF or
// CRLF, and its first space is there as the mail server has it.
func (c *content) field(name, value string) error {
	if c.body {
		return errOrder
	}
	if name == "" || strings.ContainsFunc(name, notFieldName) {
		return fmt.Errorf("a header field's name is none: %w", errOrder)
	}
	value = strings.ReplaceAll(value, "\r\n", "\n")
	return c.write([]byte(name + ":" + strings.ReplaceAll(value, "\n", "\r\n") + "\r\n"))
}

// notFieldName reports a rune that no field name has (ftext, RFC 5322 section 3.6.8).
func notFieldName(r rune) bool { return r <= ' ' || r > '~' || r == ':' }

// endHeader writes the empty line below the header; what comes next is the body.
func (c *content) endHeader() error {
	if c.body {
		return nil
	}
	c.body = true
	return c.write([]byte("\r\n"))
}

// end ends the message.
func (c *content) end() error {
	if err := c.endHeader(); err != nil {
		return err
	}
	if c.cr {
		c.cr = false
		return c.lineEnd()
	}
	return nil
}

// write writes octets of the message, which may end anywhere.
func (c *content) write(p []byte) error {
	for len(p) > 0 {
		at := bytes.IndexByte(p, '\n')
		text, rest := p, p[len(p):]
		if at >= 0 {
			text, rest = p[:at], p[at+1:]
		}
		if c.cr && !(at == 0) {
			c.cr = false
			if err := c.lineEnd(); err != nil {
				return err
			}
		}
		cr := c.cr
		if n := len(text); n > 0 && text[n-1] == '\r' {
			text, cr = text[:n-1], true
		}
		c.cr = false
		if err := c.text(text); err != nil {
			return err
		}
		switch {
		case at < 0:
			c.cr = cr
		case cr:
			if err := c.newLine(); err != nil {
				return err
			}
		default:
			if err := c.lineEnd(); err != nil {
				return err
			}
		}
		p = rest
	}
	return nil
}

// text writes octets without LF.
func (c *content) text(p []byte) error {
	if bytes.IndexByte(p, 0) >= 0 {
		return ErrLineEnds
	}
	for {
		at := bytes.IndexByte(p, '\r')
		if at < 0 {
			return c.put(p)
		}
		if err := c.put(p[:at]); err != nil {
			return err
		}
		if err := c.lineEnd(); err != nil {
			return err
		}
		p = p[at+1:]
	}
}

// lineEnd is what becomes of a lone CR or LF.
func (c *content) lineEnd() error {
	if !c.normalise {
		return ErrLineEnds
	}
	return c.newLine()
}

func (c *content) newLine() error {
	if c.room -= 2; c.room < 0 {
		return ErrTooLarge
	}
	_, err := c.w.WriteString("\r\n")
	return err
}

func (c *content) put(p []byte) error {
	if c.room -= int64(len(p)); c.room < 0 {
		return ErrTooLarge
	}
	_, err := c.w.Write(p)
	return err
}
