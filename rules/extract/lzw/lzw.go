// Package lzw expands what Unix compress writes (.Z). The standard library's
// LZW has neither its growing codes of up to 16 bits nor its groups of eight.
package lzw

import (
	"bufio"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

const (
	clearCode = 256 // in block mode: the table begins anew
	firstBits = 9
	mostBits  = 16
)

var errDamaged = fmt.Errorf("compress: %w", document.ErrDamaged)

// reader is the state of one stream.
type reader struct {
	br    *bufio.Reader
	most  uint // bits of the longest code
	block bool // a code clears the table

	bits   uint // of a code now
	group  [mostBits]byte
	filled uint // bits in group
	pos    uint // bits taken of group
	next   int  // the code that is given next
	prev   int  // the code before, -1 for none
	prefix [1 << mostBits]uint16
	suffix [1 << mostBits]byte
	out    []byte // to be taken, from the end of stack on
	stack  [1<<mostBits + 1]byte
	first  byte // of the last string
	err    error
}

// NewReader reads the header of a stream and returns its expanded bytes.
func NewReader(r io.Reader) (io.Reader, error) {
	br := bufio.NewReader(r)
	var h [3]byte
	if _, err := io.ReadFull(br, h[:]); err != nil || h[0] != 0x1f || h[1] != 0x9d {
		return nil, errDamaged
	}
	z := &reader{br: br, most: uint(h[2] & 0x1f), block: h[2]&0x80 != 0}
	if z.most < firstBits || z.most > mostBits {
		return nil, errDamaged
	}
	for i := range 256 {
		z.suffix[i] = byte(i)
	}
	z.clear()
	return z, nil
}

func (z *reader) clear() {
	z.bits, z.filled, z.pos = firstBits, 0, 0
	z.next, z.prev = 256, -1
	if z.block {
		z.next = clearCode + 1
	}
}

func (z *reader) Read(p []byte) (int, error) {
	for len(z.out) == 0 {
		if z.err != nil {
			return 0, z.err
		}
		z.err = z.step()
	}
	n := copy(p, z.out)
	z.out = z.out[n:]
	return n, nil
}

// code reads the next code. Codes come in groups of eight, of as many bytes as
// a code has bits; where the length changes the rest of a group is padding.
func (z *reader) code() (int, error) {
	if z.pos+z.bits > z.filled {
		n, err := io.ReadFull(z.br, z.group[:z.bits])
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return 0, err
		}
		z.filled, z.pos = uint(n)*8, 0
		if z.filled < z.bits {
			return 0, io.EOF
		}
	}
	v := 0
	for i := range z.bits {
		at := z.pos + i
		v |= int(z.group[at/8]>>(at%8)&1) << i
	}
	z.pos += z.bits
	return v, nil
}

// step expands one code.
func (z *reader) step() error {
	code, err := z.code()
	if err != nil {
		return err
	}
	if z.block && code == clearCode {
		z.clear()
		return nil
	}
	at, to := len(z.stack), code
	switch {
	case code > z.next || code == z.next && z.prev < 0, z.prev < 0 && code > 255:
		return errDamaged
	case code == z.next: // the string that this very code completes
		at--
		z.stack[at] = z.first
		to = z.prev
	}
	for to > 255 {
		if at == 0 {
			return errDamaged
		}
		at--
		z.stack[at] = z.suffix[to]
		to = int(z.prefix[to])
	}
	if at == 0 {
		return errDamaged
	}
	at--
	z.first = byte(to)
	z.stack[at] = z.first
	z.out = z.stack[at:]
	if z.prev >= 0 && z.next < 1<<z.most {
		z.prefix[z.next], z.suffix[z.next] = uint16(z.prev), z.first
		z.next++
		if z.next > 1<<z.bits-1 && z.bits < z.most {
			z.bits++
			z.filled, z.pos = 0, 0
		}
	}
	z.prev = code
	return nil
}
