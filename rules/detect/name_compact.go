package detect

import (
	"bytes"
	"slices"
	"unicode"
	"unicode/utf8"
)

// compactName appends a name folded, without titles and punctuation, its words
// sorted: "Müller, Anna" and "Dr. anna muller" are one.
func compactName(dst, value []byte) []byte {
	var buf [128]byte
	var room [maxTokens]span
	if len(value) <= len(buf) && isASCII(value) {
		folded := appendLower(buf[:0], value)
		if n := plainParts(&room, folded); n >= 0 {
			sortParts(room[:n], folded)
			return appendParts(dst, room[:n], folded)
		}
	}
	folded := appendFold(buf[:0], value)
	parts := room[:0]
	for at := 0; ; {
		var part span
		if part, at = nextPart(folded, at); part.start == part.end {
			break
		}
		if !isTitle(folded[part.start:part.end]) {
			parts = append(parts, part)
		}
	}
	if len(parts) > 1 {
		slices.SortFunc(parts, func(a, b span) int {
			return bytes.Compare(folded[a.start:a.end], folded[b.start:b.end])
		})
	}
	return appendParts(dst, parts, folded)
}

func appendParts(dst []byte, parts []span, folded []byte) []byte {
	for i, part := range parts {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, folded[part.start:part.end]...)
	}
	return dst
}

// plainParts finds the words of a folded name of ASCII, titles left out, and
// returns how many there are, -1 if more than there is room for.
func plainParts(room *[maxTokens]span, folded []byte) int {
	n, start := 0, 0
	for i := 0; i <= len(folded); i++ {
		if i < len(folded) {
			if c := folded[i]; c > ';' || !isBlank(c) && c != ',' && c != '.' && c != ';' && c != '"' {
				continue
			}
		}
		if start < i && !isTitle(folded[start:i]) {
			if n == len(room) {
				return -1
			}
			room[n] = span{start, i}
			n++
		}
		start = i + 1
	}
	return n
}

// sortParts sorts a few words.
func sortParts(parts []span, folded []byte) {
	for i := 1; i < len(parts); i++ {
		for k := i; k > 0; k-- {
			a, b := parts[k-1], parts[k]
			if bytes.Compare(folded[a.start:a.end], folded[b.start:b.end]) <= 0 {
				break
			}
			parts[k-1], parts[k] = b, a
		}
	}
}

// span is a part of a text.
type span struct{ start, end int }

// nextPart returns the first word of a folded name from at on, an empty one if
// there is none, and where it ends.
func nextPart(folded []byte, at int) (part span, next int) {
	part.start = -1
	for at < len(folded) {
		c, size := rune(folded[at]), 1
		parts := false
		switch {
		case c >= utf8.RuneSelf:
			c, size = utf8.DecodeRune(folded[at:])
			parts = unicode.IsSpace(c)
		case c <= ';':
			parts = c == ',' || c == '.' || c == ';' || c == '"' || isBlank(byte(c))
		}
		if parts && part.start >= 0 {
			break
		}
		if !parts && part.start < 0 {
			part.start = at
		}
		at += size
	}
	if part.start < 0 {
		return span{}, at
	}
	part.end = at
	return part, at
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
