package detect

// Payment cards: ISO/IEC 7812-1 (length, Luhn) and the issuers' published
// ranges of first digits.

// cardOdds: Luhn passes one number in ten, the ranges and lengths of the usual
// cards about one in four of what is left. Visa of 13 digits is no longer
// issued, and the other lengths are rare.
const (
	cardOdds     = 4.5
	cardRareOdds = 1.5
)

// bareCardOdds weighs a card without separators by its number of digits.
func bareCardOdds(n int) float32 {
	if n == 15 || n == 16 {
		return cardOdds
	}
	return cardRareOdds
}

// isCard reports whether value is the number of a payment card, with or
// without spaces or dashes.
func isCard(value []byte) bool {
	var buf digitBuf
	digits, ok := buf.digits(value)
	return ok && cardLength(digits) && !sameDigit(digits) && luhn(digits) && cardGroups(value)
}

// cardLength reports whether a number with these first digits has this many.
func cardLength(digits []byte) bool {
	n := len(digits)
	if n < 13 || n > 19 {
		return false
	}
	four := number(digits[:4])
	switch {
	case digits[0] == '4': // Visa
		return n == 13 || n == 16 || n == 19
	case four >= 5100 && four <= 5599, four >= 2221 && four <= 2720: // Mastercard
		return n == 16
	case four/100 == 34, four/100 == 37: // American Express
		return n == 15
	case four/100 == 36, four/100 == 38, four/100 == 39, four >= 3000 && four <= 3059, four == 3095: // Diners
		return n == 14 || n == 16
	case four == 6011, four >= 6440 && four <= 6599: // Discover
		return n == 16 || n == 19
	case four >= 3528 && four <= 3589: // JCB
		return n == 16 || n == 19
	case four/100 == 62, four/100 == 81: // UnionPay
		return n >= 16
	case four/100 == 60, four/100 == 65: // RuPay
		return n == 16
	case four >= 2200 && four <= 2204, four == 9792: // Mir, Troy
		return n == 16
	case four/100 == 50, four/100 >= 56 && four/100 <= 58, four/100 == 63, four/100 == 67: // Maestro
		return n == 16 || n == 18 || n == 19
	}
	return false
}

// cardGroups reports whether the digits are grouped as on a card: none, or
// two to five groups of three to seven digits, all parted by the same sign.
func cardGroups(value []byte) bool {
	run, groups := 0, 0
	var sep byte
	for i := 0; i <= len(value); i++ {
		if i < len(value) && isDigit(value[i]) {
			run++
			continue
		}
		if i < len(value) {
			if value[i] == '.' || value[i] == '/' || sep != 0 && value[i] != sep {
				return false
			}
			sep = value[i]
			if run < 3 || run > 7 {
				return false
			}
		} else if sep != 0 && (run < 1 || run > 7) {
			return false
		}
		groups, run = groups+1, 0
	}
	return sep == 0 || groups >= 2 && groups <= 5
}

// isTestCard reports the numbers that payment providers publish for tests.
func isTestCard(digits []byte) bool {
	switch string(digits) {
	case "4111111111111111", "4242424242424242", "4012888888881881", "4000056655665556",
		"4222222222222", "4000000000000002", "4000000000000077", "4000002500003155", "4917610000000000",
		"5555555555554444", "5105105105105100", "5200828282828210", "2223003122003222", "5424000000000015",
		"378282246310005", "371449635398431", "378734493671000", "370000000000002",
		"6011111111111117", "6011000990139424", "6011000000000004", "6011981111111113",
		"30569309025904", "38520000023237", "3056930009020004", "36227206271667", "36148900647913",
		"3566002020360505", "3530111333300000", "3566111111111113", "6200000000000005", "6304000000000000":
		return true
	}
	return false
}
