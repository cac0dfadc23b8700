// Package deflate64 expands Deflate64, method 9 of zip files: Deflate (RFC
// 1951) with a history of 64 KiB, and a last length code and two distance codes
// that reach farther. Explorer writes it for big files; nothing in Go reads it.
//
// What is always true: memory is the history and one table of codes, whatever
// the stream says; a stream that breaks the format is document.ErrDamaged.
package deflate64

import (
	"bufio"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

const windowSize = 64 << 10

var errDamaged = fmt.Errorf("deflate64: %w", document.ErrDamaged)

// reader is the state of one stream.
type reader struct {
	br     *bufio.Reader
	bits   uint32
	have   uint // bits in hand
	window [windowSize]byte
	at     int // where the next byte goes
	given  int // up to where the output has been taken

	last    bool
	step    func() error // goes on in the block
	stored  int          // bytes left of a stored block
	lengths codes
	dists   codes
	size    int // bytes left of a copy
	dist    int
	total   int64 // bytes put out, as far as a distance may reach
	err     error
}

// NewReader returns the expanded bytes of a stream. Bytes behind its end may
// have been read.
func NewReader(r io.Reader) io.Reader {
	z := &reader{br: bufio.NewReader(r)}
	z.step = z.block
	return z
}

func (z *reader) Read(p []byte) (int, error) {
	for z.given == z.at {
		if z.err != nil {
			return 0, z.err
		}
		// A step puts out at most half a window, so nothing is overwritten
		// that was not taken.
		z.err = z.step()
	}
	end := z.at
	if end < z.given {
		end = windowSize
	}
	n := copy(p, z.window[z.given:end])
	z.given = (z.given + n) % windowSize
	return n, nil
}

// need has n bits in hand, at most 16.
func (z *reader) need(n uint) error {
	for z.have < n {
		b, err := z.br.ReadByte()
		if err == io.EOF {
			return errDamaged
		}
		if err != nil {
			return err
		}
		z.bits |= uint32(b) << z.have
		z.have += 8
	}
	return nil
}

func (z *reader) take(n uint) (int, error) {
	if err := z.need(n); err != nil {
		return 0, err
	}
	v := z.bits & (1<<n - 1)
	z.bits >>= n
	z.have -= n
	return int(v), nil
}

func (z *reader) put(b byte) {
	z.window[z.at] = b
	z.at = (z.at + 1) % windowSize
	z.total++
}

// block reads the header of the next block.
func (z *reader) block() error {
	if z.last {
		return io.EOF
	}
	h, err := z.take(3)
	if err != nil {
		return err
	}
	z.last = h&1 != 0
	switch h >> 1 {
	case 0:
		return z.beginStored()
	case 1:
		var sizes [288]byte
		for i := range sizes {
			switch {
			case i < 144:
				sizes[i] = 8
			case i < 256:
				sizes[i] = 9
			case i < 280:
				sizes[i] = 7
			default:
				sizes[i] = 8
			}
		}
		z.lengths.build(sizes[:])
		z.dists.build([]byte{5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5})
	case 2:
		if err := z.tables(); err != nil {
			return err
		}
	default:
		return errDamaged
	}
	z.step = z.coded
	return nil
}

func (z *reader) beginStored() error {
	z.bits, z.have = z.bits>>(z.have%8), z.have-z.have%8
	n, err := z.take(16)
	if err != nil {
		return err
	}
	inverse, err := z.take(16)
	if err != nil {
		return err
	}
	if n != inverse^0xffff {
		return errDamaged
	}
	z.stored, z.step = n, z.copyStored
	return nil
}

func (z *reader) copyStored() error {
	for range windowSize / 2 {
		if z.stored == 0 {
			z.step = z.block
			return nil
		}
		b, err := z.take(8)
		if err != nil {
			return err
		}
		z.put(byte(b))
		z.stored--
	}
	return nil
}

// tables reads the codes of a block (RFC 1951 section 3.2.7).
func (z *reader) tables() error {
	var n [3]int
	for i, bits := range []uint{5, 5, 4} {
		v, err := z.take(bits)
		if err != nil {
			return err
		}
		n[i] = v
	}
	literals, dists := n[0]+257, n[1]+1
	var sizes [19]byte
	for _, at := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:n[2]+4] {
		v, err := z.take(3)
		if err != nil {
			return err
		}
		sizes[at] = byte(v)
	}
	if !z.lengths.build(sizes[:]) {
		return errDamaged
	}
	var all [288 + 32]byte
	for i := 0; i < literals+dists; {
		v, err := z.symbol(&z.lengths)
		if err != nil {
			return err
		}
		if v < 16 {
			all[i] = byte(v)
			i++
			continue
		}
		value, times, extra := byte(0), 3, uint(3)
		switch v {
		case 16:
			if i == 0 {
				return errDamaged
			}
			value, extra = all[i-1], 2
		case 18:
			times, extra = 11, 7
		}
		more, err := z.take(extra)
		if err != nil {
			return err
		}
		if times += more; i+times > literals+dists {
			return errDamaged
		}
		for range times {
			all[i] = value
			i++
		}
	}
	if !z.lengths.build(all[:literals]) || !z.dists.build(all[literals:literals+dists]) {
		return errDamaged
	}
	return nil
}

