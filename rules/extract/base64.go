package extract

import "io"

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
		if held == 0 && i+4 <= len(in) {
			a, b, c, d := sextet[in[i]], sextet[in[i+1]], sextet[in[i+2]], sextet[in[i+3]]
			if a|b|c|d < 64 {
				v := uint32(a)<<18 | uint32(b)<<12 | uint32(c)<<6 | uint32(d)
				u.out[n], u.out[n+1], u.out[n+2] = byte(v>>16), byte(v>>8), byte(v)
				n += 3
				i += 4
				continue
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
