package detect

import (
	"bytes"
	"encoding/binary"
	"unicode"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
)

// Compact appends the form in which two spellings of a value are equal, and is
// its own fixed point: Compact of the result is the result. An e-mail address
// is in lower case, without its plus tag, its domain in ASCII; a phone number
// is E.164, or national digits without the trunk zero; names are folded, their
// words sorted; cards are digits, other identifiers upper-case letters and
// digits; dates are ISO 8601; the rest is folded with single spaces.
func Compact(dst []byte, t Type, value []byte) []byte {
	switch t {
	case ContactEmail:
		return compactEmail(dst, bytes.TrimSpace(value))
	case ContactPhone:
		return compactPhone(dst, bytes.TrimSpace(value))
	case PersonName, PersonGiven, PersonFamily:
		return compactName(dst, bytes.TrimSpace(value))
	case FinanceCard:
		return appendDigits(dst, bytes.TrimSpace(value))
	case Date, PersonBirthDate:
		return compactDate(dst, bytes.TrimSpace(value))
	case IDNational, IDPassport, IDLicence, IDHealth, IDVehicle, IDDevice, FinanceIBAN, FinanceAccount, FinanceBIC,
		FinanceRouting, FinanceTax, NetMAC, AddressPostcode, IDCustomer, IDEmployee:
		if compact, ok := compactWord(dst, value, true); ok {
			return compact
		}
		return compactID(dst, bytes.TrimSpace(value))
	}
	if compact, ok := compactWord(dst, value, false); ok {
		return compact
	}
	return compactText(dst, bytes.TrimSpace(value))
}

// compactWord is compactID (of an identifier) and compactText for what most values
// are: letters and digits of ASCII alone, or, in a text, one word of ASCII. Eight
// bytes are read at once. For any other value ok is false.
func compactWord(dst, value []byte, identifier bool) (compact []byte, ok bool) {
	n, start := len(value), len(dst)
	if n == 0 {
		return dst, false
	}
	if n < 8 {
		word := [8]byte{'0', '0', '0', '0', '0', '0', '0', '0'}
		copy(word[:], value)
		if ok = compactEight(word[:], word[:], identifier); ok {
			dst = append(dst, word[:n]...)
		}
		return dst, ok
	}
	compact = append(dst, value...)
	for i := 0; i < n; i += 8 {
		i = min(i, n-8) // some are read twice
		if !compactEight(compact[start+i:], value[i:], identifier) {
			return dst, false
		}
	}
	return compact, true
}

// compactEight is compactWord for the first eight bytes of value, into dst.
func compactEight(dst, value []byte, identifier bool) bool {
	word := binary.LittleEndian.Uint64(value)
	letters := lanes.Within(word|0x20*lanes.Each, 'a', 'z') & lanes.Tops
	plain, compact := lanes.Within(word, '!', '~'), word|letters>>2
	if identifier {
		plain, compact = letters|lanes.Within(word, '0', '9'), word&^(letters>>2)
	}
	if word&lanes.Tops != 0 || plain&lanes.Tops != lanes.Tops {
		return false
	}
	binary.LittleEndian.PutUint64(dst, compact)
	return true
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
