package detect

const (
	timeOdds = 4
	isbnOdds = 4.5
)

// isTimeOfDay reports whether a value is a time of day or a duration: minutes
// and seconds below 60 after a colon, as in "7:05", "23:59:30".
func isTimeOfDay(value []byte) bool {
	fields, width := 1, 0
	for i, c := range value {
		switch {
		case c == ':' && width > 0 && width <= 3 && fields < 3 && (fields == 1 || width == 2):
			fields++
			width = 0
		case !isDigit(c):
			return false
		default:
			if width++; fields > 1 && width == 1 && c > '5' || fields > 1 && width > 2 {
				return false
			}
		}
		if i > 8 {
			return false
		}
	}
	return fields > 1 && width == 2
}

// isISBN reports whether a value is a book's number of 13 digits (ISO 2108) in
// groups.
func isISBN(value []byte) bool {
	if len(value) < 14 || len(value) > 17 || string(value[:3]) != "978" && string(value[:3]) != "979" {
		return false
	}
	digits := 0
	for _, c := range value {
		switch {
		case isDigit(c):
			digits++
		case c != '-' && c != ' ':
			return false
		}
	}
	return digits == 13
}
