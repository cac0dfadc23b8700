package extract

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folded removes from UTF-8 text what only hides it from a program and not
// from a reader (UTS #39): invisible characters go, fullwidth, mathematical
// and enclosed forms become plain ones, odd spaces become spaces, and a
// letter that looks Latin beside a Latin one becomes Latin. All else passes.
type folded struct {
	r    io.Reader
	in   []byte // made when something is not ASCII
	s, e int
	prev byte // the last byte given
	out  []byte
	// small holds one character's form.
	small [24]byte
	err   error
}

func newFolded(r io.Reader) *folded { return &folded{r: r} }

func (f *folded) Read(p []byte) (int, error) {
	n := 0
	if len(p) == 0 {
		return 0, nil
	}
	for n == 0 {
		if len(f.out) > 0 {
			n = copy(p, f.out)
			f.out = f.out[n:]
			break
		}
		if f.s == f.e && f.err == nil {
			n = f.direct(p)
			continue
		}
		if f.e-f.s <= utf8.UTFMax && f.err == nil {
			f.e = copy(f.in, f.in[f.s:f.e])
			f.s = 0
			var k int
			k, f.err = f.r.Read(f.in[f.e:])
			f.e += k
			f.turn()
			continue
		}
		if f.s == f.e {
			return 0, f.err
		}
		n = f.pass(p)
	}
	f.prev = p[n-1]
	return n, nil
}

// direct reads into p itself. What follows its ASCII is put by, to be folded.
func (f *folded) direct(p []byte) int {
	p = p[:min(len(p), decodeSize)]
	var k int
	k, f.err = f.r.Read(p)
	n := k
	if m, ok := f.r.(*mixed); !ok || !m.ascii { // else it has been looked at
		n = asciiRun(p[:k])
	}
	if n < k && f.in == nil {
		f.in = make([]byte, decodeSize)
	}
	f.s, f.e = 0, copy(f.in, p[n:k])
	f.turn()
	return n
}

// maxTurned is how much text is put by for an override to end in, in bytes.
const maxTurned = 2 * decodeSize

// turn turns the overrides in what was put by, and reads on to the end of one
// that goes on: where a read ends must not tell what a text says.
func (f *folded) turn() {
	for at := f.s; ; {
		open := turnOverrides(f.in[at:f.e], f.err != nil)
		if open < 0 {
			return
		}
		at += open
		switch {
		case f.e < maxTurned:
			if f.e == len(f.in) {
				f.in = append(f.in, make([]byte, maxTurned-len(f.in))...)
			}
			var k int
			k, f.err = f.r.Read(f.in[f.e:])
			f.e += k
		case at > f.s+utf8.UTFMax: // once more, when what stands before it was given
			f.r = io.MultiReader(bytes.NewReader(bytes.Clone(f.in[at:f.e])), f.r)
			f.e = at
			return
		default: // longer than there is room for
			turnOverrides(f.in[at:f.e], true)
			return
		}
	}
}

// pass folds into p up to the first character that does not fit or that the
// next read may complete.
func (f *folded) pass(p []byte) int {
	n := 0
	for f.s < f.e && n < len(p) {
		k := copy(p[n:], f.in[f.s:f.s+asciiRun(f.in[f.s:f.e])])
		n += k
		f.s += k
		if f.s == f.e || n == len(p) {
			break
		}
		// One byte more is wanted, to know what follows the character.
		if f.err == nil && f.e-f.s <= utf8.UTFMax {
			break
		}
		r, size := utf8.DecodeRune(f.in[f.s:f.e])
		prev, next := f.prev, byte(0)
		if n > 0 {
			prev = p[n-1]
		}
		if f.s+size < f.e {
			next = f.in[f.s+size]
		}
		form := foldRune(f.small[:0], r, prev, next)
		if len(form) > len(p)-n {
			if n == 0 {
				f.s += size
				f.out = append(f.out[:0], form...)
				return f.start(p)
			}
			break
		}
		f.s += size
		n += copy(p[n:], form)
	}
	return n
}

func (f *folded) start(p []byte) int {
	n := copy(p, f.out)
	f.out = f.out[n:]
	return n
}

