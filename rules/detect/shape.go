package detect

import (
	"encoding/binary"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
)

// class is what a byte is to the validators.
type class uint8

const (
	classOther class = iota
	classDigit
	classUpper
	classLower
	classHigh // part of a character outside ASCII
	classSpace
	classDot
	classComma
	classDash
	classSlash
	classColon
	classAt
	classPlus
	classParen
	classUnderscore
	classApostrophe
	classControl
	numClasses
)

// shape counts the classes of a value's bytes. It is the cheap first look that
// decides which validators can match at all.
type shape struct {
	count [numClasses]uint8
	n     int // bytes
}

// maxCell is the longest value that is read as one field. Counts fit a byte.
const maxCell = 255

// shapeOf counts all classes at once, each in its own byte of two words; what
// is in neither is of the last class.
func (d *Detector) shapeOf(value []byte) (s shape) {
	s.n = len(value)
	if len(value) > maxCell {
		for _, c := range value {
			s.count[d.class[c]]++
		}
		return s
	}
	var first, second uint64
	for _, c := range value {
		p := &d.places[c]
		first += p[0]
		second += p[1]
	}
	binary.LittleEndian.PutUint64(s.count[:8], first)
	binary.LittleEndian.PutUint64(s.count[8:16], second)
	s.count[numClasses-1] = byte(len(value)) - lanes.Sum(first) - lanes.Sum(second)
	return s
}

// placeTable returns what each byte adds to the words in which shapeOf counts.
func placeTable() (table [256][2]uint64) {
	for c, class := range classTable() {
		if class < numClasses-1 {
			table[c][class/8] = 1 << (class % 8 * 8)
		}
	}
	return table
}

func (s *shape) digits() int  { return int(s.count[classDigit]) }
func (s *shape) ascii() int   { return int(s.count[classUpper]) + int(s.count[classLower]) }
func (s *shape) letters() int { return s.ascii() + int(s.count[classHigh]) }

// of returns how many bytes are of class c.
func (s *shape) of(c class) int { return int(s.count[c]) }

func classTable() (table [256]class) {
	for c := range 256 {
		switch {
		case '0' <= c && c <= '9':
			table[c] = classDigit
		case 'A' <= c && c <= 'Z':
			table[c] = classUpper
		case 'a' <= c && c <= 'z':
			table[c] = classLower
		case c >= 0x80:
			table[c] = classHigh
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f:
			table[c] = classControl
		}
	}
	for c, class := range map[byte]class{
		' ': classSpace, '\t': classSpace, '\n': classSpace, '\r': classSpace, '.': classDot, ',': classComma,
		'-': classDash, '/': classSlash, ':': classColon, '@': classAt, '+': classPlus,
		'(': classParen, ')': classParen, '_': classUnderscore, '\'': classApostrophe,
	} {
		table[c] = class
	}
	return table
}

func isDigit(c byte) bool  { return c-'0' <= 9 }
func isUpper(c byte) bool  { return c-'A' <= 25 }
func isLower(c byte) bool  { return c-'a' <= 25 }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isAlnum(c byte) bool  { return isDigit(c) || isLetter(c) }
func isHex(c byte) bool    { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// digitBuf holds the digits or the letters and digits of an identifier.
type digitBuf [48]byte

// digits returns the digits of value, its separators left out; ok is false
// when it has another character, or more digits than an identifier has.
func (b *digitBuf) digits(value []byte) (digits []byte, ok bool) {
	n := 0
	for _, c := range value {
		switch {
		case isDigit(c):
			if n == len(b) {
				return nil, false
			}
			b[n] = c
			n++
		case c != ' ' && c != '-' && c != '.' && c != '/':
			return nil, false
		}
	}
	return b[:n], true
}

// alnum returns the letters in upper case and the digits of value.
func (b *digitBuf) alnum(value []byte) (text []byte, ok bool) {
	n := 0
	for _, c := range value {
		switch {
		case isAlnum(c):
			if n == len(b) {
				return nil, false
			}
			if isLower(c) {
				c -= 0x20
			}
			b[n] = c
			n++
		case c != ' ' && c != '-' && c != '.' && c != '/' && c != '(' && c != ')':
			return nil, false
		}
	}
	return b[:n], true
}

// number returns the value of a short run of digits.
func number(digits []byte) int {
	n := 0
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	return n
}
