package pdf

import (
	"bufio"
	"io"
)

// lzw decodes LZWDecode (ISO 32000-2, 7.4.4): codes of 9 to 12 bits, highest
// bit first. compress/lzw does not know the early change of the code width.
type lzw struct {
	src    *bufio.Reader
	early  int
	bits   uint32
	nbits  uint
	width  uint
	next   int // the code that the next entry gets
	last   int // the code before, -1 after a clear
	prefix [4096]uint16
	suffix [4096]byte
	stack  [4096]byte
	out    []byte // decoded and not yet read; a tail of stack
	done   bool
}

const (
	lzwClear = 256
	lzwEnd   = 257
)

func newLZW(src io.Reader, early bool) *lzw {
	l := &lzw{src: bufio.NewReader(src), width: 9, next: 258, last: -1}
	if early {
		l.early = 1
	}
	return l
}

func (l *lzw) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(l.out) == 0 {
			if l.done {
				break
			}
			l.step()
			continue
		}
		m := copy(p[n:], l.out)
		l.out, n = l.out[m:], n+m
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// step decodes one code.
func (l *lzw) step() {
	for l.nbits < l.width {
		c, err := l.src.ReadByte()
		if err != nil {
			l.done = true
			return
		}
		l.bits = l.bits<<8 | uint32(c)
		l.nbits += 8
	}
	code := int(l.bits >> (l.nbits - l.width) & (1<<l.width - 1))
	l.nbits -= l.width
	switch {
	case code == lzwClear:
		l.width, l.next, l.last = 9, 258, -1
		return
	case code == lzwEnd || code > l.next || code == l.next && l.last < 0:
		l.done = true
		return
	}
	l.expand(code)
	if l.last >= 0 && l.next < 4096 {
		l.prefix[l.next], l.suffix[l.next] = uint16(l.last), l.out[0]
		l.next++
		if l.next+l.early >= 1<<l.width && l.width < 12 {
			l.width++
		}
	}
	l.last = code
}

// expand writes the bytes of a code to the end of the stack.
func (l *lzw) expand(code int) {
	pos, self := len(l.stack), code == l.next
	if self { // the entry that this very step makes: the last one and its first byte
		pos--
		code = l.last
	}
	for code >= 258 && pos > 1 {
		pos--
		l.stack[pos] = l.suffix[code]
		code = int(l.prefix[code])
	}
	pos--
	l.stack[pos] = byte(code)
	if self {
		l.stack[len(l.stack)-1] = byte(code)
	}
	l.out = l.stack[pos:]
}
