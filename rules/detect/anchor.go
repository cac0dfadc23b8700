package detect

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes of text are tested at once, each in its own lane of a word
// (SIMD within a register: Lamport 1975, "Multiple byte processing with
// full-word instructions"). What a test finds is the high bit of a lane.
const (
	lanes = 0x0101010101010101
	tops  = 0x80 * lanes
)

// within tests the lanes of a word whose high bits are clear for bytes from lo
// to hi, both below 0x80.
func within(word uint64, lo, hi byte) uint64 {
	return (word + (0x80-uint64(lo))*lanes) ^ (word + (0x7f-uint64(hi))*lanes)
}

// nextAnchor returns the place of the first anchor in text from i on, its
// length if there is none.
func (d *Detector) nextAnchor(text []byte, i int) int {
	for i+8 <= len(text) {
		word := binary.LittleEndian.Uint64(text[i:])
		low := word &^ tops
		// '@' stands right before the capitals. What is not ASCII is looked at
		// by itself.
		found := (within(low, '0', '9') | within(low, '@', 'Z') | within(low, '$', '$') | within(low, '-', '-') | word) & tops
		for ; found != 0; found &= found - 1 {
			if at := i + bits.TrailingZeros64(found)/8; d.anchor[text[at]] != anchorNone {
				return at
			}
		}
		i += 8
	}
	for i < len(text) && d.anchor[text[i]] == anchorNone {
		i++
	}
	return i
}

// IndexFigure returns the place of the first digit or at sign in text, -1 if it
// has none. Hardly any value that counts is without both.
func IndexFigure(text []byte) int {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		word := binary.LittleEndian.Uint64(text[i:])
		low := word &^ tops
		if found := (within(low, '0', '9') | within(low, '@', '@')) &^ word & tops; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(text); i++ {
		if isDigit(text[i]) || text[i] == '@' {
			return i
		}
	}
	return -1
}
