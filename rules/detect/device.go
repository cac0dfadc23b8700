package detect

import "bytes"

// Devices and vehicles: IMEI (3GPP TS 23.003), VIN (ISO 3779, 49 CFR 565).

const (
	imeiOdds     = 2.5
	vinOdds      = 3
	vinCheckOdds = 6
)

// isIMEI reports fifteen digits with Luhn whose first two name a reporting body.
func isIMEI(digits []byte) bool {
	if len(digits) != 15 || sameDigit(digits) {
		return false
	}
	switch number(digits[:2]) {
	case 1, 10, 30, 33, 35, 44, 45, 49, 50, 51, 52, 53, 54, 86, 91, 98, 99:
		return luhn(digits)
	}
	return false
}

// vehicleOdds weighs seventeen characters without I, O and Q. North American
// numbers have a check digit; others may.
func vehicleOdds(value []byte) float32 {
	if len(value) != 17 {
		return 0
	}
	letters, digits := 0, 0
	for _, c := range value {
		switch {
		case isDigit(c):
			digits++
		case isUpper(c) && c != 'I' && c != 'O' && c != 'Q':
			letters++
		default:
			return 0
		}
	}
	if letters < 2 || digits < 3 || !isDigit(value[16]) || !isDigit(value[15]) {
		return 0
	}
	if vinCheck(value) {
		return vinCheckOdds
	}
	return vinOdds
}

func vinCheck(value []byte) bool {
	const (
		letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
		values  = "12345678123457923456789"
		weights = "8765432:098765432"
	)
	sum := 0
	for i, c := range value {
		v := int(c - '0')
		if k := bytes.IndexByte([]byte(letters), c); k >= 0 {
			v = int(values[k] - '0')
		}
		sum += v * int(weights[i]-'0')
	}
	return value[8] == "0123456789X"[sum%11]
}
