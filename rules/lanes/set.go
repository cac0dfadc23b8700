package lanes

// Set is a set of bytes, which a text is looked through for faster than byte by
// byte: 32 bytes at once where the processor can (AVX2).
//
// The zero value is the empty set.
type Set struct {
	// A byte is in the set if the bit of its high digit is set in the element of
	// its low digit, in hexadecimal: '7', which is 0x37, by bit 3 of low[7], and
	// 0xe4 by bit 6 of high[4].
	low  [16]byte // of the bytes below 0x80
	high [16]byte // of the others, their high digit less 8

	of [256]byte // 1 for each byte that is in it, where the processor cannot
}

// SetOf returns the set of the bytes that has is true of.
func SetOf(has func(c byte) bool) (s Set) {
	for i := range 256 {
		c := byte(i)
		if !has(c) {
			continue
		}
		s.of[c] = 1
		if c < 0x80 {
			s.low[c&15] |= 1 << (c >> 4)
		} else {
			s.high[c&15] |= 1 << (c>>4 - 8)
		}
	}
	return s
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

// index is indexBlocks by a table.
func (s *Set) index(text []byte) int {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		b := (*[8]byte)(text[i:])
		if s.of[b[0]]|s.of[b[1]]|s.of[b[2]]|s.of[b[3]]|s.of[b[4]]|s.of[b[5]]|s.of[b[6]]|s.of[b[7]] != 0 {
			break
		}
	}
	for i < len(text) && s.of[text[i]] == 0 {
		i++
	}
	return i
}

// mask is maskBlocks by a table.
func (s *Set) mask(masks []uint64, text []byte) {
	clear(masks)
	i := 0
	for ; i+8 <= len(text); i += 8 {
		b := (*[8]byte)(text[i:])
		masks[i/64] |= uint64(s.of[b[0]]|s.of[b[1]]<<1|s.of[b[2]]<<2|s.of[b[3]]<<3|
			s.of[b[4]]<<4|s.of[b[5]]<<5|s.of[b[6]]<<6|s.of[b[7]]<<7) << (i % 64)
	}
	for ; i < len(text); i++ {
		masks[i/64] |= uint64(s.of[text[i]]) << (i % 64)
	}
}
