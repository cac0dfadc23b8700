// Package lanes tests eight bytes of text at once, each in its own lane of a
// word of 64 bits (SIMD within a register: Lamport 1975, "Multiple byte
// processing with full-word instructions").
//
// What is always true: what a test finds in a lane is the lane's high bit, and
// does not depend on the other lanes; the first byte of a text is the lowest lane
// of the word that binary.LittleEndian reads.
package lanes

import "math/bits"

const (
	// Each has 1 in each lane: times a byte, it is that byte in each.
	Each = 0x0101010101010101
	// Tops has the high bit of each lane.
	Tops = 0x80 * Each
)

// Within finds the lanes from lo to hi, both ASCII, of a word that is all ASCII;
// see Low. The other bits of what it returns mean nothing.
func Within(word uint64, lo, hi byte) uint64 {
	return (word + (0x80-uint64(lo))*Each) ^ (word + (0x7f-uint64(hi))*Each)
}

// Low returns a word without the high bit of its lanes. A byte that is not ASCII
// becomes one that is: what is found in it does not count.
func Low(word uint64) uint64 { return word &^ Tops }

// Equal finds the lanes that are c, in any word. The other bits are zero.
func Equal(word uint64, c byte) uint64 {
	word ^= uint64(c) * Each
	return ^((word&^Tops + (Tops - Each)) | word) & Tops
}

// First returns the number of the first lane that was found, counted from 0.
func First(found uint64) int { return bits.TrailingZeros64(found) / 8 }

// Last returns the number of the last lane that was found, counted from 0.
func Last(found uint64) int { return bits.Len64(found)/8 - 1 }

// Sum returns the sum of all lanes, which must be 255 at most.
func Sum(word uint64) byte { return byte(word * Each >> 56) }
