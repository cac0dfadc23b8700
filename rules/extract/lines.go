package extract

import (
	"bytes"
	"io"
)

// oddLines tells text whose lines end in something else than LF: CR as on old
// Macintoshes, VT or FF, whose fields are parted by NUL, or which is coloured
// for a terminal.
func oddLines(head []byte) bool {
	if bytes.IndexByte(head, 0) >= 0 && wideByZeros(head) == nil || bytes.Contains(head, []byte("\x1b[")) {
		return true
	}
	if bytes.IndexByte(head, '\n') >= 0 {
		return false
	}
	return bytes.ContainsAny(head, "\r\v\f")
}

// lines ends lines in LF: a CR that no LF follows, VT and FF end them too. A
// NUL is a tab. The control sequences of terminals (ECMA-48, 5.4) go.
type lines struct {
	r    io.Reader
	last byte
	in   bool // inside a control sequence
}

func newLines(r io.Reader) io.Reader { return &lines{r: r} }

func (l *lines) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	out := p[:0]
	for _, c := range p[:n] {
		switch {
		case l.in:
			l.in = c < '@' || c > '~' // its last byte
		case c == '[' && l.last == 0x1b:
			l.in = true
		case c == 0x1b:
		case c == '\n' && l.last == '\r':
		case c == '\r', c == '\v', c == '\f':
			out = append(out, '\n')
		case c == 0:
			out = append(out, '\t')
		default:
			out = append(out, c)
		}
		l.last = c
	}
	return len(out), err
}
