package extract

import (
	"bytes"
	"io"
)

// oddLines tells text whose lines end in something else than LF: CR as on old
// Macintoshes, VT or FF, or whose fields are parted by NUL.
func oddLines(head []byte) bool {
	if bytes.IndexByte(head, 0) >= 0 && wideByZeros(head) == nil {
		return true
	}
	if bytes.IndexByte(head, '\n') >= 0 {
		return false
	}
	return bytes.IndexAny(head, "\r\v\f") >= 0
}

// lines ends lines in LF: a CR that no LF follows, VT and FF end them too. A
// NUL is a tab.
type lines struct {
	r  io.Reader
	cr bool // the last byte was CR
}

func newLines(r io.Reader) io.Reader { return &lines{r: r} }

func (l *lines) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	out := p[:0]
	for _, c := range p[:n] {
		switch {
		case c == '\n' && l.cr:
		case c == '\r', c == '\v', c == '\f':
			out = append(out, '\n')
		case c == 0:
			out = append(out, '\t')
		default:
			out = append(out, c)
		}
		l.cr = c == '\r'
	}
	return len(out), err
}
