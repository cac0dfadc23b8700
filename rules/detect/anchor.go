package detect

import (
	"encoding/binary"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
)

// nextAnchor returns the place of the first anchor in text from i on, its
// length if there is none.
func (d *Detector) nextAnchor(text []byte, i int) int {
	for i+8 <= len(text) {
		word := binary.LittleEndian.Uint64(text[i:])
		low := lanes.Low(word)
		// '@' stands right before the capitals. What is not ASCII is looked at
		// by itself.
		found := (lanes.Within(low, '0', '9') | lanes.Within(low, '@', 'Z') | lanes.Within(low, '$', '$') | lanes.Within(low, '-', '-') | word) & lanes.Tops
		for ; found != 0; found &= found - 1 {
			if at := i + lanes.First(found); d.anchor[text[at]] != anchorNone {
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
	for ; i+16 <= len(text); i += 16 { // two words without either, as most are
		first, second := binary.LittleEndian.Uint64(text[i:]), binary.LittleEndian.Uint64(text[i+8:])
		low, other := lanes.Low(first), lanes.Low(second)
		if ((lanes.Within(low, '0', '9')|lanes.Within(low, '@', '@'))&^first|
			(lanes.Within(other, '0', '9')|lanes.Within(other, '@', '@'))&^second)&lanes.Tops != 0 {
			break
		}
	}
	for ; i+8 <= len(text); i += 8 {
		word := binary.LittleEndian.Uint64(text[i:])
		low := lanes.Low(word)
		if found := (lanes.Within(low, '0', '9') | lanes.Within(low, '@', '@')) &^ word & lanes.Tops; found != 0 {
			return i + lanes.First(found)
		}
	}
	for ; i < len(text); i++ {
		if isDigit(text[i]) || text[i] == '@' {
			return i
		}
	}
	return -1
}
