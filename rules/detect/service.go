package detect

// TollFree reports whether a telephone number is one whose calls the called
// pays for: an organisation's, and nobody's own. They begin with 800 in most
// plans (ITU-T E.169.1, and the national ones after it), in North America also with
// 833 to 888.
func TollFree(value []byte) bool {
	var room [20]byte
	digits := room[:0]
	for _, c := range value {
		if isDigit(c) && len(digits) < cap(digits) {
			digits = append(digits, c)
		}
	}
	switch {
	case len(digits) < 7:
		return false
	case value[0] == '+':
		width, _, _ := countryPlan(digits)
		if width == 1 && digits[0] == '1' {
			return northAmericanFree(digits[1:])
		}
		return string(digits[:3]) == "800" || string(digits[width:width+3]) == "800"
	case len(digits) == 11 && digits[0] == '1':
		return northAmericanFree(digits[1:])
	case len(digits) == 10 && digits[0] == '8':
		return northAmericanFree(digits)
	}
	return string(digits[:4]) == "0800" || string(digits[:5]) == "00800"
}

func northAmericanFree(national []byte) bool {
	switch string(national[:min(3, len(national))]) {
	case "800", "833", "844", "855", "866", "877", "888":
		return true
	}
	return false
}
