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
	var sep, previous byte
	for i, c := range value {
		switch {
		case isDigit(c):
			run++
		case (c == '.' || c == ',' || c == ' ' || c == '\'') && i > 0 && run > 0:
			if seps > 0 && run != 3 {
				return false
			}
			seps, run = seps+1, 0
			sep, previous = c, sep
		default:
			return false
		}
	}
	if seps > 1 && sep == previous {
		return run == 3
	}
	return run > 0
}
