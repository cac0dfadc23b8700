//go:build !amd64

package lanes

// Wide reports whether a set is looked up in many bytes at once here: to gather
// masks that are then read bit by bit pays only then.
func Wide() bool { return false }

// indexBlocks is Index, but for the text's length where it would be -1.
func (s *Set) indexBlocks(text []byte) int { return s.index(text) }

// maskBlocks is Masks.
func (s *Set) maskBlocks(masks []uint64, text []byte) { s.mask(masks, text) }
