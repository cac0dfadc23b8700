package htmltoken

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/net/html"
)

// Bounds of the tags that are remembered.
const (
	// Slots is how many there are at most.
	Slots     = 64
	knownSize = 192 // bytes of one
	knownAttr = 6   // attributes of one
)

// knownTags are tags that came, each in the slot that its bytes choose: most tags
// of a page are some that it has again and again.
type knownTags [Slots]knownTag

// knownTag is a tag as it was written, and what was read of it.
type knownTag struct {
	kind   html.TokenType
	size   uint8
	attrs  uint8
	data   span
	raw    string // as in Scanner
	text   [knownSize]byte
	attrOf [knownAttr]attr
}

// recall reads the tag at the start of the token from what was read of one that
// is the same to the byte, and reports whether there was one.
func (z *Scanner) recall() bool {
	t := z.buf[z.start:]
	end := bytes.IndexByte(t[:min(len(t), knownSize)], '>')
	if end < 2 || z.max < knownSize {
		return false
	}
	if z.known == nil {
		z.known = new(knownTags)
	}
	z.slot = slotOf(t[:end])
	k := &z.known[z.slot]
	n := int(k.size)
	if n == 0 || n > len(t) || !bytes.Equal(t[:n], k.text[:n]) {
		return false
	}
	z.kind, z.size, z.data, z.again = k.kind, n, k.data, true
	z.attrs = append(z.attrs[:0], k.attrOf[:k.attrs]...)
	if k.kind != html.EndTagToken {
		z.raw = k.raw
	}
	return true
}

// remember keeps what was read of a tag for the next one that is the same.
func (z *Scanner) remember(kind html.TokenType) {
	if z.slot < 0 {
		return
	}
	if z.size > knownSize || len(z.attrs) > knownAttr {
		z.slot = -1
		return
	}
	k := &z.known[z.slot]
	k.kind, k.size, k.data, k.raw = kind, uint8(z.size), z.data, z.raw
	copy(k.text[:], z.buf[z.start:z.start+z.size])
	k.attrs = uint8(copy(k.attrOf[:], z.attrs))
}

// slotOf chooses the slot of a tag by its length, its beginning and its end.
// It need not be the whole tag.
func slotOf(tag []byte) int {
	const odd = 0x9e3779b97f4a7c15
	n := len(tag)
	h := uint64(n)
	if n < 8 {
		for _, c := range tag {
			h = h<<8 | uint64(c)
		}
		return int(h * odd >> 58)
	}
	h = (h ^ binary.LittleEndian.Uint64(tag)) * odd
	h = (h ^ h>>32 ^ binary.LittleEndian.Uint64(tag[n/2-4:])) * odd
	h = (h ^ h>>32 ^ binary.LittleEndian.Uint64(tag[n-8:])) * odd
	return int(h >> 58)
}

// Known returns the slot of a tag that is remembered, below Slots, and whether it
// is the same, to the byte, as the one before it that had the slot. The slot is
// negative for a token that is not remembered.
func (z *Scanner) Known() (slot int, again bool) { return z.slot, z.again }
