package detect

import (
	"bytes"
	"slices"
	"unicode"
)

// compactName appends a name folded, without titles and punctuation, its words
// sorted: "Müller, Anna" and "Dr. anna muller" are one.
func compactName(dst, value []byte) []byte {
	var buf [128]byte
	folded := appendFold(buf[:0], value)
	parts := make([][]byte, 0, 8)
	for part := range bytes.FieldsFuncSeq(folded, func(c rune) bool {
		return unicode.IsSpace(c) || c == ',' || c == '.' || c == ';' || c == '"'
	}) {
		if !isTitle(part) {
			parts = append(parts, part)
		}
	}
	slices.SortFunc(parts, bytes.Compare)
	for i, part := range parts {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, part...)
	}
	return dst
}

// isTitle reports titles that come and go with the spelling of a name.
func isTitle(word []byte) bool {
	switch string(word) {
	case "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "herr", "frau", "mme", "mlle", "sra", "srta", "dott", "ing",
		"dipl-ing", "phd", "md", "dds", "dvm", "jr", "esq", "mba":
		return true
	}
	return false
}
