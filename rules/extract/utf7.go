package extract

import (
	"bufio"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// utf7 decodes UTF-7 (RFC 2152): ASCII in which "+…-" holds UTF-16 in base64.
type utf7 struct {
	br      *bufio.Reader
	shifted bool
	first   bool // right after the "+"
	acc     uint32
	bits    int
	high    rune // a high surrogate that waits for its low one
	out     []byte
}

func newUTF7(r io.Reader) *utf7 { return &utf7{br: bufio.NewReader(r)} }

func (u *utf7) Read(p []byte) (int, error) {
	for len(u.out) < len(p) {
		b, err := u.br.ReadByte()
		if err != nil {
			if len(u.out) == 0 {
				return 0, err
			}
			break
		}
		u.step(b)
	}
	n := copy(p, u.out)
	u.out = u.out[:copy(u.out, u.out[n:])]
	return n, nil
}

func (u *utf7) step(b byte) {
	if !u.shifted {
		if b == '+' {
			u.shifted, u.first, u.acc, u.bits = true, true, 0, 0
			return
		}
		u.out = utf8.AppendRune(u.out, rune(b))
		return
	}
	v := sextet[b]
	if v >= 64 || b == '-' || b == '_' {
		u.shifted = false
		switch {
		case b == '-' && u.first:
			u.out = append(u.out, '+')
		case b != '-':
			u.out = utf8.AppendRune(u.out, rune(b))
		}
		return
	}
	u.first = false
	u.acc = u.acc<<6 | uint32(v)
	if u.bits += 6; u.bits >= 16 {
		u.bits -= 16
		u.unit(rune(u.acc>>u.bits) & 0xffff)
		u.acc &= 1<<u.bits - 1
	}
}

func (u *utf7) unit(r rune) {
	switch {
	case u.high != 0:
		u.out = utf8.AppendRune(u.out, utf16.DecodeRune(u.high, r))
		u.high = 0
	case utf16.IsSurrogate(r):
		u.high = r
	default:
		u.out = utf8.AppendRune(u.out, r)
	}
}
