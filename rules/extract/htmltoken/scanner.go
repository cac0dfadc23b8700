// Package htmltoken cuts HTML into tokens, as the tokenizer of x/net/html does
// to the byte, but looks for the end of a token and not at each of its bytes,
// and allocates nothing for it.
//
// What is always true: the tokens are those of x/net/html, whatever the input
// and however it is read; no token takes more than the bound of memory.
package htmltoken

import (
	"bytes"
	"io"

	"golang.org/x/net/html"
)

// Scanner reads tokens. Each method is that of html.Tokenizer of the same name.
type Scanner struct {
	r       io.Reader
	buf     []byte
	start   int // in buf, of the present token
	size    int // of the present token
	max     int // of a token
	readErr error
	err     error

	kind  html.TokenType
	data  span // of the text or the name, from start on
	raw   string
	plain bool // the text has no references
	nul   bool // the text has U+FFFD for each NUL

	attrs []attr
	given int
	many  map[string]bool // the names of attributes, where there are many

	text []byte

	known *knownTags // nil until a tag comes
	slot  int        // of the present token among them, negative for none
	again bool       // it is what had the slot before
}

// span is a part of the present token.
type span struct{ start, end int }

type attr struct{ key, value span }

const firstSize = 8 << 10

// New returns a scanner of r. A token of most bytes ends it with
// html.ErrBufferExceeded.
func New(r io.Reader, most int) *Scanner {
	return &Scanner{r: r, max: most, buf: make([]byte, 0, max(min(firstSize, most), 1))}
}

// more reads on, so that there is at least a byte behind the have bytes of the
// present token that were looked at. A token that is looked at from its start
// again after each reading is so a few times only: what is read grows with it.
func (z *Scanner) more(have int) bool {
	want := min(2*have, z.max)
	for first := true; first || len(z.buf)-z.start < want; first = false {
		if z.err != nil {
			return false
		}
		if z.readErr != nil {
			if first {
				z.err = z.readErr
				return false
			}
			return true
		}
		if len(z.buf)-z.start >= z.max {
			if first {
				z.err = html.ErrBufferExceeded
				return false
			}
			return true
		}
		z.read()
	}
	return true
}

// read makes room and reads once.
func (z *Scanner) read() {
	if z.start > 0 {
		z.buf = z.buf[:copy(z.buf, z.buf[z.start:])]
		z.start = 0
	}
	if len(z.buf) == cap(z.buf) {
		z.buf = append(make([]byte, 0, 2*cap(z.buf)), z.buf...)
	}
	for range 100 {
		n, err := z.r.Read(z.buf[len(z.buf):cap(z.buf)])
		z.buf = z.buf[:len(z.buf)+n]
		z.readErr = err
		if n > 0 || err != nil {
			return
		}
	}
	z.readErr = io.ErrNoProgress
}

// Next reads the next token.
func (z *Scanner) Next() html.TokenType {
	z.start += z.size
	z.size, z.data, z.given, z.attrs = 0, span{}, 0, z.attrs[:0]
	z.slot, z.again = -1, false
	z.kind = html.ErrorToken
	if z.err != nil {
		return z.kind
	}
	z.plain, z.nul = false, false
	if z.raw != "" && z.rawText() {
		z.kind = html.TextToken
		return z.kind
	}
	z.plain, z.nul = false, false
	z.kind = z.next()
	return z.kind
}

// next reads a token of markup, or the text before one.
func (z *Scanner) next() html.TokenType {
	for at := 0; ; {
		t := z.buf[z.start:]
		if at >= len(t) {
			if !z.more(at) {
				return z.rest(at)
			}
			continue
		}
		if t[at] != '<' { // as it is where a tag follows a tag
			n := bytes.IndexByte(t[at:], '<')
			if n < 0 {
				at = len(t)
				continue
			}
			at += n
		}
		if at+1 == len(t) {
			if !z.more(at + 1) {
				return z.rest(at + 1)
			}
			continue
		}
		c := t[at+1]
		if !letter(c) && c != '/' && c != '!' && c != '?' {
			at++
			continue
		}
		if at > 0 {
			z.size, z.data = at, span{0, at}
			return html.TextToken
		}
		switch c {
		case '!':
			return z.declaration()
		case '?':
			return z.bogus(1)
		case '/':
			return z.closing()
		}
		return z.opening()
	}
}

// rest ends the input: what is left is text.
func (z *Scanner) rest(size int) html.TokenType {
	size = min(size, len(z.buf)-z.start)
	if size == 0 {
		return html.ErrorToken
	}
	z.size, z.data = size, span{0, size}
	return html.TextToken
}

// closing reads what begins with "</".
func (z *Scanner) closing() html.TokenType {
	for len(z.buf)-z.start < 3 {
		if !z.more(2) {
			return z.rest(2)
		}
	}
	switch c := z.buf[z.start+2]; {
	case c == '>':
		z.size = 3
		return html.CommentToken
	case letter(c):
		if z.recall() {
			return z.kind
		}
		if !z.tag(2, false) {
			return html.ErrorToken
		}
		z.remember(html.EndTagToken)
		return html.EndTagToken
	}
	return z.bogus(2)
}

// Err returns why there are no more tokens.
func (z *Scanner) Err() error {
	if z.kind != html.ErrorToken {
		return nil
	}
	return z.err
}

// Buffered returns what was read behind the last token.
func (z *Scanner) Buffered() []byte { return z.buf[z.start+z.size:] }

// Raw returns the token as it is written.
func (z *Scanner) Raw() []byte { return z.buf[z.start : z.start+z.size] }

// NextIsNotRawText makes the next token one of markup, whatever tag came.
func (z *Scanner) NextIsNotRawText() { z.raw = "" }

func letter(c byte) bool { c |= 0x20; return 'a' <= c && c <= 'z' }

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' }
