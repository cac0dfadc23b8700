package extract

import (
	"encoding/binary"
	"io"
)

// unbase64 decodes base64 as the most lenient mail program does: whatever is
// not of the alphabet is skipped, padding ends a group and not the data, the
// URL alphabet counts too, a group cut off gives the bytes that it holds.
type unbase64 struct {
	r    io.Reader
	in   [16 << 10]byte
	out  [12<<10 + 8]byte
	s, e int // what of out is not yet delivered
	acc  uint32
	held int // sextets in acc
	err  error
}

func newBase64(r io.Reader) *unbase64 { return &unbase64{r: r} }

// reset makes u one that reads r. Its room is kept.
func (u *unbase64) reset(r io.Reader) {
	u.r, u.err = r, nil
	u.s, u.e, u.acc, u.held = 0, 0, 0, 0
}

func (u *unbase64) Read(p []byte) (int, error) {
	for u.s == u.e {
		if u.err != nil {
			return 0, u.err
		}
		var n int
		n, u.err = u.r.Read(u.in[:])
		u.s, u.e = 0, u.decode(u.in[:n])
		if u.err != nil {
			u.e = u.flush(u.e)
		}
	}
	n := copy(p, u.out[u.s:u.e])
	u.s += n
	return n, nil
}

// decode puts what in yields into out and returns how much it was.
func (u *unbase64) decode(in []byte) int {
	n, acc, held := 0, u.acc, u.held
	for i := 0; i < len(in); {
		if held == 0 {
			took := groups(u.out[n:], in[i:])
			n += took / 4 * 3
			if i += took; i == len(in) {
				break
			}
		}
		switch v := sextet[in[i]]; {
		case v < 64:
			acc = acc<<6 | uint32(v)
			if held++; held == 4 {
				u.out[n], u.out[n+1], u.out[n+2] = byte(acc>>16), byte(acc>>8), byte(acc)
				n += 3
				acc, held = 0, 0
			}
		case v == padding && held > 0:
			u.acc, u.held = acc, held
			n = u.flush(n)
			acc, held = 0, 0
		}
		i++
	}
	u.acc, u.held = acc, held
	return n
}

// groups decodes whole groups of four, up to one that has another byte in it,
// and returns how many bytes of in they took. It writes eight bytes where six
// are meant.
func groups(out, in []byte) (took int) {
	quad := func(b []byte) uint32 {
		return quads[0][b[0]] | quads[1][b[1]] | quads[2][b[2]] | quads[3][b[3]]
	}
	for len(in) >= 8 && len(out) >= 8 {
		one, two := quad(in[:4]), quad(in[4:8])
		if (one|two)>>24 != 0 {
			break
		}
		binary.BigEndian.PutUint64(out, uint64(one)<<40|uint64(two)<<16)
		in, out = in[8:], out[6:]
		took += 8
	}
	if len(in) >= 4 && len(out) >= 3 {
		if v := quad(in[:4]); v>>24 == 0 {
			out[0], out[1], out[2] = byte(v>>16), byte(v>>8), byte(v)
			took += 4
		}
	}
	return took
}

// flush ends a group before its fourth sextet.
func (u *unbase64) flush(n int) int {
	switch u.held {
	case 2:
		u.out[n] = byte(u.acc >> 4)
		n++
	case 3:
		u.out[n], u.out[n+1] = byte(u.acc>>10), byte(u.acc>>2)
		n += 2
	}
	u.acc, u.held = 0, 0
	return n
}

// The classes of sextet beside the values 0 to 63.
const (
	padding = 64
	notBase = 128
)

// sextet gives each byte's value in base64, or its class.
var sextet = func() (t [256]byte) {
	for i := range t {
		t[i] = notBase
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	t['-'], t['_'], t['='] = 62, 63, padding
	return t
}()

// quads gives each byte's value by its place in a group of four, in the place
// that it has in the group's three bytes; or more than these hold.
var quads = func() (t [4][256]uint32) {
	for place := range t {
		for c, v := range sextet {
			t[place][c] = 1 << 24
			if v < 64 {
				t[place][c] = uint32(v) << (18 - 6*place)
			}
		}
	}
	return t
}()
