package detect

// luhn reports whether the last of the digits is the check digit of the others
// (ISO/IEC 7812-1, annex B).
func luhn(digits []byte) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return len(digits) > 1 && sum%10 == 0
}

// mod11 returns the weighted sum of the digits modulo 11. The weights are
// written as a string of digits, with ':' for ten, one for each digit.
func mod11(digits []byte, weights string) int { return weighted(digits, weights) % 11 }

// weighted returns the sum of digits times weights.
func weighted(digits []byte, weights string) int {
	sum := 0
	for i := range weights {
		sum += int(digits[i]-'0') * int(weights[i]-'0')
	}
	return sum
}

// sameDigit reports whether all digits are equal: a filler, not an identifier.
func sameDigit(digits []byte) bool {
	for _, c := range digits {
		if c != digits[0] {
			return false
		}
	}
	return true
}
