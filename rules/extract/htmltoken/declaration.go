package htmltoken

import (
	"bytes"
	"io"

	"golang.org/x/net/html"
)

// declaration reads what begins with "<!".
func (z *Scanner) declaration() html.TokenType {
	for len(z.buf)-z.start < 4 {
		if have := len(z.buf) - z.start; !z.more(have) {
			z.size, z.data = have, span{2, have}
			if have == 3 && z.buf[z.start+2] == '>' {
				z.data.end--
			}
			return html.CommentToken
		}
	}
	if z.buf[z.start+2] == '-' && z.buf[z.start+3] == '-' {
		return z.comment()
	}
	const doctype = "doctype"
	for i := 0; i < len(doctype); i++ {
		at := 2 + i
		if z.start+at == len(z.buf) && !z.more(at) {
			if z.err == io.EOF {
				z.err = nil // it is found again where the comment ends
			}
			return z.bogus(2)
		}
		if z.start+at == len(z.buf) {
			i--
			continue
		}
		if z.buf[z.start+at]|0x20 != doctype[i] {
			return z.bogus(2)
		}
	}
	for at := 2 + len(doctype); ; {
		at = skipSpace(z.buf[z.start:], at)
		if z.start+at < len(z.buf) {
			z.bogus(at)
			return html.DoctypeToken
		}
		if !z.more(at) {
			z.size, z.data = at, span{at, at}
			return html.DoctypeToken
		}
	}
}

// bogus reads a comment that is none: to the next '>'. Its text begins from
// bytes behind its start.
func (z *Scanner) bogus(from int) html.TokenType {
	for at := from; ; {
		t := z.buf[z.start:]
		if n := bytes.IndexByte(t[min(at, len(t)):], '>'); n >= 0 {
			z.size, z.data = at+n+1, span{from, at + n}
			return html.CommentToken
		}
		at = len(t)
		if !z.more(at) {
			z.size, z.data = at, span{min(from, at), at}
			return html.CommentToken
		}
	}
}

// comment reads what begins with "<!--".
func (z *Scanner) comment() html.TokenType {
	const front = len("<!--")
	end := 0
	for {
		t := z.buf[z.start:]
		if end, z.size = commentEnd(t); z.size > 0 {
			break
		}
		if !z.more(len(t)) {
			z.size, end = len(t), len(t)
			for _, cut := range []string{"--!", "--", "-"} {
				if bytes.HasSuffix(t[front:], []byte(cut)) {
					end -= len(cut)
					break
				}
			}
			break
		}
	}
	z.data = span{front, max(front, end)}
	return html.CommentToken
}

// commentEnd returns where the text of the comment at the start of t ends, and
// where the comment does; 0 if that is behind t.
func commentEnd(t []byte) (end, size int) {
	dashes, beginning := 0, true
	for i := len("<!--"); i < len(t); i++ {
		switch c := t[i]; {
		case c == '-':
			dashes++
			continue
		case c == '>' && (dashes >= 2 || beginning):
			return i - len("--"), i + 1
		case c == '!' && dashes >= 2:
			i++
			if i == len(t) {
				return 0, 0
			}
			if t[i] == '>' {
				return i - len("--!"), i + 1
			}
			if t[i] == '-' {
				dashes, beginning = 1, false
				continue
			}
		}
		dashes, beginning = 0, false
	}
	return 0, 0
}
