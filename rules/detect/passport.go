package detect

// Travel documents: the machine-readable zone of ICAO Doc 9303, and the shape
// of passport numbers, which say little without a header.

const (
	mrzOdds      = 8
	passportOdds = 0.8
)

// isMRZ reports a line of a machine-readable zone: its length, characters,
// and, in a line with a document number, its check digits.
func isMRZ(line []byte) bool {
	switch len(line) {
	case 30, 36, 44:
	default:
		return false
	}
	fillers := 0
	for _, c := range line {
		if c == '<' {
			fillers++
		} else if !isUpper(c) && !isDigit(c) {
			return false
		}
	}
	if line[0] == 'P' || line[0] == 'I' || line[0] == 'V' || line[0] == 'A' || line[0] == 'C' {
		if fillers >= 4 && isUpper(line[2]) && isUpper(line[3]) {
			return true
		}
	}
	if len(line) == 30 {
		return fillers > 0 && mrzCheck(line[:6], line[6]) && mrzCheck(line[8:14], line[14])
	}
	return mrzCheck(line[:9], line[9]) && mrzCheck(line[13:19], line[19]) && mrzCheck(line[21:27], line[27])
}

// mrzCheck checks a field by weights 7, 3, 1.
func mrzCheck(field []byte, check byte) bool {
	sum := 0
	for i, c := range field {
		v := 0
		switch {
		case isDigit(c):
			v = int(c - '0')
		case isUpper(c):
			v = int(c-'A') + 10
		}
		sum += v * [...]int{7, 3, 1}[i%3]
	}
	return check == byte('0'+sum%10) || check == '<' && sum == 0
}

// isPassport reports the usual forms of passport numbers: one or two letters
// and seven or eight more signs, or nine of Germany's alphabet.
func isPassport(value []byte) bool {
	for _, form := range [...]string{"A9999999", "A99999999", "AA999999", "AA9999999", "AAA999999", "99AA99999", "A*******9"} {
		if matches(form, value) {
			return true
		}
	}
	return false
}
