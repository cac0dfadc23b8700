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
// the order in which a reader sees it, in place. An override ends at its mark
// or with the line.
func turnOverrides(b []byte) {
	for {
		at := bytes.Index(b, []byte(override))
		if at < 0 {
			return
		}
		b = b[at+len(override):]
		end := len(b)
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			end = i
		}
		if i := bytes.Index(b[:end], []byte(endOverride)); i >= 0 {
			end = i
		}
		if turned := bytes.TrimRight(b[:end], "\r"); utf8.Valid(turned) {
			reverse(turned)
		}
		b = b[end:]
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
