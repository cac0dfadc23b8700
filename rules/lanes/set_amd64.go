package lanes

import (
	"math/bits"

	"golang.org/x/sys/cpu"
)

// block is how many bytes the processor looks at at once.
const block = 32

// Wide reports whether a set is looked up in many bytes at once here: to gather
// masks that are then read bit by bit pays only then.
func Wide() bool { return cpu.X86.HasAVX2 }

// indexBlocks is Index, but for the text's length where it would be -1.
func (s *Set) indexBlocks(text []byte) int {
	if !cpu.X86.HasAVX2 {
		return s.index(text)
	}
	if len(text) < block {
		return min(bits.TrailingZeros64(s.short(text)), len(text))
	}
	n := indexAVX2(s, &text[0], len(text)/block)
	if last := len(text) - block; n > last && last%block != 0 { // the last block, some of it again
		n = last + indexAVX2(s, &text[last], 1)
	}
	return n
}

// maskBlocks is Masks, where the last of masks is zero.
func (s *Set) maskBlocks(masks []uint64, text []byte) {
	if !cpu.X86.HasAVX2 {
		s.mask(masks, text)
		return
	}
	if len(text) < block {
		masks[0] = s.short(text)
		return
	}
	maskAVX2(s, &masks[0], &text[0], len(text)/block)
	if rest := len(text) % block; rest > 0 { // the last block, some of it again
		var last uint64
		maskAVX2(s, &last, &text[len(text)-block], 1)
		at := len(text) - rest
		masks[at/64] |= last >> (block - rest) << (at % 64)
	}
}

// short returns the mask of a text that is shorter than a block.
func (s *Set) short(text []byte) uint64 {
	if len(text) == 0 {
		return 0
	}
	return uint64(shortAVX2(s, &text[0], len(text)))
}

// indexAVX2 returns the place of the first byte of so many blocks of text that is
// in the set, their length if none is.
//
//go:noescape
func indexAVX2(s *Set, text *byte, blocks int) int

// maskAVX2 writes a bit for each byte of so many blocks of text.
//
//go:noescape
func maskAVX2(s *Set, masks *uint64, text *byte, blocks int)

// shortAVX2 returns a bit for each byte of a text of 1 to 31.
//
//go:noescape
func shortAVX2(s *Set, text *byte, n int) uint32
