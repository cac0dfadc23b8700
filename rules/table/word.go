package table

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// words splits a header at spaces, punctuation, digits and changes of case,
// and brings its words into lower case without accents: "postalCode_2" gives
// postal, code.
func words(header string) []string {
	var all []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			all = append(all, string(word))
			word = word[:0]
		}
	}
	runes := []rune(norm.NFKC.String(header))
	for i, r := range runes {
		switch {
		case unicode.Is(unicode.Cf, r): // zero width, soft hyphen
			continue
		case !unicode.IsLetter(r) && !unicode.IsMark(r):
			end()
			continue
		case unicode.IsUpper(r) && i > 0 && unicode.IsLower(runes[i-1]):
			end() // firstName
		case unicode.IsUpper(r) && i > 0 && unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1]):
			end() // ZIPCode
		}
		word = appendFolded(word, r)
	}
	end()
	return all
}

// appendFolded appends r in lower case and without its accents.
func appendFolded(word []rune, r rune) []rune {
	switch r = unicode.ToLower(r); r {
	case 'ß':
		return append(word, 's', 's')
	case 'ł':
		return append(word, 'l')
	case 'ø':
		return append(word, 'o')
	case 'æ':
		return append(word, 'a', 'e')
	case 'đ', 'ð':
		return append(word, 'd')
	case 'ı':
		return append(word, 'i')
	}
	if r < 0x80 || r >= 0x3040 { // kana and ideographs keep their marks
		return append(word, r)
	}
	for _, d := range norm.NFD.String(string(r)) {
		if !unicode.Is(unicode.Mn, d) {
			word = append(word, d)
		}
	}
	return word
}

// joined returns the words as one.
func joined(ws []string) string { return strings.Join(ws, "") }

// ideographic reports whether a word is of a script without spaces.
func ideographic(word string) bool {
	for _, r := range word {
		if r >= 0x3040 {
			return true
		}
	}
	return false
}
