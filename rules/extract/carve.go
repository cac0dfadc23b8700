package extract

import (
	"bufio"
	"bytes"
	"io"
)

// carver reads text up to the next piece of encoded content in it: a uuencoded
// or yEnc file, a PGP message, a run of base64 that decodes to text or to a
// known format. It looks ahead in br's buffer only.
type carver struct {
	br    *bufio.Reader
	line  []byte // text not yet delivered, in br's buffer
	inner bool   // the next byte is inside a line
	found carved // what br stands at, once the text before it is delivered
	tries int    // lines in a row that were looked into for nothing
	dull  int    // lines to pass before the next is
	probe *unbase64
	err   error

	sextets bool // the line before may be one of base64

	wrapped bool     // it looks inside a wrapping already
	wrap    wrapping // of carvedWrapped
	numeral numeral  // of carvedNumbers
	densely densely  // of carvedDense
	radix   radix    // of carvedRadix
}

// carved is a kind of encoded content.
type carved uint8

const (
	nothing carved = iota
	carvedUU
	carvedYEnc
	carvedPGP
	carvedBase64
	carvedHex
	carvedXX
	carvedBinHex
	carvedDump
	carvedRadix
	carvedNumbers
	carvedDense
	carvedWrapped
)

// blobSize is how many characters of base64 in a row are looked into.
const blobSize = 200

// more tells whether there is text before the next find or the end.
func (c *carver) more() bool {
	for len(c.line) == 0 && c.err == nil && c.found == nothing {
		c.fill()
	}
	return len(c.line) > 0
}

func (c *carver) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && c.more() {
		k := copy(p[n:], c.line)
		c.line = c.line[k:]
		n += k
	}
	if n > 0 {
		return n, nil
	}
	if c.err != nil {
		return 0, c.err
	}
	return 0, io.EOF
}

// fill takes the next line, or stops at what is found there.
func (c *carver) fill() {
	first, err := c.br.Peek(1)
	if len(first) == 0 {
		c.err = err
		return
	}
	if !c.inner && c.starts(first[0]) {
		return
	}
	buf, _ := c.br.Peek(c.br.Buffered())
	end := bytes.IndexByte(buf, '\n') + 1
	if end == 0 && len(buf) < bufferSize {
		buf, err = c.br.Peek(bufferSize)
		if end = bytes.IndexByte(buf, '\n') + 1; end == 0 && err != nil && err != io.EOF && err != bufio.ErrBufferFull {
			end = len(buf)
		}
	}
	if end == 0 {
		end = len(buf)
	}
	line := buf[:end]
	if at := base64Run(line); at >= 0 {
		if at == 0 {
			if c.blob() {
				return
			}
			buf, _ = c.br.Peek(end) // looking ahead has moved it
			line = buf[:end]
			at = base64End(line) // not worth it: pass the run as text
		}
		line = line[:at]
	} else if c.dull == 0 {
		line = c.andWords(buf, end)
	}
	c.line = line
	c.inner = line[len(line)-1] != '\n'
	_, _ = c.br.Discard(len(line))
}

// andWords returns the first line of buf, which ends at end, with the lines
// after it that are words and no more, as nearly all are.
func (c *carver) andWords(buf []byte, end int) []byte {
	for buf[end-1] == '\n' && len(buf)-end >= wrapLook && wordsAlone(buf[end:end+wrapLook]) {
		n := bytes.IndexByte(buf[end:], '\n') + 1
		if n == 0 || base64Run(buf[end:end+n]) >= 0 {
			break
		}
		end += n
		c.tries, c.sextets = 0, false
	}
	return buf[:end]
}

// wordsAlone tells by the first wrapLook bytes of a line that starts would find
// nothing to look into: it is blank, or begins with a word that ends before a
// line of an encoding would and is not followed by one of the same length, or
// has no space for long and no more punctuation than a row of a table.
func wordsAlone(look []byte) bool {
	b, next := look[0], look[1]
	figures := func(c byte) bool { return unhex(c) < 16 || c|0x20 == 'x' }
	switch {
	case b == '\n' || b == '\r' && next == '\n':
		return look[2] != ' ' && look[2] != ':'
	case b == 'b' || b == 'M':
		return false
	case letter(b) && !figures(b) || letter(b) && letter(next) && !figures(next): // of no number
	case !letter(b) && (b < '0' || b > '9') || listed(look) || spacedHex(look[:64]):
		return false
	}
	space := bytes.IndexByte(look, ' ')
	if space == 0 || space >= 4 && 2*space+1 < len(look) && look[2*space+1] == ' ' {
		return false
	}
	if 0 < space && space < minLine {
		return true
	}
	return base64End(look[:minLine]) < minLine && (0 < space && space < minDense || !denseLine(look))
}

