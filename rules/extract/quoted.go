package extract

import (
	"bufio"
	"bytes"
	"io"
)

// unquoted decodes quoted-printable (RFC 2045 section 6.7) leniently: lower
// case is hexadecimal too, blanks may follow a soft line break, an escape out
// of form stays as it is written, lines may have any length.
type unquoted struct {
	br *bufio.Reader
}

func newQuoted(r io.Reader) *unquoted {
	return &unquoted{bufio.NewReaderSize(r, 16<<10)}
}

func (q *unquoted) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if q.br.Buffered() == 0 {
			if n > 0 {
				break
			}
			if _, err := q.br.Peek(1); err != nil {
				return n, err
			}
		}
		plain, _ := q.br.Peek(min(q.br.Buffered(), len(p)-n))
		escape := bytes.IndexByte(plain, '=')
		if escape >= 0 {
			plain = plain[:escape]
		}
		n += copy(p[n:], plain)
		q.br.Discard(len(plain))
		if escape < 0 || n == len(p) {
			continue
		}
		if b, ok := q.escape(); ok {
			p[n] = b
			n++
		}
	}
	return n, nil
}

// escape takes the "=" that comes next with what belongs to it. It reports
// false for a soft line break, which yields nothing.
func (q *unquoted) escape() (byte, bool) {
	if next, _ := q.br.Peek(3); len(next) == 3 {
		hi, lo := unhex(next[1]), unhex(next[2])
		if hi < 16 && lo < 16 {
			q.br.Discard(3)
			return hi<<4 | lo, true
		}
	}
	q.br.Discard(1)
	for look := 1; look <= maxSoftBreak; look++ {
		next, err := q.br.Peek(look)
		if len(next) < look {
			if err == io.EOF && look == 1 {
				return 0, false
			}
			break
		}
		switch next[look-1] {
		case ' ', '\t', '\r':
		case '\n':
			q.br.Discard(look)
			return 0, false
		default:
			return '=', true
		}
	}
	return '=', true
}

// maxSoftBreak is how many blanks may follow the "=" of a soft line break.
const maxSoftBreak = 80

// unhex is the value of a hexadecimal digit, 0xff for what is none.
func unhex(b byte) byte { return hexDigits[b] }

var hexDigits = func() (t [256]byte) {
	for c := range t {
		switch {
		case '0' <= c && c <= '9':
			t[c] = byte(c - '0')
		case 'A' <= c && c <= 'F':
			t[c] = byte(c - 'A' + 10)
		case 'a' <= c && c <= 'f':
			t[c] = byte(c - 'a' + 10)
		default:
			t[c] = 0xff
		}
	}
	return t
}()
