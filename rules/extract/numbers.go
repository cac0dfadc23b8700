package extract

import (
	"bufio"
	"io"
)

// numeral is a way to write the bytes of content as a list of numbers.
type numeral struct {
	base   int
	prefix bool // 0x
	digits int  // of each number, 0 for one to three
}

// numerals is in order of testing; what each yields must be content.
var numerals = [...]numeral{
	{16, true, 0},
	{2, false, 8},
	{16, false, 2},
	{10, false, 0},
	{8, false, 3},
}

// minNumbers is how many numbers a list has at least.
const minNumbers = 48

// numbers tells whether a list of numbers that spells content begins here, and
// sets found and numeral. A bracket may open the list.
func (c *carver) numbers() bool {
	look, _ := c.br.Peek(blobLook)
	for _, n := range numerals {
		if few, _ := n.decode(look[:min(len(look), 2*wrapLook)]); !plausible(few, n) {
			continue
		}
		data, whole := n.decode(look)
		if len(data) >= minNumbers && (whole > len(look)/2 || whole > blobLook/2) && c.spells(data) && (n.base != 10 || wordy(data)) {
			c.found, c.numeral = carvedNumbers, n
			return true
		}
	}
	return false
}

// plausible tells the first characters of a text.
func plausible(b []byte, n numeral) bool {
	b = b[:max(len(b)-1, 0)] // whose number may be cut off
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return len(b) > 4 && (n.base != 10 || wordy(b))
}

// listed is a cheap look at a list: three short numbers with no more than
// separators between them.
func listed(b []byte) bool {
	i := 0
	for i < len(b) && numeralSigns[b[i]] >= gapSign {
		i++
	}
	for range 3 {
		start := i
		for i < len(b) && numeralSigns[b[i]] == figureSign {
			i++
		}
		if i == start || i-start > 8 || i == len(b) || !numberGap(b[i]) {
			return false
		}
		for i < len(b) && numberGap(b[i]) {
			i++
		}
	}
	return true
}

// What a byte is to a list of numbers.
const (
	figureSign  = 1 + iota // of a number in any base, or the x of 0x
	gapSign                // between two numbers
	bracketSign            // before the first
)

var numeralSigns = func() (t [256]uint8) {
	for c := range t {
		switch c {
		case ' ', ',', ':', '-', ';', '\t', '\r', '\n':
			t[c] = gapSign
		case '[', '{', '(':
			t[c] = bracketSign
		case 'x', 'X':
			t[c] = figureSign
		default:
			if unhex(byte(c)) < 16 {
				t[c] = figureSign
			}
		}
	}
	return t
}()

func numberGap(b byte) bool { return numeralSigns[b] == gapSign }

// wordy tells text made of words from decimal numbers that happen to be
// characters, as measurements may be.
func wordy(b []byte) bool {
	n, letters := 0, 0
	for _, c := range b {
		if letter(c) || c >= 0x80 {
			letters++
			n++
		} else if '0' <= c && c <= '9' || c == ' ' || c == '\n' || c == '\r' || c == ',' || c == '.' || c == '@' {
			n++
		}
	}
	return n*10 >= len(b)*8 && letters*4 >= len(b)
}

// decode gives the bytes that b begins with as such numbers, and how many bytes
// of b they took.
func (n numeral) decode(b []byte) (data []byte, used int) {
	line := true // at the beginning of a line
	for i := 0; i < len(b); {
		if numberGap(b[i]) || b[i] == '[' || b[i] == '{' || b[i] == '(' {
			line = b[i] == '\n' || line && b[i] != ','
			i++
			continue
		}
		size := 0
		for i+size < len(b) && (unhex(b[i+size]) < 16 || b[i+size]|0x20 == 'x') {
			size++
		}
		v := n.value(b[i : i+size])
		switch {
		case line && size >= 6 && size <= 8 && n.digits == 3: // the offset of a dump
		case v < 0:
			return data, used
		default:
			data = append(data, byte(v))
		}
		i += size
		used, line = i, false
	}
	return data, used
}

// value reads one number, -1 if it is none of the kind.
func (n numeral) value(b []byte) int {
	if n.prefix {
		if len(b) < 3 || b[0] != '0' || b[1]|0x20 != 'x' {
			return -1
		}
		b = b[2:]
	}
	if len(b) == 0 || len(b) > 8 || n.digits > 0 && len(b) != n.digits || n.digits == 0 && len(b) > 3 {
		return -1
	}
	v := 0
	for _, c := range b {
		d := int(unhex(c))
		if d >= n.base {
			return -1
		}
		v = v*n.base + d
	}
	if v > 255 {
		return -1
	}
	return v
}

// numberReader gives what a list of numbers spells, up to what is none.
type numberReader struct {
	br  *bufio.Reader
	n   numeral
	out []byte
}

func (r *numberReader) Read(p []byte) (int, error) {
	if len(r.out) == 0 {
		b, err := r.br.Peek(blobLook)
		if len(b) == 0 {
			return 0, err
		}
		last := len(b)
		if err == nil { // leave a number that may go on
			for last > blobLook/2 && !numberGap(b[last-1]) {
				last--
			}
		}
		data, used := r.n.decode(b[:last])
		if used == 0 {
			return 0, io.EOF
		}
		_, _ = r.br.Discard(used)
		r.out = data
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}
