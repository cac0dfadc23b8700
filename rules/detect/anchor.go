package detect

import (
	"bytes"
	"encoding/binary"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
)

// nextAnchor returns the place of the first anchor in text from i on, its
// length if there is none.
func nextAnchor(anchors *[256]anchor, text []byte, i int) int {
	for i+8 <= len(text) {
		word := binary.LittleEndian.Uint64(text[i:])
		low := lanes.Low(word)
		// '@' stands right before the capitals. What is not ASCII is looked at
		// by itself.
		found := (lanes.Within(low, '0', '9') | lanes.Within(low, '@', 'Z') | lanes.Within(low, '$', '$') | lanes.Within(low, '-', '-') | word) & lanes.Tops
		for ; found != 0; found &= found - 1 {
			if at := i + lanes.First(found); anchors[text[at]] != anchorNone {
				return at
			}
		}
		i += 8
	}
	for i < len(text) && anchors[text[i]] == anchorNone {
		i++
	}
	return i
}

// nextPlain is nextAnchor where neither '$' nor '-' is one.
func nextPlain(anchors *[256]anchor, text []byte, i int) int {
	for i+8 <= len(text) {
		word := binary.LittleEndian.Uint64(text[i:])
		low := lanes.Low(word)
		found := (lanes.Within(low, '0', '9') | lanes.Within(low, '@', 'Z') | word) & lanes.Tops
		for ; found != 0; found &= found - 1 {
			if at := i + lanes.First(found); anchors[text[at]] != anchorNone {
				return at
			}
		}
		i += 8
	}
	for i < len(text) && anchors[text[i]] == anchorNone {
		i++
	}
	return i
}

// hasKey reports whether text may have a private key in PEM: five dashes in a row,
// of which two stand at a multiple of four, or at the end of the text.
func hasKey(text []byte) bool {
	const dashes = '-' * lanes.Each
	for ; len(text) >= 8; text = text[8:] {
		other := binary.LittleEndian.Uint64(text) ^ dashes
		if other&0xffff == 0 || other>>32&0xffff == 0 {
			return true
		}
	}
	return bytes.Contains(text, []byte("--"))
}

// IndexFigure returns the place of the first digit or at sign in text, -1 if it
// has none. Hardly any value that counts is without both.
func IndexFigure(text []byte) int {
	n := indexDigit(text)
	if n < 0 {
		return bytes.IndexByte(text, '@')
	}
	if at := bytes.IndexByte(text[:n], '@'); at >= 0 {
		return at
	}
	return n
}

// indexDigit returns the place of the first digit in text, -1 if it has none.
func indexDigit(text []byte) int {
	i := 0
	for ; i+32 <= len(text); i += 32 { // four words without any, as most are
		if (digitLanes(text[i:])|digitLanes(text[i+8:])|digitLanes(text[i+16:])|digitLanes(text[i+24:]))&lanes.Tops != 0 {
			break
		}
	}
	for ; i+8 <= len(text); i += 8 {
		if found := digitLanes(text[i:]) & lanes.Tops; found != 0 {
			return i + lanes.First(found)
		}
	}
	for ; i < len(text); i++ {
		if isDigit(text[i]) {
			return i
		}
	}
	return -1
}

// digitLanes finds the digits among the first eight bytes of text.
func digitLanes(text []byte) uint64 {
	word := binary.LittleEndian.Uint64(text)
	return lanes.Within(lanes.Low(word), '0', '9') &^ word
}