// coded expands up to half a window of a coded block.
func (z *reader) coded() error {
	for room := windowSize / 2; room > 0; {
		if z.size > 0 {
			n := min(z.size, room)
			for range n {
				z.put(z.window[(z.at-z.dist+windowSize)%windowSize])
			}
			z.size -= n
			room -= n
			continue
		}
		v, err := z.symbol(&z.lengths)
		switch {
		case err != nil:
			return err
		case v < 256:
			z.put(byte(v))
			room--
		case v == 256:
			z.step = z.block
			return nil
		default:
			if err := z.match(v - 257); err != nil {
				return err
			}
		}
	}
	return nil
}

// match reads the rest of a copy: its length has begun with a code.
func (z *reader) match(code int) error {
	base, extra := 3+code, uint(0)
	switch {
	case code > 28:
		return errDamaged
	case code == 28: // not 258: the difference to Deflate
		base, extra = 3, 16
	case code >= 8:
		extra = uint(code/4 - 1)
		base = 3 + (4+code%4)<<extra
	}
	more, err := z.take(extra)
	if err != nil {
		return err
	}
	z.size = base + more
	d, err := z.symbol(&z.dists)
	if err != nil {
		return err
	}
	base, extra = 1+d, 0
	if d >= 4 {
		extra = uint(d/2 - 1)
		base = 1 + (2+d%2)<<extra
	}
	if more, err = z.take(extra); err != nil {
		return err
	}
	if z.dist = base + more; int64(z.dist) > z.total || z.dist > windowSize {
		return errDamaged
	}
	return nil
}

// codes is a canonical Huffman code: how many codes there are of each length,
// and the symbols in the order of their codes.
type codes struct {
	count   [16]int
	symbols [288]uint16
}

// build makes the code of the lengths given, and reports whether they can be
// one: not more codes than bits.
func (c *codes) build(sizes []byte) bool {
	c.count = [16]int{}
	for _, n := range sizes {
		c.count[n]++
	}
	c.count[0] = 0
	left := 1
	var next [17]int
	for n := 1; n < 16; n++ {
		if left = left<<1 - c.count[n]; left < 0 {
			return false
		}
		next[n+1] = next[n] + c.count[n]
	}
	for i, n := range sizes {
		if n > 0 {
			c.symbols[next[n]] = uint16(i)
			next[n]++
		}
	}
	return true
}

// symbol reads one code, bit by bit from its highest.
func (z *reader) symbol(c *codes) (int, error) {
	code, first, index := 0, 0, 0
	for n := 1; n < 16; n++ {
		if z.have == 0 {
			if err := z.need(1); err != nil {
				return 0, err
			}
		}
		code |= int(z.bits & 1)
		z.bits >>= 1
		z.have--
		k := c.count[n]
		if code-first < k {
			return int(c.symbols[index+code-first]), nil
		}
		index, first = index+k, (first+k)<<1
		code <<= 1
	}
	return 0, errDamaged
}
