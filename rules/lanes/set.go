package lanes

// Set is a set of bytes, which a text is looked through for faster than byte by
// byte: 32 bytes at once where the processor can (AVX2).
//
// A byte is in it if the bit of its high digit is set in the element of its low
// digit, in hexadecimal: '7', which is 0x37, by bit 3 of Low[7], and 0xe4 by bit 6
// of High[4].
type Set struct {
	Low  [16]byte // of the bytes below 0x80
	High [16]byte // of the others, their high digit less 8
}

// SetOf returns the set of the bytes that has is true of.
func SetOf(has func(c byte) bool) (s Set) {
	for i := range 256 {
		if c := byte(i); has(c) {
			s.row(c)[c&15] |= 1 << (c >> 4 & 7)
		}
	}
	return s
}

// Has reports whether c is in the set.
func (s *Set) Has(c byte) bool { return s.row(c)[c&15]>>(c>>4&7)&1 != 0 }

func (s *Set) row(c byte) *[16]byte {
	if c >= 0x80 {
		return &s.High
	}
	return &s.Low
}

// Index returns the place of the first byte of text that is in the set, -1 if
// none is.
func (s *Set) Index(text []byte) int {
	if n := s.indexBlocks(text); n < len(text) {
		return n
	}
	return -1
}

// Masks sets the i-th bit of masks, counted from the lowest of the first, where
// the i-th byte of text is in the set. There must be one for each 64 bytes begun;
// bits behind the text are zero.
func (s *Set) Masks(masks []uint64, text []byte) {
	masks = masks[:(len(text)+63)/64]
	if len(masks) > 0 {
		masks[len(masks)-1] = 0
		s.maskBlocks(masks, text)
	}
}

// index is Index byte by byte, from a place on; the text's length if none is.
func (s *Set) index(text []byte, from int) int {
	for i, c := range text[from:] {
		if s.Has(c) {
			return from + i
		}
	}
	return len(text)
}

// mask is Masks byte by byte, from a place on whose bits are zero.
func (s *Set) mask(masks []uint64, text []byte, from int) {
	for i := from; i < len(text); i++ {
		if s.Has(text[i]) {
			masks[i/64] |= 1 << (i % 64)
		}
	}
}
