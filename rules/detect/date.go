package detect

// Dates in the orders and spellings of exports: ISO 8601, day or month first,
// with a month in words, with a time behind.

const (
	dateOdds      = 5
	dateLooseOdds = 3.5 // two-digit year
	datePlainOdds = 1.5 // eight digits
	birthShare    = -2  // of dates in tables few are birth dates: the header decides
)

// date is a calendar date.
type date struct{ year, month, day int }

// plausible reports whether the date exists and a table could hold it.
func (d date) plausible() bool {
	return d.year >= 1800 && d.year <= 2199 && d.month >= 1 && d.month <= 12 && d.day >= 1 && d.day <= monthDays(d.year, d.month)
}

// birth reports whether somebody alive could be born on the date.
func (d date) birth() bool { return d.year >= 1905 && d.year <= 2025 }

func monthDays(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// addDate adds the readings of a date.
func (r *reading) addDate() bool {
	d, odds, ok := parseDate(r.value)
	if !ok {
		return false
	}
	r.add(Date, odds)
	if d.birth() && !hasTime(r.value) {
		r.add(PersonBirthDate, odds+birthShare)
	}
	return true
}

// hasTime reports whether a date has a time of day other than midnight.
func hasTime(value []byte) bool {
	for i, c := range value {
		if c == ':' && i > 1 {
			for _, digit := range value[i-2:] {
				if digit >= '1' && digit <= '9' {
					return true
				}
			}
			return false
		}
	}
	return false
}

// parseDate reads a date, with or without a time. The odds tell how far the
// form is one of dates only.
func parseDate(value []byte) (date, float32, bool) {
	if len(value) < 6 || len(value) > 40 {
		return date{}, 0, false
	}
	f, ok := dateFields(value)
	if !ok {
		return date{}, 0, false
	}
	d, odds := f.read()
	return d, odds, odds > 0 && d.plausible()
}

// dateParts are the first three fields of a date.
type dateParts struct {
	value [3]int
	width [3]uint8 // digits; 0 for a month in words
	n     int
	sep   byte
}

// read decides the order of the fields.
func (f dateParts) read() (date, float32) {
	v, w := f.value, f.width
	if f.n == 1 {
		return readPlainDate(v[0], w[0])
	}
	if f.n != 3 {
		return date{}, 0
	}
	for i := range 3 {
		if w[i] == 0 { // month in words
			return readWordDate(f, i)
		}
	}
	switch {
	case w[0] == 4 && w[1] <= 2 && w[2] <= 2:
		return date{v[0], v[1], v[2]}, dateOdds
	case w[0] > 2 || w[1] > 2 || w[2] != 4 && w[2] != 2:
		return date{}, 0
	}
	odds := float32(dateOdds)
	year := v[2]
	if w[2] == 2 {
		odds = dateLooseOdds
		if f.sep == '-' && w[0] == 2 && v[0] > 31 || v[2] > 31 && f.sep == ' ' {
			return date{}, 0
		}
		year = fullYear(year)
	}
	if v[1] > 12 { // month first
		return date{year, v[0], v[1]}, odds
	}
	return date{year, v[1], v[0]}, odds
}

func readPlainDate(v int, width uint8) (date, float32) {
	if width != 8 {
		return date{}, 0
	}
	if d := (date{v / 10000, v / 100 % 100, v % 100}); d.plausible() && d.year >= 1900 && d.year <= 2099 {
		return d, datePlainOdds
	}
	if d := (date{v % 10000, v / 10000 % 100, v / 1000000}); d.plausible() && d.year >= 1900 && d.year <= 2099 {
		return d, datePlainOdds - 0.5
	}
	return date{}, 0
}

// readWordDate reads "3 May 1999", "May 3, 1999" and "1999-May-03".
func readWordDate(f dateParts, month int) (date, float32) {
	v, w := f.value, f.width
	day, year := 0, 2
	switch {
	case month == 0:
		day = 1
	case month == 2:
		return date{}, 0
	case w[0] == 4:
		day, year = 2, 0
	}
	y := v[year]
	switch w[year] {
	case 2:
		y = fullYear(y)
	case 4:
	default:
		return date{}, 0
	}
	if w[day] == 0 || w[day] > 2 {
		return date{}, 0
	}
	return date{y, v[month], v[day]}, dateOdds
}

// fullYear puts a two-digit year into the century that birth dates and
// records of working systems lie in.
func fullYear(year int) int {
	if year > 30 {
		return 1900 + year
	}
	return 2000 + year
}

// compactDate appends a date as ISO 8601, or the folded value.
func compactDate(dst, value []byte) []byte {
	start := len(dst)
	dst = compactText(dst, value)
	d, _, ok := parseDate(dst[start:])
	if !ok {
		return dst
	}
	return append(dst[:start],
		byte('0'+d.year/1000), byte('0'+d.year/100%10), byte('0'+d.year/10%10), byte('0'+d.year%10), '-',
		byte('0'+d.month/10), byte('0'+d.month%10), '-', byte('0'+d.day/10), byte('0'+d.day%10))
}
