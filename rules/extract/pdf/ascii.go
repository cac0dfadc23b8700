package pdf

import (
	"bufio"
	"io"
)

// base85 decodes ASCII85Decode (ISO 32000-2, 7.4.3). Bytes that are no part
// of the alphabet are skipped.
type base85 struct {
	src  *bufio.Reader
	out  []byte
	hold [4]byte
	done bool
}

func (a *base85) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(a.out) == 0 {
			if a.done {
				break
			}
			a.group()
			continue
		}
		m := copy(p[n:], a.out)
		a.out, n = a.out[m:], n+m
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// group decodes the next five characters into four bytes.
func (a *base85) group() {
	var v uint32
	count := 0
	for count < 5 {
		c, err := a.src.ReadByte()
		if err != nil || c == '~' {
			a.done = true
			break
		}
		if c == 'z' && count == 0 {
			a.hold = [4]byte{}
			a.out = a.hold[:]
			return
		}
		if c >= '!' && c <= 'u' {
			v = v*85 + uint32(c-'!')
			count++
		}
	}
	if count < 2 {
		return
	}
	for i := count; i < 5; i++ {
		v = v*85 + 84
	}
	a.hold = [4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}
	a.out = a.hold[:count-1]
}

// asciiHex decodes ASCIIHexDecode (ISO 32000-2, 7.4.2).
type asciiHex struct {
	src  *bufio.Reader
	done bool
}

func (h *asciiHex) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && !h.done {
		high, ok := h.digit()
		if !ok {
			break
		}
		low, _ := h.digit()
		p[n] = high<<4 | low
		n++
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (h *asciiHex) digit() (byte, bool) {
	for !h.done {
		c, err := h.src.ReadByte()
		if err != nil || c == '>' {
			h.done = true
			break
		}
		if v, ok := hexDigit(c); ok {
			return v, true
		}
	}
	return 0, false
}

// runLength decodes RunLengthDecode (ISO 32000-2, 7.4.5).
type runLength struct {
	src   *bufio.Reader
	left  int  // bytes still to give of the present run
	same  bool // the run repeats one byte
	value byte
}

func (r *runLength) Read(p []byte) (int, error) {
	for n := range p {
		if r.left == 0 {
			length, err := r.src.ReadByte()
			if err != nil || length == 128 {
				return n, io.EOF
			}
			if r.same = length > 128; r.same {
				r.left = 257 - int(length)
				if r.value, err = r.src.ReadByte(); err != nil {
					return n, io.ErrUnexpectedEOF
				}
			} else {
				r.left = int(length) + 1
			}
		}
		r.left--
		if r.same {
			p[n] = r.value
			continue
		}
		c, err := r.src.ReadByte()
		if err != nil {
			return n, io.ErrUnexpectedEOF
		}
		p[n] = c
	}
	return len(p), nil
}
