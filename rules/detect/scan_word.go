package detect

import (
	"unicode"
	"unicode/utf8"
)

// capital reads the word, or the code, that begins with the capital at i.
func (s *scanner) capital(i int) int {
	if i > 0 && (isLetter(s.text[i-1]) || s.text[i-1] >= 0x80) {
		return i + 1 // inside a word
	}
	end, seen := i+1, wordByte(0)
	for most := min(len(s.text), i+maxWord); end < most; end++ {
		b := s.d.word[s.text[end]]
		if b&inName == 0 {
			break
		}
		seen |= b
	}
	if seen&digitOfName == 0 {
		return s.nameAt(i, end)
	}
	if end-i >= 4 && isUpper(s.text[i+1]) && isDigit(s.text[i+2]) && isDigit(s.text[i+3]) {
		if full := s.spacedIBAN(i); full > 0 {
			return s.found(FinanceIBAN, i, full)
		}
	}
	if end < len(s.text) && (isWordByte(s.text[end]) || s.text[end] == '@') {
		return s.toDigit(i)
	}
	return s.code(i, end)
}

// toDigit returns the position of the next digit, which looks at the whole word.
func (s *scanner) toDigit(i int) int {
	for !isDigit(s.text[i]) {
		i++
	}
	return i
}

// spacedIBAN returns the end of an IBAN that begins at i, with or without
// single spaces between its groups, or 0.
func (s *scanner) spacedIBAN(i int) int {
	want := ibanLength(string(s.text[i : i+2]))
	if want == 0 {
		return 0
	}
	end, n := i, 0
	for end < len(s.text) && n < want {
		switch c := s.text[end]; {
		case isAlnum(c):
			n++
		case c != ' ' && c != '-' || !isAlnum(s.text[end-1]):
			return 0
		}
		end++
	}
	if n < want || end < len(s.text) && isAlnum(s.text[end]) || !isIBAN(s.text[i:end]) {
		return 0
	}
	return end
}

// high reads a word that begins with a character outside ASCII.
func (s *scanner) high(i int) int {
	end := i
	for end < len(s.text) && end-i < maxWord && (s.text[end] >= 0x80 || isLetter(s.text[end])) {
		end++
	}
	if i > 0 && isLetter(s.text[i-1]) {
		return end
	}
	if r, _ := utf8.DecodeRune(s.text[i:end]); !unicode.IsUpper(r) {
		return end
	}
	return s.nameAt(i, end)
}

// nameAt finds a full name whose first word is text[i:end]: a listed given
// name, which is no initial, then initials, particles or more names, then a listed
// family name.
func (s *scanner) nameAt(i, end int) int {
	if i < s.end || end-i < 2 || end+2 >= len(s.text) || s.text[end] != ' ' || !s.capitalAt(end+1) {
		return end
	}
	first := s.d.token(s.text[i:end])
	if first.kinds&kindGiven == 0 || first.given < 1.5 {
		return end
	}
	best := 0
	at := end
	for words := 0; words < 4 && at+1 < len(s.text) && s.text[at] == ' '; words++ {
		next := s.wordEnd(at + 1)
		if next == at+1 {
			break
		}
		t := s.d.token(s.text[at+1 : next])
		switch {
		case t.kinds&kindFamily != 0 && t.family > 1.5:
			best = next
		case t.initial || t.particle || t.kinds&kindGiven != 0 && t.capital:
		default:
			words = 4
		}
		at = next
	}
	if best == 0 || best < len(s.text) && (s.text[best] == '@' || s.text[best] == '_') {
		return end
	}
	if s.d.kindsOf(s.text[i:best])&kindPlace != 0 { // "Santa Cruz"
		return best
	}
	return s.found(PersonName, i, best)
}

// capitalAt reports whether a word with a capital, or a particle, begins at i.
func (s *scanner) capitalAt(i int) bool {
	c := s.text[i]
	return isUpper(c) || c >= 0xc3 || c == 'v' || c == 'd'
}

// wordEnd returns the end of the word that begins at i, an initial's full stop
// included.
func (s *scanner) wordEnd(i int) int {
	end := i
	for end < len(s.text) && end-i < maxWord && (isLetter(s.text[end]) || s.text[end] >= 0x80 || s.text[end] == '\'' || s.text[end] == '-') {
		end++
	}
	if end-i == 1 && end < len(s.text) && s.text[end] == '.' {
		end++
	}
	return end
}
