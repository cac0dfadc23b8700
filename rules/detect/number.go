package detect

const numberOdds = 1.5

// isNumber reports digits with a sign, a decimal part and groups of thousands,
// and an exponent or a percent sign behind.
func isNumber(value []byte) bool {
	if len(value) > 0 && (value[0] == '-' || value[0] == '+') {
		value = value[1:]
	}
	if n := len(value); n > 1 && value[n-1] == '%' {
		value = value[:n-1]
	}
	seps, run := 0, 0
	for i, c := range value {
		switch {
		case isDigit(c):
			run++
		case (c == '.' || c == ',' || c == ' ' || c == '\'') && i > 0 && run > 0:
			if seps > 0 && run != 3 {
				return false
			}
			seps, run = seps+1, 0
		default:
			return false
		}
	}
	return run > 0 && (seps < 2 || run <= 3)
}
