package extract

import (
	"bufio"
	"bytes"
	"io"
)

// delimiters finds the delimiter lines of a boundary (RFC 2046 section 5.1.1).
// Blanks may follow the boundary; longer boundaries do not match.
type delimiters struct {
	br       *bufio.Reader
	boundary []byte // with the two hyphens before it
	pos      int64
	prev     byte // the byte before pos
}

// delimiter is one such line: the bytes from start up to end.
type delimiter struct {
	start, end int64
	closing    bool
}

func (s *delimiters) next() (delimiter, bool) {
	for {
		buf, _ := s.br.Peek(max(s.br.Buffered(), 1))
		if len(buf) < len(s.boundary) {
			if buf, _ = s.br.Peek(len(s.boundary)); len(buf) < len(s.boundary) {
				return delimiter{}, false
			}
			buf, _ = s.br.Peek(s.br.Buffered())
		}
		at := bytes.Index(buf, s.boundary)
		if at < 0 {
			s.skip(buf, len(buf)-len(s.boundary)+1)
			continue
		}
		lineStart := s.prev == '\n'
		if at > 0 {
			lineStart = buf[at-1] == '\n'
		}
		s.skip(buf, at)
		if !lineStart {
			s.skip(s.boundary, 1)
			continue
		}
		if d, ok := s.line(); ok {
			return d, true
		}
	}
}

// line checks that the line at pos is a delimiter and moves behind it; else
// it moves behind the boundary.
func (s *delimiters) line() (delimiter, bool) {
	look, _ := s.br.Peek(len(s.boundary) + maxTail)
	tail := look[len(s.boundary):]
	size := bytes.IndexByte(tail, '\n') + 1
	if size == 0 {
		size = len(tail)
	}
	text := bytes.TrimSpace(tail[:size])
	closing := bytes.HasPrefix(text, []byte("--"))
	d := delimiter{start: s.pos, end: s.pos + int64(len(s.boundary)+size), closing: closing}
	if ok := len(text) == 0 || closing; !ok || size == maxTail {
		s.skip(s.boundary, len(s.boundary))
		return d, false
	}
	s.skip(look, len(s.boundary)+size)
	return d, true
}

// maxTail bounds what may follow the boundary on its line.
const maxTail = 1000

func (s *delimiters) skip(buf []byte, n int) {
	if n <= 0 {
		return
	}
	s.prev = buf[n-1]
	s.pos += int64(n)
	_, _ = s.br.Discard(n)
}

func hasBoundary(w *walk, e entity, boundary string) bool {
	br := w.buffer(io.NewSectionReader(e.src, e.off, e.end-e.off))
	defer w.release(br)
	s := &delimiters{br: br, boundary: []byte("--" + boundary), prev: '\n'}
	_, ok := s.next()
	return ok
}

// guessBoundary finds the boundary that a body uses by its look: a line of two
// hyphens and a word, with a MIME field on the line after it.
func guessBoundary(w *walk, e entity) string {
	br := w.buffer(io.NewSectionReader(e.src, e.off, min(e.end-e.off, guessSize)))
	defer w.release(br)
	last := ""
	for {
		line, err := br.ReadSlice('\n')
		if last != "" && hasFold(line, "content-") && bytes.IndexByte(line, ':') > 0 {
			return last
		}
		last = ""
		if text := bytes.TrimRight(line, " \t\r\n"); len(text) > 2 && len(text) < 200 && bytes.HasPrefix(text, []byte("--")) {
			last = string(text[2:])
		}
		if err != nil && err != bufio.ErrBufferFull {
			return ""
		}
	}
}

// guessSize is how far into a body a boundary is looked for, in bytes.
const guessSize = 1 << 20

// blank tells a short stretch of nothing but white space.
func blank(src io.ReaderAt, off, end int64) bool {
	if end-off > 256 {
		return false
	}
	b := make([]byte, max(end-off, 0))
	n, _ := src.ReadAt(b, off)
	return len(bytes.TrimSpace(b[:n])) == 0
}
