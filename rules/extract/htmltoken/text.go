package htmltoken

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
	"golang.org/x/net/html"
)

// Text returns the text of a token of text, of a comment or a doctype. It is
// good until the next call of a method, and given once.
func (z *Scanner) Text() []byte {
	switch z.kind {
	case html.TextToken, html.CommentToken, html.DoctypeToken:
	default:
		return nil
	}
	s := z.take()
	if asWritten(s) {
		return s
	}
	s = newlines(s)
	if z.nul || z.kind == html.CommentToken {
		s = replaceNUL(s)
	}
	if z.plain {
		return s
	}
	return z.unescape(s, false)
}

// asWritten reports whether text reads as it is written: it has no character
// reference, no carriage return and no NUL.
func asWritten(b []byte) bool {
	if len(b) >= 32 {
		return bytes.IndexByte(b, '&') < 0 && bytes.IndexByte(b, '\r') < 0 && bytes.IndexByte(b, 0) < 0
	}
	for ; len(b) >= 8; b = b[8:] {
		word := binary.LittleEndian.Uint64(b)
		if lanes.Equal(word, '&')|lanes.Equal(word, '\r')|lanes.Equal(word, 0) != 0 {
			return false
		}
	}
	for _, c := range b {
		if c == '&' || c == '\r' || c == 0 {
			return false
		}
	}
	return true
}

// take returns the data of the token, once.
func (z *Scanner) take() []byte {
	s := z.buf[z.start+z.data.start : z.start+z.data.end]
	z.data = span{z.size, z.size}
	return s
}

func replaceNUL(b []byte) []byte {
	if bytes.IndexByte(b, 0) < 0 {
		return b
	}
	return bytes.ReplaceAll(b, []byte{0}, []byte("\uFFFD"))
}

// newlines turns "\r\n" and "\r" into "\n", in place.
func newlines(b []byte) []byte {
	n := bytes.IndexByte(b, '\r')
	if n < 0 {
		return b
	}
	to := n
	for from := n; from < len(b); {
		if b[from] == '\r' {
			b[to] = '\n'
			to++
			if from++; from < len(b) && b[from] == '\n' {
				from++
			}
		}
		run := bytes.IndexByte(b[from:], '\r')
		if run < 0 {
			run = len(b) - from
		}
		to += copy(b[to:], b[from:from+run])
		from += run
	}
	return b[:to]
}

// unescape replaces the character references of b.
func (z *Scanner) unescape(b []byte, attribute bool) []byte {
	n := bytes.IndexByte(b, '&')
	if n < 0 {
		return b
	}
	out := z.text[:0]
	for n >= 0 {
		out = append(out, b[:n]...)
		b = b[n:]
		size := 0
		if out, size = reference(out, b, attribute); size == 0 {
			out, size = append(out, '&'), 1
		}
		b = b[size:]
		n = bytes.IndexByte(b, '&')
	}
	z.text = append(out, b...)
	return z.text
}

// reference appends what the reference at the start of b stands for, and
// returns its size, 0 if it is none. Whatever is not common is left to
// x/net/html, which has the list of names.
func reference(out, b []byte, attribute bool) ([]byte, int) {
	if len(b) > 1 && b[1] == '#' {
		return numeric(out, b)
	}
	size := 1
	for size < len(b) && (letter(b[size]) || '0' <= b[size] && b[size] <= '9') {
		size++
	}
	closed := size > 1 && size < len(b) && b[size] == ';'
	if closed {
		size++
	}
	switch string(b[:size]) {
	case "&":
		return out, 0
	case "&amp;":
		return append(out, '&'), size
	case "&lt;":
		return append(out, '<'), size
	case "&gt;":
		return append(out, '>'), size
	case "&quot;":
		return append(out, '"'), size
	case "&nbsp;":
		return append(out, "\u00A0"...), size
	}
	name := string(b[:size])
	text := html.UnescapeString(name)
	if attribute {
		// There, a name must be whole, and one without a semicolon must not
		// stand before '='.
		whole := text != name
		if closed {
			whole = whole && (text[len(text)-1] != ';' || name == "&semi;")
		} else {
			whole = whole && utf8.RuneCountInString(text) == 1 && (size == len(b) || b[size] != '=')
		}
		if !whole {
			return out, 0
		}
	}
	return append(out, text...), size
}

// numeric is reference for one that begins with "&#".
func numeric(out, b []byte) ([]byte, int) {
	i, base := 2, rune(10)
	if i < len(b) && b[i]|0x20 == 'x' {
		i, base = 3, 16
	}
	first, r := i, rune(0)
	for ; i < len(b); i++ {
		d := rune(-1)
		switch c := b[i]; {
		case '0' <= c && c <= '9':
			d = rune(c - '0')
		case base == 16 && 'a' <= c|0x20 && c|0x20 <= 'f':
			d = rune(c|0x20-'a') + 10
		}
		if d < 0 {
			break
		}
		if r <= utf8.MaxRune {
			r = r*base + d
		}
	}
	if i == first {
		return out, 0
	}
	if i < len(b) && b[i] == ';' {
		i++
	}
	if 0 < r && r < 0x80 || 0xA0 <= r && utf8.ValidRune(r) {
		return utf8.AppendRune(out, r), i
	}
	return append(out, html.UnescapeString(string(b[:i]))...), i // of windows-1252, or none
}