// starts tells whether a line begins encoded content, and sets found.
func (c *carver) starts(b byte) bool {
	switch {
	case b == 'b' && c.ahead("begin ") && c.uu(uuLine):
		c.found = carvedUU
	case b == 'b' && c.ahead("begin ") && c.uu(xxLine):
		c.found = carvedXX
	case b == '(' && c.ahead("(This file must be converted with BinHex"):
		c.found = carvedBinHex
	case unhex(b) < 16 && c.dump():
		c.found = carvedDump
	case b == '=' && c.ahead("=ybegin "):
		c.found = carvedYEnc
	case b == '-' && c.ahead("-----BEGIN PGP MESSAGE") && c.armour():
		c.found = carvedPGP
	case c.dull > 0 && !blankByte(b) && !c.turnsToBase64(b):
		c.dull--
	default:
		c.unframed(b)
	}
	return c.found != nothing
}

// turnsToBase64 tells a line that may be the first of lines of base64: it is of its
// characters as far as it is looked at, and the line before was not.
func (c *carver) turnsToBase64(b byte) bool {
	before := c.sextets
	c.sextets = false
	if sextet[b] < 64 {
		look, _ := c.br.Peek(wrapLook)
		end := base64End(look)
		c.sextets = end >= minLine && (end == len(look) || blankByte(look[end]))
	}
	return c.sextets && !before
}

// unframed looks for content that nothing announces. Most lines are words, and
// the place of their first space tells that they are no more. The longer a run
// of lines that look like content and are none, the fewer of them are looked
// into, but for one where base64 may begin.
func (c *carver) unframed(b byte) {
	c.turnsToBase64(b)
	look, _ := c.br.Peek(wrapLook)
	space := bytes.IndexByte(look, ' ')
	tried := true
	switch {
	case (space < 0 || space >= minLine) && sextet[b] < 64 && base64End(look) >= minLine:
		if !c.block() {
			c.unspaced(b, look, space)
		}
	default:
		tried = c.unspaced(b, look, space)
	}
	switch {
	case c.found != nothing || !tried:
		c.tries, c.dull = 0, 0
	default:
		c.tries = min(c.tries+1, maxTries)
		c.dull = c.tries * c.tries
	}
}

// maxTries bounds how many lines are passed between two that are looked into:
// its square.
const maxTries = 8

// unspaced tries what looks like lists, dense lines and wrapped content. It
// reports whether there was more to look into than the first line.
func (c *carver) unspaced(b byte, look []byte, space int) (tried bool) {
	if ('0' <= b && b <= '9' || b == '[' || b == '{' || b == '(' || b == ' ' || space == 2 || len(look) > 2 && look[2] == ':') && listed(look) {
		if tried = true; c.numbers() {
			return true
		}
	}
	if (space < 0 || space >= minDense || b == 'M') && b > ' ' && b < 0x7f && (denseLine(look) || bytes.HasPrefix(look, []byte("<~"))) {
		if tried = true; c.dense() {
			return true
		}
	}
	if !c.wrapped && (space == 0 || b == '>' || b == '\t' || b == '|' || space >= 4 && 2*space+1 < len(look) && look[2*space+1] == ' ') {
		if wrap, ok := wrappingOf(b, look); ok {
			tried = true
			c.unwrap(wrap)
		}
	}
	return tried
}

func (c *carver) ahead(s string) bool {
	b, _ := c.br.Peek(len(s))
	return string(b) == s
}

// armour tells whether base64 follows the frame of a PGP message and its header
// (RFC 9580 section 6.2). Text in such a frame is text.
func (c *carver) armour() bool {
	look, _ := c.br.Peek(blobLook)
	_, look, _ = bytes.Cut(look, []byte("\n"))
	for len(look) > 0 {
		var line []byte
		line, look, _ = bytes.Cut(look, []byte("\n"))
		line = bytes.TrimSpace(line)
		if len(line) == 0 || bytes.Contains(line, []byte(": ")) {
			continue
		}
		return base64End(line) == len(line)
	}
	return false
}

// uu checks by decode the line after "begin 644 name": its first character tells its length.
func (c *carver) uu(decode func([]byte) []byte) bool {
	b, _ := c.br.Peek(400)
	line, next, ok := bytes.Cut(b, []byte("\n"))
	f := bytes.Fields(line)
	if !ok || len(f) < 2 || len(next) == 0 {
		return false
	}
	for _, d := range f[1] {
		if d < '0' || d > '7' {
			return false
		}
	}
	next, _, _ = bytes.Cut(next, []byte("\n"))
	next = bytes.TrimRight(next, "\r")
	return len(next) > 0 && decode(next) != nil
}
