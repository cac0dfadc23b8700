package table

import (
	"bytes"
	"fmt"
	"io"
)

const (
	firstWindow = 8 << 10   // bytes of the window to begin with: most mail is short
	windowSize  = 512 << 10 // bytes of text held at once
	lookahead   = 128 << 10 // bytes kept before the reading position, if there are so many: the longest line
)

// source is a window on a text, read by lines. Between two calls of refill
// nothing in the window moves, so lines taken by peek stay valid.
type source struct {
	r    io.Reader
	stop func() error // says why the reading must end, nil while it need not
	buf  []byte
	pos  int // the reading position: where the current line starts
	end  int
	past int64 // bytes of the text that the window has left behind
	eof  bool
}

func newSource() *source { return &source{buf: make([]byte, firstWindow)} }

// low reports whether refill would move the window.
func (s *source) low() bool { return s.end-s.pos < lookahead && !s.eof }

// refill makes sure that lookahead bytes follow the reading position, unless
// the text ends before. What lies before the position is given up.
func (s *source) refill() error {
	if !s.low() {
		return nil
	}
	if err := s.stop(); err != nil {
		return err
	}
	s.past += int64(s.pos)
	s.end = copy(s.buf, s.buf[s.pos:s.end])
	s.pos = 0
	idle := 0
	for s.end < windowSize {
		if s.end == len(s.buf) {
			s.buf = append(s.buf, make([]byte, min(3*len(s.buf), windowSize-len(s.buf)))...)
		}
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err == io.EOF {
			s.eof = true
			return nil
		}
		if err != nil {
			return fmt.Errorf("read text: %w", err)
		}
		if idle++; n > 0 {
			idle = 0
		}
		if idle > 100 {
			return fmt.Errorf("read text: %w", io.ErrNoProgress)
		}
	}
	return nil
}

// peek returns the line that starts off bytes after the reading position,
// without its line end, and the offset of the line after it. ok is false past
// the last line that stands whole in the window.
func (s *source) peek(off int) (line []byte, next int, ok bool) {
	rest := s.buf[s.pos+off : s.end]
	if len(rest) == 0 {
		return nil, off, false
	}
	n := bytes.IndexByte(rest, '\n')
	if n < 0 {
		if !s.eof {
			return nil, off, false
		}
		return trimCR(rest), off + len(rest), true
	}
	return trimCR(rest[:n]), off + n + 1, true
}

func trimCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}
