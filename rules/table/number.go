package table

import (
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// customersNumber reports whether the words of a header together name the
// number of a customer, member or patient: a word for a number, and another
// for who or what has it, in any order or in one compound.
func (l *Lexicon) customersNumber(ws []string) bool {
	if len(ws) > 4 {
		return false
	}
	for i := range ws {
		for n := 1; n <= 2 && i+n <= len(ws); n++ {
			if !l.counted[joined(ws[i:i+n])] {
				continue
			}
			if l.owns(joined(ws[:i])) || l.owns(joined(ws[i+n:])) {
				return true
			}
		}
	}
	return len(ws) == 1 && l.compoundNumber(ws[0])
}

// compoundNumber reports whether one word is put together in the same way:
// "Vevőkód", "会員番号".
func (l *Lexicon) compoundNumber(word string) bool {
	for i := range word {
		if i > 1 && l.counted[word[i:]] && l.owns(word[:i]) {
			return true
		}
	}
	return false
}

// owns reports whether a word names who has a number. Words are bent by their
// endings: "zákazníka", "Mitglieds-", so up to two last letters may differ.
func (l *Lexicon) owns(word string) bool {
	if l.owned[word] {
		return true
	}
	runes := []rune(strings.TrimPrefix(word, "de"))
	for cut := 0; cut <= 2 && len(runes)-cut >= 4; cut++ {
		if l.owned[string(runes[:len(runes)-cut])] {
			return true
		}
	}
	return false
}

// addNumber notes that a header names a customer's number.
func (h *heading) addNumber() {
	odds, _ := strength("strong")
	h.known = true
	h.odds[detect.IDCustomer] = max(h.odds[detect.IDCustomer], odds)
	h.odds[detect.Code] = 0
	for _, t := range []detect.Type{detect.PersonName, detect.PersonGiven, detect.PersonFamily, detect.FinanceCard} {
		h.odds[t] = 0
	}
}
