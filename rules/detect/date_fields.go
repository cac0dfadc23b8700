package detect

import "bytes"

// dateFields splits a value into the fields of a date. A time, a weekday
// before it and a zone behind it are passed over.
func dateFields(value []byte) (f dateParts, ok bool) {
	value = trimWeekday(value)
	i := 0
	for i < len(value) && f.n < 3 {
		c := value[i]
		start := i
		switch {
		case isDigit(c):
			for i < len(value) && isDigit(value[i]) {
				i++
			}
			if i-start > 8 {
				return f, false
			}
			f.value[f.n], f.width[f.n] = number(value[start:i]), uint8(i-start)
			f.n++
			i += ordinal(value[i:])
			if f.n == 1 && i-start == 8 && i < len(value) && value[i] != 'T' && value[i] != ' ' {
				return f, false
			}
		case isLetter(c) || c >= 0x80:
			for i < len(value) && (isLetter(value[i]) || value[i] >= 0x80) {
				i++
			}
			if !f.word(value[start:i]) {
				return f, f.n == 1 && f.width[0] == 8 && value[start] == 'T'
			}
		case c == '/' || c == '-' || c == '.' || c == ' ' || c == ',':
			if f.sep == 0 {
				f.sep = c
			}
			i++
		default:
			return f, false
		}
	}
	return f, f.n != 2 && dateTail(value[i:])
}

// word takes a month, or a word that stands between the fields.
func (f *dateParts) word(word []byte) bool {
	switch string(word) {
	case "de", "of", "del", "年", "月", "年月":
		return true
	}
	month := monthNumber(word)
	if month == 0 {
		return false
	}
	f.value[f.n], f.width[f.n] = month, 0
	f.n++
	return true
}

// ordinal returns the length of "st", "nd", "rd", "th", "º" at the front.
func ordinal(rest []byte) int {
	if len(rest) >= 2 && (len(rest) == 2 || !isLetter(rest[2])) {
		switch string(rest[:2]) {
		case "st", "nd", "rd", "th", "er", "º":
			return 2
		}
	}
	return 0
}

// dateTail reports whether what follows a date is nothing or a time.
func dateTail(rest []byte) bool {
	rest = bytes.TrimPrefix(rest, []byte("日"))
	rest = bytes.Trim(rest, " .,")
	if len(rest) == 0 {
		return true
	}
	if rest[0] == 'T' || rest[0] == 't' {
		rest = rest[1:]
	}
	if len(rest) < 2 || !isDigit(rest[0]) || bytes.IndexByte(rest, ':') < 1 {
		return false
	}
	for _, c := range rest {
		if !isAlnum(c) && c != ':' && c != '.' && c != ',' && c != '+' && c != '-' && c != ' ' && c != '/' {
			return false
		}
	}
	return true
}

// trimWeekday removes "Mon, ", "Tuesday " and their like in any language with
// a comma or an English one without.
func trimWeekday(value []byte) []byte {
	i := 0
	for i < len(value) && (isLetter(value[i]) || value[i] >= 0x80) {
		i++
	}
	if i < 2 || i >= len(value) || monthNumber(value[:i]) != 0 {
		return value
	}
	if value[i] == ',' || value[i] == ' ' || value[i] == '.' {
		return bytes.TrimLeft(value[i:], "., ")
	}
	return value
}

// monthNumber returns the number of a month's name or abbreviation in English,
// German, French, Spanish, Italian, Portuguese, Dutch, Polish or Swedish; 0
// when word is none.
func monthNumber(word []byte) int {
	if len(word) < 3 || len(word) > 12 {
		return 0
	}
	var buf [24]byte
	folded := string(appendFold(buf[:0], word))
	if len(folded) < 3 {
		return 0
	}
	switch folded[:3] {
	case "jan", "ene", "gen", "sty":
		return monthIf(1, folded, "jan", "january", "januar", "janvier", "janv", "enero", "ene", "gennaio", "gen", "janeiro", "januari", "styczen", "stycznia", "sty")
	case "feb", "fev", "lut":
		return monthIf(2, folded, "feb", "february", "februar", "fevrier", "fevr", "febrero", "febbraio", "fevereiro", "fev", "februari", "luty", "lutego", "lut")
	case "mar", "maa", "mrt", "mae", "mrz":
		return monthIf(3, folded, "mar", "march", "marz", "mars", "marzo", "marco", "maart", "mrt", "marzec", "marca", "maerz", "mrz")
	case "apr", "avr", "abr", "kwi":
		return monthIf(4, folded, "apr", "april", "avril", "avr", "abril", "abr", "aprile", "kwiecien", "kwietnia", "kwi")
	case "may", "mai", "mag", "mei", "maj":
		return monthIf(5, folded, "may", "mai", "mayo", "maggio", "mag", "maio", "mei", "maj", "maja")
	case "jun", "jui", "giu", "cze":
		if m := monthIf(7, folded, "juil", "juillet"); m != 0 {
			return m
		}
		return monthIf(6, folded, "jun", "june", "juni", "juin", "junio", "giugno", "giu", "junho", "czerwiec", "czerwca", "cze")
	case "jul", "lug", "lip":
		return monthIf(7, folded, "jul", "july", "juli", "julio", "luglio", "lug", "julho", "lipiec", "lipca", "lip")
	case "aug", "aou", "ago", "sie":
		return monthIf(8, folded, "aug", "august", "aout", "agosto", "ago", "augustus", "augusti", "sierpien", "sierpnia", "sie")
	case "sep", "set", "wrz":
		return monthIf(9, folded, "sep", "sept", "september", "septembre", "septiembre", "settembre", "set", "setembro", "wrzesien", "wrzesnia", "wrz")
	case "oct", "okt", "ott", "out", "paz":
		return monthIf(10, folded, "oct", "october", "okt", "oktober", "octobre", "octubre", "ottobre", "ott", "outubro", "out", "pazdziernik", "pazdziernika", "paz")
	case "nov", "lis":
		return monthIf(11, folded, "nov", "november", "novembre", "noviembre", "novembro", "listopad", "listopada", "lis")
	case "dec", "dez", "dic", "gru":
		return monthIf(12, folded, "dec", "december", "dez", "dezember", "decembre", "diciembre", "dic", "dicembre", "dezembro", "grudzien", "grudnia", "gru")
	}
	return 0
}

func monthIf(month int, word string, names ...string) int {
	for _, name := range names {
		if word == name {
			return month
		}
	}
	return 0
}
