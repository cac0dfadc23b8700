package detect

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// Compact appends the form in which two spellings of a value are equal, and is
// its own fixed point: Compact of the result is the result. An e-mail address
// is in lower case, without its plus tag, its domain in ASCII; a phone number
// is E.164, or national digits without the trunk zero; names are folded, their
// words sorted; cards are digits, other identifiers upper-case letters and
// digits; dates are ISO 8601; the rest is folded with single spaces.
func Compact(dst []byte, t Type, value []byte) []byte {
	value = bytes.TrimSpace(value)
	switch t {
	case ContactEmail:
		return compactEmail(dst, value)
	case ContactPhone:
		return compactPhone(dst, value)
	case PersonName, PersonGiven, PersonFamily:
		return compactName(dst, value)
	case FinanceCard:
		return appendDigits(dst, value)
	case Date, PersonBirthDate:
		return compactDate(dst, value)
	case IDNational, IDPassport, IDLicence, IDHealth, IDVehicle, IDDevice, FinanceIBAN, FinanceAccount, FinanceBIC,
		FinanceRouting, FinanceTax, NetMAC, AddressPostcode, IDCustomer, IDEmployee:
		return compactID(dst, value)
	}
	return compactText(dst, value)
}

// compactID appends the letters, in upper case, and the digits. A value
// without any keeps its text.
func compactID(dst, value []byte) []byte {
	start := len(dst)
	if isASCII(value) {
		for _, c := range value {
			switch {
			case isLower(c):
				dst = append(dst, c-0x20)
			case isAlnum(c):
				dst = append(dst, c)
			}
		}
		if len(dst) == start {
			return append(dst, value...)
		}
		return dst
	}
	for _, r := range string(value) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			dst = utf8.AppendRune(dst, unicode.ToUpper(r))
		}
	}
	if len(dst) == start {
		return append(dst, value...)
	}
	return dst
}

// compactText folds, and joins words with single spaces.
func compactText(dst, value []byte) []byte {
	if isASCII(value) {
		return appendWords(dst, value)
	}
	folded := appendFold(make([]byte, 0, len(value)), value)
	for i, word := range bytes.Fields(folded) {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, word...)
	}
	return dst
}

// appendWords appends the words of ASCII text in lower case, with single spaces
// between.
func appendWords(dst, text []byte) []byte {
	start, gap := len(dst), false
	for _, c := range text {
		if isBlank(c) {
			gap = true
			continue
		}
		if gap && len(dst) > start {
			dst = append(dst, ' ')
		}
		gap = false
		if isUpper(c) {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// isBlank reports the white space of ASCII.
func isBlank(c byte) bool { return c == ' ' || c-'\t' <= '\r'-'\t' }
