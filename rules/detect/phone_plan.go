package detect

// plan is the length of the national numbers under one country code: digits
// after the code, shortest and longest.
type plan struct{ code, shortest, longest uint16 }

// countryPlan finds the country code at the front of international digits
// (ITU-T E.164 list of assigned codes) and the lengths its numbers have.
// width is 0 when no code begins so.
func countryPlan(digits []byte) (width, shortest, longest int) {
	if len(digits) < 4 {
		return 0, 0, 0
	}
	switch digits[0] {
	case '1', '7':
		return 1, 10, 10
	case '0':
		return 0, 0, 0
	}
	code := uint16(number(digits[:2]))
	if p, ok := findPlan(code); ok {
		return 2, int(p.shortest), int(p.longest)
	}
	if isTwoDigitCode(code) {
		return 2, 6, 12
	}
	code = uint16(number(digits[:3]))
	if p, ok := findPlan(code); ok {
		return 3, int(p.shortest), int(p.longest)
	}
	if isThreeDigitCode(code) {
		return 3, 5, 11
	}
	return 0, 0, 0
}

// isTwoDigitCode reports the codes of two digits without a plan below.
func isTwoDigitCode(code uint16) bool {
	switch code {
	case 51, 53, 54, 57, 58, 60, 62, 64, 66, 84, 92, 93, 94, 95, 98:
		return true
	}
	return false
}

// isThreeDigitCode reports whether a code lies in a zone of three-digit codes.
func isThreeDigitCode(code uint16) bool {
	switch zone := code / 10; zone {
	case 21, 22, 23, 24, 25, 26, 29, 35, 37, 38, 42, 50, 59, 67, 68, 69, 80, 85, 87, 88, 96, 97, 99:
		return true
	}
	return false
}

// findPlan looks a code up.
func findPlan(code uint16) (plan, bool) {
	switch code {
	case 30, 33, 34, 48:
		n := uint16(9)
		if code == 30 {
			n = 10
		}
		return plan{code, n, n}, true
	case 20, 90, 91, 63:
		return plan{code, 8, 10}, true
	case 27, 31, 32, 41, 45, 46, 47, 61, 65, 56:
		return plan{code, 7, 10}, true
	case 36:
		return plan{code, 8, 9}, true
	case 39:
		return plan{code, 6, 11}, true
	case 40:
		return plan{code, 9, 9}, true
	case 43:
		return plan{code, 4, 13}, true
	case 44:
		return plan{code, 9, 10}, true
	case 49:
		return plan{code, 6, 12}, true
	case 52:
		return plan{code, 10, 11}, true
	case 55:
		return plan{code, 10, 11}, true
	case 81:
		return plan{code, 9, 10}, true
	case 82:
		return plan{code, 8, 11}, true
	case 86:
		return plan{code, 10, 12}, true
	case 351, 420, 966, 971, 380, 994, 998, 374, 233, 254:
		return plan{code, 8, 9}, true
	case 353, 421, 358, 386, 385, 381, 359, 370, 371, 372, 375, 972, 352, 354, 356, 357:
		return plan{code, 5, 11}, true
	}
	return plan{}, false
}
