package extract

import (
	"bufio"
	"bytes"
	"strconv"
	"unicode/utf8"
)

// minLiteral is how many line ends must be written out in the beginning of a text
// before it is looked into for a file that stands in a string of it.
const minLiteral = 4

// holdsFile tells by the beginning of a text whether a string in it, as JSON
// and most languages write them, holds the lines of encoded content that is not
// found where the escapes stand.
func holdsFile(head []byte) bool {
	if bytes.Count(head, []byte(`\n`)) < minLiteral {
		return false
	}
	return !carves(head) && carves(literalLines(head))
}

// carves reports whether the carver finds something in a text.
func carves(text []byte) bool {
	c := carver{br: bufio.NewReaderSize(bytes.NewReader(text), bufferSize)}
	for c.found == nothing && c.err == nil {
		c.fill()
	}
	return c.found != nothing
}

// literal gives a text with the escapes of its strings undone (RFC 8259 section
// 7). The string that holds the first line end of a line begins one of its own.
type literal struct {
	br     *bufio.Reader
	err    error
	out    []byte
	parted bool // that string began, in this line
}

// longestEscape is how many bytes an escape has at most.
const longestEscape = len(`\u0000`)

func (l *literal) Read(p []byte) (int, error) {
	for len(l.out) == 0 {
		if l.err == nil {
			_, l.err = l.br.Peek(sniffSize)
		}
		text, _ := l.br.Peek(l.br.Buffered())
		if len(text) == 0 {
			return 0, l.err
		}
		whole := l.err != nil
		if n := bytes.IndexByte(text, '\n'); n >= 0 {
			text, whole = text[:n+1], true
		}
		var n int
		l.out, n = l.undo(l.out[:0], text, whole)
		_, _ = l.br.Discard(n)
	}
	n := copy(p, l.out)
	l.out = l.out[n:]
	return n, nil
}

// literalLines is a text with its escapes undone.
func literalLines(text []byte) []byte {
	out, _ := new(literal).undo(nil, text, true)
	return out
}

// undo appends a piece of a line with its escapes undone, and returns how much of it
// that was: an escape whose end is not there is left, unless the piece is whole.
func (l *literal) undo(dst, piece []byte, whole bool) ([]byte, int) {
	text := piece
	if first := bytes.Index(text, []byte(`\n`)); first >= 0 && !l.parted {
		l.parted = true
		if quote := openQuote(text[:first]); quote >= 0 {
			dst = append(append(dst, text[:quote+1]...), '\n')
			text = text[quote+1:]
		}
	}
	for len(text) > 0 {
		n := bytes.IndexByte(text, '\\')
		if n < 0 {
			dst, text = append(dst, text...), nil
			break
		}
		dst, text = append(dst, text[:n]...), text[n:]
		if cutEscape(text) {
			if whole {
				dst, text = append(dst, text...), nil
			}
			break
		}
		c := text[1]
		text = text[2:]
		switch c {
		case 'n':
			dst = append(dst, '\n')
		case 'r':
		case 't':
			dst = append(dst, '\t')
		case 'u':
			if v, err := strconv.ParseUint(string(text[:4]), 16, 16); err == nil {
				dst = utf8.AppendRune(dst, rune(v))
				text = text[4:]
			}
		default:
			dst = append(dst, c)
		}
	}
	if bytes.HasSuffix(piece, []byte{'\n'}) {
		l.parted = false
	}
	return dst, len(piece) - len(text)
}

// cutEscape reports whether the end of the escape that text begins with is not there.
func cutEscape(text []byte) bool {
	return len(text) < 2 || text[1] == 'u' && len(text) < longestEscape
}

// openQuote returns the place of the quote that opens the string in which text ends,
// -1 if it ends in none. The other kind of quote may stand in a string.
func openQuote(text []byte) int {
	open := -1
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c != '"' && c != '\'':
		case open < 0:
			open = i
		case c == text[open]:
			open = -1
		}
	}
	return open
}
