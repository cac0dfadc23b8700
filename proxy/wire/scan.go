package wire

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// lineScanner finds out which octets of a message's transfer are its content.
// It has one line of state: everything else is looked up again when more has
// come, since the caller keeps what is not yet decided.
type lineScanner struct {
	dots   bool // DATA: dots are stuffed, and CRLF.CRLF is the end
	binary bool // BINARYMIME: everything is content
	policy LineEnds

	midLine bool // the last octet was not the LF of a CRLF
	bad     bool // what the policy refuses was seen
}

// step is what next found at the front of its input, in this order.
type step struct {
	keep int  // octets of content
	fix  bool // content: a CRLF in place of a lone CR or LF
	skip int  // octets to pass over
	end  bool // of the message
	more bool // nothing can be said before more octets are there
}

// next looks at src, which begins where the last step ended. atEnd says that
// nothing will follow src. It makes a step over at least one octet, or asks for
// more, or finds the end.
func (s *lineScanner) next(src []byte, atEnd bool) step {
	if len(src) == 0 {
		return step{end: atEnd && !s.dots, more: !atEnd || s.dots}
	}
	if s.binary && !s.dots {
		return step{keep: len(src)}
	}
	i := 0
	if s.midLine || src[0] != '.' || !s.dots {
		if n := s.plain(src); n > 0 {
			return step{keep: n}
		}
	}
	for i < len(src) {
		if s.dots && !s.midLine && src[i] == '.' {
			if i > 0 {
				break
			}
			return s.dot(src)
		}
		nl := bytes.IndexByte(src[i:], '\n')
		if nl < 0 {
			return s.noted(src, s.tail(src, i, atEnd))
		}
		line := src[i : i+nl+1]
		cr := bytes.IndexByte(line, '\r')
		if cr == nl-1 && cr >= 0 {
			i += nl + 1
			s.midLine = false
			continue
		}
		return s.noted(src, s.odd(i, line, cr))
	}
	return s.noted(src, step{keep: i})
}

// plain returns how many octets at the front of src need no care: whole words
// of text and CRLFs after which no dot comes. It is here for speed only; 0 is
// always a right answer. Eight octets are looked at together for one below
// 0x0e, as CR, LF and NUL are.
func (s *lineScanner) plain(src []byte) int {
	const ones, high, below = 0x0101010101010101, 0x8080808080808080, 0x0e
	i := 0
	for i+8 <= len(src) {
		w := binary.LittleEndian.Uint64(src[i:])
		low := (w - ones*below) &^ w & high
		if low == 0 {
			i += 8
			s.midLine = true
			continue
		}
		// The lowest mark is exact; borrows may have set those above it.
		k := bits.TrailingZeros64(low) / 8
		if k > 0 {
			i += k
			s.midLine = true
		}
		switch ch := src[i]; {
		case ch == '\r' && i+1 < len(src) && src[i+1] == '\n':
			i += 2
			s.midLine = false
			if s.dots && i < len(src) && src[i] == '.' {
				return i
			}
		case ch == '\r' || ch == '\n' || ch == 0:
			return i
		default:
			i++
			s.midLine = true
		}
	}
	return i
}

// dot is called with a dot at the beginning of a line (RFC 5321 4.5.2).
func (s *lineScanner) dot(src []byte) step {
	const end = ".\r\n"
	if bytes.HasPrefix(src, []byte(end)) {
		return step{skip: len(end), end: true}
	}
	if bytes.HasPrefix([]byte(end), src) {
		return step{more: true}
	}
	s.midLine = true
	return step{skip: 1}
}

// tail is called for the octets of src from i on, which have no LF.
func (s *lineScanner) tail(src []byte, i int, atEnd bool) step {
	cr := bytes.IndexByte(src[i:], '\r')
	switch {
	case cr < 0:
		s.midLine = true
		return step{keep: len(src)}
	case i+cr == len(src)-1 && !atEnd:
		// Its LF may be the next octet.
		if i+cr == 0 {
			return step{more: true}
		}
		s.midLine = s.midLine || cr > 0
		return step{keep: i + cr}
	}
	return s.lone(i + cr)
}

// odd is called for a line that begins at i, whose first CR, if any, is at cr,
// and which has a lone CR or LF.
func (s *lineScanner) odd(i int, line []byte, cr int) step {
	if cr < 0 {
		return s.lone(i + len(line) - 1)
	}
	return s.lone(i + cr)
}

// lone makes the step over a lone CR or LF at position at of the input. It
// begins no line: only a CRLF makes a dot mean anything.
func (s *lineScanner) lone(at int) step {
	s.midLine = true
	if s.policy == Refuse {
		s.bad = true
		return step{keep: at + 1}
	}
	return step{keep: at, fix: true, skip: 1}
}

// noted looks for a NUL in what is kept.
func (s *lineScanner) noted(src []byte, st step) step {
	if !s.bad && bytes.IndexByte(src[:st.keep], 0) >= 0 {
		s.bad = true
	}
	return st
}
