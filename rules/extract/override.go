package extract

import (
	"bytes"
	"unicode/utf8"
)

// The characters of the bidirectional algorithm (UAX #9) between which text is
// shown from right to left, whatever letters it has.
const (
	override    = "\u202e"
	endOverride = "\u202c"
)

// turnOverrides puts text that is overridden to run from right to left into
// the order in which a reader sees it, in place. An override ends at its mark,
// with the line, or with the last of the text. One that goes on in what follows
// b stays as it is: its place is returned, -1 if there is none.
func turnOverrides(b []byte, last bool) (open int) {
	for from := 0; ; {
		at := bytes.Index(b[from:], []byte(override))
		if at < 0 {
			return -1
		}
		at += from
		start, end, ended := at+len(override), len(b), last
		if i := bytes.IndexByte(b[start:], '\n'); i >= 0 {
			end, ended = start+i, true
		}
		if i := bytes.Index(b[start:end], []byte(endOverride)); i >= 0 {
			end, ended = start+i, true
		}
		if !ended {
			return at
		}
		if turned := bytes.TrimRight(b[start:end], "\r"); utf8.Valid(turned) {
			reverse(turned)
		}
		from = end
	}
}

// reverse turns the order of the characters of valid UTF-8.
func reverse(b []byte) {
	out := make([]byte, 0, len(b))
	for i := len(b); i > 0; {
		_, size := utf8.DecodeLastRune(b[:i])
		out = append(out, b[i-size:i]...)
		i -= size
	}
	copy(b, out)
}
