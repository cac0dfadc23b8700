package upstream

import (
	"bytes"
	"fmt"
)

// framing is how content travels: under DATA or in a BDAT chunk.
type framing interface {
	// next gives the wire form of the content's next block. It is block
	// itself where nothing has to be added, else dst with all appended. block
	// is not empty.
	next(dst, block []byte) ([]byte, error)
	// end appends what ends the content.
	end(dst []byte) ([]byte, error)
}

// dots is the framing of DATA: a dot that begins a line is doubled, and a line
// with one dot ends the content (RFC 5321 section 4.5.2). A lone CR or LF,
// which servers understand differently, and which therefore can hide a second
// message (SMTP smuggling), is an error.
type dots struct {
	last byte // the octet before the block; LF before the first
}

func newDots() *dots { return &dots{last: '\n'} }

func (d *dots) next(dst, block []byte) ([]byte, error) {
	if d.last != '\r' && block[0] == '\n' || d.last == '\r' && block[0] != '\n' {
		return nil, errLone
	}
	if d.last == '\n' && block[0] == '.' {
		dst = append(dst, '.')
	}
	start, feeds := 0, 0 // start is of what is not in dst yet
	for at := 0; ; feeds++ {
		i := bytes.IndexByte(block[at:], '\n')
		if i < 0 {
			break
		}
		at += i + 1
		if at > 1 && block[at-2] != '\r' {
			return nil, errLone
		}
		if at < len(block) && block[at] == '.' {
			dst = append(append(dst, block[start:at]...), '.')
			start = at
		}
	}
	if loneCR(block, feeds) {
		return nil, errLone
	}
	d.last = block[len(block)-1]
	if len(dst) == 0 {
		return block, nil
	}
	return append(dst, block[start:]...), nil
}

func (d *dots) end(dst []byte) ([]byte, error) {
	switch d.last {
	case '\n':
		return append(dst, ".\r\n"...), nil
	case '\r':
		return nil, errLone
	}
	return append(dst, "\r\n.\r\n"...), nil
}

var errLone = fmt.Errorf("%w: it has a lone CR or LF", ErrContent)

// loneCR reports whether the block has a CR without LF, given the number of
// its LFs, all of which are known to follow a CR: counting is faster than
// looking at each CR.
func loneCR(block []byte, feeds int) bool {
	if block[0] == '\n' {
		feeds-- // its CR is in the block before
	}
	if block[len(block)-1] == '\r' {
		feeds++ // its LF has to begin the next block
	}
	return bytes.Count(block, []byte{'\r'}) != feeds
}

// chunk is the framing of the one BDAT chunk that carries all (RFC 3030).
type chunk struct {
	command string // until it is sent
}

func newChunk(size int64) *chunk { return &chunk{command: fmt.Sprintf("BDAT %d LAST\r\n", size)} }

func (c *chunk) next(dst, block []byte) ([]byte, error) {
	if c.command == "" {
		return block, nil
	}
	dst = append(append(dst, c.command...), block...)
	c.command = ""
	return dst, nil
}

func (c *chunk) end(dst []byte) ([]byte, error) {
	dst = append(dst, c.command...)
	c.command = ""
	return dst, nil
}
