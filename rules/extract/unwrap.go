package extract

import (
	"bufio"
	"bytes"
	"io"
)

// wrappingOf tells by a line what may be before or between all of some encoded
// content: the marks of a quotation, an indent, spaces between groups.
func wrappingOf(b byte, look []byte) (wrap wrapping, ok bool) {
	line, _, _ := bytes.Cut(look, []byte("\n"))
	if b == '>' || b == ' ' || b == '\t' || b == '|' {
		n := quoteMarks(line)
		return wrapping{prefix: string(line[:n])}, encodes(line[n:])
	}
	return wrapping{groups: true}, groupSize(line) > 0
}

// unwrap tells whether encoded content begins here, without its wrapping. It sets
// found and wrap.
func (c *carver) unwrap(wrap wrapping) bool {
	look, _ := c.br.Peek(blobLook)
	inner := make([]byte, 0, len(look))
	for len(look) > 0 {
		var line []byte
		var ok bool
		line, look, _ = bytes.Cut(look, []byte("\n"))
		if line, ok = wrap.strip(line); !ok {
			break
		}
		inner = append(append(inner, line...), '\n')
	}
	if len(inner) < 2 {
		return false
	}
	sub := carver{br: bufio.NewReaderSize(bytes.NewReader(inner), blobLook), wrapped: true}
	if !sub.starts(inner[0]) {
		return false
	}
	c.found, c.wrap = carvedWrapped, wrap
	return true
}

// wrapLook is how much of a line is looked at to see whether it is worth more.
const wrapLook = 96

// quoteMarks is how many bytes at the beginning of a line quote or indent it.
func quoteMarks(line []byte) int {
	n := 0
	for n < len(line) && n < maxQuoteMarks && (line[n] == '>' || line[n] == ' ' || line[n] == '\t' || line[n] == '|') {
		n++
	}
	return n
}

const maxQuoteMarks = 24

// encodes tells a line with which encoded content may begin: a word of its own
// or one that fills the line.
func encodes(line []byte) bool {
	for _, begin := range []string{"begin ", "=ybegin ", "-----BEGIN PGP", "(This file must be converted", "<~"} {
		if bytes.HasPrefix(line, []byte(begin)) {
			return true
		}
	}
	line = bytes.TrimRight(line, "\r \t")
	return len(line) >= minLine && bytes.IndexByte(line, ' ') < 0 && base64End(line) == len(line)
}

// groupSize is the size of the groups, all of one size, into which a line is
// set, 0 if it is not.
func groupSize(line []byte) int {
	line = bytes.TrimRight(line, "\r \t")
	size := bytes.IndexByte(line, ' ')
	if size < 4 || size > 20 || len(line) < 4*size {
		return 0
	}
	for i, c := range line {
		if gap := i%(size+1) == size; gap != (c == ' ') || !gap && c != '=' && !baseChar(c) {
			return 0
		}
	}
	return size
}

// wrapping is what is before or between encoded content.
type wrapping struct {
	prefix string
	groups bool
}

// strip takes it off a line. It reports whether the line has it.
func (p wrapping) strip(line []byte) ([]byte, bool) {
	if p.groups {
		if groupSize(line) == 0 && (len(line) > 80 || base64End(bytes.ReplaceAll(bytes.TrimSpace(line), []byte(" "), nil)) == 0) {
			return nil, false
		}
		return bytes.ReplaceAll(bytes.TrimRight(line, "\r"), []byte(" "), nil), true
	}
	if after, ok := bytes.CutPrefix(line, []byte(p.prefix)); ok {
		return after, true
	}
	bare := bytes.TrimRight([]byte(p.prefix), " \t")
	return nil, len(bare) > 0 && bytes.Equal(bytes.TrimRight(line, "\r \t"), bare)
}

// unwrapped gives the lines without it, up to one that does not have it.
type unwrapped struct {
	br   *bufio.Reader
	wrap wrapping
	line []byte
	mid  bool // inside a line longer than the buffer
}

func (u *unwrapped) Read(p []byte) (int, error) {
	for len(u.line) == 0 {
		b, err := u.br.Peek(max(u.br.Buffered(), 1))
		end := bytes.IndexByte(b, '\n') + 1
		if end == 0 && len(b) < bufferSize {
			b, err = u.br.Peek(bufferSize)
			end = bytes.IndexByte(b, '\n') + 1
		}
		if end == 0 {
			end = len(b)
		}
		if end == 0 {
			return 0, err
		}
		line := b[:end]
		ends := line[end-1] == '\n'
		if !u.mid {
			var ok bool
			if line, ok = u.wrap.strip(bytes.TrimSuffix(line, []byte("\n"))); !ok {
				return 0, io.EOF
			}
		}
		u.line = append(u.line[:0], line...)
		if ends && !u.mid {
			u.line = append(u.line, '\n')
		}
		u.mid = !ends
		_, _ = u.br.Discard(end)
	}
	n := copy(p, u.line)
	u.line = u.line[n:]
	return n, nil
}
