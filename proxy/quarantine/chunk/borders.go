package chunk

import (
	"bytes"
	"math"
	"slices"
)

const (
	// maxBorders bounds the cuts that a message's own lines can force.
	maxBorders = 200

	// maxDelimiters bounds the delimiters that are remembered for their ends.
	maxDelimiters = 16

	// longestDelimiter is "--", 70 characters and "--" (RFC 2046, section
	// 5.1.1); it is at least as long as "--x".
	longestDelimiter = 2 + 70 + 2
)

// none is beyond every border.
const none = math.MaxInt

// borders finds where the head of a message or of a part ends, and where the
// delimiters of parts begin. It only guides the cutting: a line that is taken
// for a border by mistake costs a cut.
type borders struct {
	inHead     bool
	afterHead  bool // what comes next stands right behind a head
	left       int  // borders that may still be told
	searched   int  // bytes from here on that were looked at
	found      int  // the next border from here, 0: not found yet
	delimiters [][]byte
}

// advance tells that n bytes are done with.
func (b *borders) advance(n int) {
	b.searched = max(b.searched-n, 0)
	if b.found = b.found - n; b.found < 0 {
		b.found = 0
	}
}

// next gives the place of the next border in data: of those within the window,
// the first, and where the content has ended also its end; none if there is
// none.
func (b *borders) next(data []byte, ended bool) int {
	if b.found == 0 && b.left > 0 {
		if at := b.search(data, ended); at > 0 {
			b.found = at
			b.left--
		}
	}
	if b.found > 0 {
		return b.found
	}
	if ended {
		return len(data)
	}
	return none
}

// search looks on from where it stopped; 0: nothing in sight.
func (b *borders) search(data []byte, ended bool) int {
	for {
		if b.afterHead {
			b.afterHead = false
			b.inHead, _ = b.delimiter(data) // a preamble is seldom there
		}
		if b.inHead {
			at := b.headEnd(data)
			if at > 0 {
				b.inHead, b.afterHead, b.searched = false, true, at
			}
			return at
		}
		i := bytes.Index(data[min(b.searched, len(data)):], []byte("\n--"))
		if i < 0 {
			b.searched = max(b.searched, len(data)-2)
			return 0
		}
		start := b.searched + i + 1
		if len(data)-start < ahead && !ended {
			b.searched = start - 1
			return 0 // not all of the line is in sight
		}
		b.searched = start
		if opens, closes := b.delimiter(data[start:]); opens || closes {
			b.inHead = opens
			return start
		}
	}
}

// headEnd gives the place behind the next empty line.
func (b *borders) headEnd(data []byte) int {
	rest := data[min(b.searched, len(data)):]
	for at := 0; ; {
		i := bytes.IndexByte(rest[at:], '\n')
		if i < 0 {
			b.searched = max(b.searched, b.searched+at-2)
			return 0
		}
		at += i + 1
		switch after := rest[at:]; {
		case bytes.HasPrefix(after, []byte("\r\n")):
			return b.searched + at + 2
		case bytes.HasPrefix(after, []byte("\n")):
			return b.searched + at + 1
		}
	}
}

// delimiter reports whether a line opens a part, which has a head, or closes
// the last one of a kind that was seen.
func (b *borders) delimiter(data []byte) (opens, closes bool) {
	line, rest, _ := bytes.Cut(data[:min(len(data), ahead)], []byte("\n"))
	line = bytes.TrimRight(line, "\r \t")
	if len(line) < len("--x") || len(line) > longestDelimiter {
		return false, false
	}
	const field = "Content-"
	if len(rest) >= len(field) && bytes.EqualFold(rest[:len(field)], []byte(field)) {
		if len(b.delimiters) < maxDelimiters && !b.known(line) {
			b.delimiters = append(b.delimiters, bytes.Clone(line))
		}
		return true, false
	}
	before, ends := bytes.CutSuffix(line, []byte("--"))
	return false, ends && b.known(before)
}

func (b *borders) known(line []byte) bool {
	return slices.ContainsFunc(b.delimiters, func(d []byte) bool { return bytes.Equal(d, line) })
}
