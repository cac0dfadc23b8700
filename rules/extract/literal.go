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
	return !carves(head) && carves(literalLines(nil, head))
}

// carves reports whether the carver finds something in a text.
func carves(text []byte) bool {
	c := carver{br: bufio.NewReaderSize(bytes.NewReader(text), bufferSize)}
	for c.found == nothing && c.err == nil {
		c.fill()
	}
	return c.found != nothing
}

// literal gives a text with the escapes of its strings undone.
type literal struct {
	br  *bufio.Reader
	out []byte
}

func (l *literal) Read(p []byte) (int, error) {
	for len(l.out) == 0 {
		line, err := l.br.ReadSlice('\n')
		if len(line) == 0 {
			return 0, err
		}
		// An escape may be cut by the end of the buffer.
		if cut := bytes.LastIndexByte(line[max(len(line)-6, 0):], '\\'); cut >= 0 && err == bufio.ErrBufferFull {
			line = bytes.Clone(line)
			for range 6 {
				b, err := l.br.ReadByte()
				if err != nil {
					break
				}
				line = append(line, b)
			}
		}
		l.out = literalLines(l.out[:0], line)
	}
	n := copy(p, l.out)
	l.out = l.out[n:]
	return n, nil
}

// literalLines appends a piece of text with its escapes undone (RFC 8259 section
// 7). The string that holds the first line end begins a line of its own.
func literalLines(dst, text []byte) []byte {
	if first := bytes.Index(text, []byte(`\n`)); first >= 0 {
		if quote := bytes.LastIndexAny(text[:first], `"'`); quote >= 0 && (quote == 0 || text[quote-1] != '\\') {
			dst = append(append(dst, text[:quote+1]...), '\n')
			text = text[quote+1:]
		}
	}
	for len(text) > 0 {
		n := bytes.IndexByte(text, '\\')
		if n < 0 || n+1 == len(text) {
			return append(dst, text...)
		}
		dst = append(dst, text[:n]...)
		c := text[n+1]
		text = text[n+2:]
		switch c {
		case 'n':
			dst = append(dst, '\n')
		case 'r':
		case 't':
			dst = append(dst, '\t')
		case 'u':
			if len(text) < 4 {
				return append(append(dst, '\\', 'u'), text...)
			}
			if v, err := strconv.ParseUint(string(text[:4]), 16, 16); err == nil {
				dst = utf8.AppendRune(dst, rune(v))
				text = text[4:]
			}
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
