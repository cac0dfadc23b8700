package extract

import (
	"bytes"
	"io"
	"strings"
)

// radix is an alphabet whose characters stand for so many bits each.
type radix struct {
	alphabet string // in upper case; lower case means the same
	bits     uint
}

// radixes are the alphabets of RFC 4648 beside base64 and base16.
var radixes = [...]radix{
	{"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5},
	{"0123456789ABCDEFGHIJKLMNOPQRSTUV", 5},
}

// minRadix is how many characters there are at least; four times as many tell.
const minRadix = blobSize

// value is what a character stands for, -1 for one of no meaning.
func (r radix) value(c byte) int {
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	return strings.IndexByte(r.alphabet, c)
}

// covers tells whether all of a run but its padding is of the alphabet, in one
// case.
func (r radix) covers(run []byte) bool {
	upper, lower := false, false
	for _, c := range bytes.TrimRight(run, "=\r\n") {
		if c == '\r' || c == '\n' {
			continue
		}
		if r.value(c) < 0 {
			return false
		}
		upper, lower = upper || 'A' <= c && c <= 'Z', lower || 'a' <= c && c <= 'z'
	}
	return upper != lower
}

// radixReader decodes.
type radixReader struct {
	r     io.Reader
	radix radix
	acc   uint32
	held  uint
	in    [4 << 10]byte
	room  [4 << 10]byte
	out   []byte
}

func (d *radixReader) Read(p []byte) (int, error) {
	for len(d.out) == 0 {
		n, err := d.r.Read(d.in[:])
		if n == 0 {
			return 0, err
		}
		d.out = d.decode(d.room[:0], d.in[:n])
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

func (d *radixReader) decode(dst, in []byte) []byte {
	for _, c := range in {
		v := d.radix.value(c)
		if v < 0 {
			continue
		}
		d.acc = d.acc<<d.radix.bits | uint32(v)
		if d.held += d.radix.bits; d.held >= 8 {
			d.held -= 8
			dst = append(dst, byte(d.acc>>d.held))
		}
	}
	return dst
}