// foldRune appends what r is read as, between two bytes.
func foldRune(dst []byte, r rune, prev, next byte) []byte {
	switch {
	case 0xE0020 <= r && r <= 0xE007E: // a shadow of ASCII that nobody sees and every program copies
		return append(dst, byte(r-0xE0000))
	case r < 0xA0 && r != 0x85 || 0x530 <= r && r < 0x61C || 0x3001 <= r && r < 0xD800 && r != 0x3164 && r != 0xA730 && r != 0xA731:
		return utf8.AppendRune(dst, r)
	case invisible(r):
		return dst
	case r == 0xA0, 0x2000 <= r && r <= 0x200A, r == 0x202F, r == 0x205F, r == 0x3000, r == 0x1680, r == 0x2800:
		return append(dst, ' ')
	case r == 0x85, r == 0x2028, r == 0x2029:
		return append(dst, '\n')
	case 0xFF01 <= r && r <= 0xFF5E:
		return append(dst, byte(r-0xFF01+'!'))
	case 0x1D400 <= r && r <= 0x1D7FF, 0x1F100 <= r && r <= 0x1F1AC, 0x2460 <= r && r <= 0x24FF,
		0x2100 <= r && r <= 0x214F, 0xFB00 <= r && r <= 0xFB06:
		return norm.NFKC.AppendString(dst, string(r))
	}
	if l := smallCapital(r); l != 0 {
		return append(dst, l)
	}
	if letter(prev) || letter(next) {
		if l := latinLook(r); l != 0 {
			return append(dst, l)
		}
	}
	return utf8.AppendRune(dst, r)
}

func letter(b byte) bool { b |= 0x20; return 'a' <= b && b <= 'z' }

// invisible tells the characters that take no place on a screen.
func invisible(r rune) bool {
	switch {
	case r == 0xAD, r == 0x34F, r == 0x61C, r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5,
		0x180B <= r && r <= 0x180F, 0x200B <= r && r <= 0x200F, 0x202A <= r && r <= 0x202E,
		0x2060 <= r && r <= 0x206F, r == 0x3164, 0xFE00 <= r && r <= 0xFE0F, r == 0xFEFF,
		r == 0xFFA0, 0xFFF0 <= r && r <= 0xFFFB, 0x1D173 <= r && r <= 0x1D17A, 0xE0000 <= r && r <= 0xE0FFF:
		return true
	}
	return false
}

// smallCapital gives the letter that a phonetic small capital is read as, 0 if
// it is none.
func smallCapital(r rune) byte {
	const looks, like = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz"
	if r < 0x262 || r > 0x2A0 && r < 0x1D00 || r > 0x1D22 && r != 0xA730 && r != 0xA731 {
		return 0
	}
	i := 0
	for _, l := range looks {
		if l == r {
			return like[i]
		}
		i++
	}
	return 0
}

// latinLook gives the ASCII letter that a Cyrillic or Greek one looks like,
// 0 if there is none.
func latinLook(r rune) byte {
	const looks, like = "АВСЕНІЈКМОРЅТХУасеіјорѕхуΑΒΕΖΗΙΚΜΝΟΡΤΥΧονԁԛԝ", "ABCEHIJKMOPSTXYaceijopsxyABEZHIKMNOPTYXovdqw"
	if r < 0x391 || r > 0x51D {
		return 0
	}
	i := 0
	for _, l := range looks {
		if l == r {
			return like[i]
		}
		i++
	}
	return 0
}

// foldCell folds one cell. Plain ASCII is returned as it is; else the result
// stands in the arena.
func foldCell(arena *[]byte, cell []byte) []byte {
	if asciiRun(cell) == len(cell) {
		return cell
	}
	if bytes.Contains(cell, []byte(override)) {
		cell = bytes.Clone(cell)
		turnOverrides(cell, true)
	}
	start, prev := len(*arena), byte(0)
	for i := 0; i < len(cell); {
		r, size := utf8.DecodeRune(cell[i:])
		next := byte(0)
		if i+size < len(cell) {
			next = cell[i+size]
		}
		i += size
		if r < utf8.RuneSelf {
			*arena = append(*arena, byte(r))
		} else {
			*arena = foldRune(*arena, r, prev, next)
		}
		if len(*arena) > start {
			prev = (*arena)[len(*arena)-1]
		}
	}
	return (*arena)[start:len(*arena):len(*arena)]
}
