package table

import (
	"bytes"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// figures is what the numbers in a column's cells are like.
type figures struct {
	whole    int // cells that are whole numbers below a thousand million
	least    int
	most     int
	round    int // of them, those that end in two zeros
	fixed    int // cells of the same length as the first
	width    int // that length
	dated    int // cells with a year
	first    int // earliest year
	last     int // latest year
	money    int // numbers with two decimals
	measured int // numbers with a decimal point or comma
	tangled  int // cells of small letters, digits and something else, without spaces
}

// add notes one value.
func (g *figures) add(value []byte, m uint8) {
	if g.width == 0 {
		g.width = len(value)
	}
	if len(value) == g.width {
		g.fixed++
	}
	if n := len(value); n > 3 && m == hasDigit|hasPoint && (value[n-3] == '.' || value[n-3] == ',') && n < 12 && digit(value[n-4]) {
		g.money++
	}
	if m == hasDigit|hasPoint && bytes.ContainsAny(value, ".,") {
		g.measured++
	}
	if m == hasDigit && len(value) <= 9 {
		g.integer(value)
	}
	if m&hasDigit != 0 && m&^(hasDigit|hasPoint|hasLetter|hasSpace) == 0 && len(value) >= 8 && len(value) <= 24 {
		g.year(value)
	}
	if m&hasSpace == 0 && m&hasDigit != 0 && m&hasLetter != 0 && m&hasAt == 0 && len(value) >= 6 && len(value) <= 24 && tangled(value) {
		g.tangled++
	}
}

func (g *figures) integer(value []byte) {
	n := 0
	for _, c := range value {
		n = n*10 + int(c-'0')
	}
	if g.whole == 0 || n < g.least {
		g.least = n
	}
	g.most = max(g.most, n)
	g.whole++
	if n%100 == 0 {
		g.round++
	}
}

// year notes the year of a date: the four digits that stand together, or the
// first four of eight.
func (g *figures) year(value []byte) {
	run, n := 0, 0
	for i := 0; i <= len(value); i++ {
		if i < len(value) && digit(value[i]) {
			run++
			if run <= 4 {
				n = n*10 + int(value[i]-'0')
			}
			continue
		}
		if (run == 4 || run == 8) && n >= 1850 && n <= 2100 {
			if g.dated == 0 || n < g.first {
				g.first = n
			}
			g.last = max(g.last, n)
			g.dated++
			return
		}
		run, n = 0, 0
	}
}

// tangled reports whether a word has small letters, digits, and large letters
// or signs besides, as passwords do.
func tangled(value []byte) bool {
	var small, large, digits, signs int
	for i, c := range value {
		switch {
		case 'a' <= c && c <= 'z':
			small++
		case 'A' <= c && c <= 'Z':
			large++
			if i == 0 {
				large--
				small++
			}
		case digit(c):
			digits++
		default:
			signs++
		}
	}
	return small > 2 && digits > 0 && (large > 0 || signs > 0)
}

// amongPeople weighs what the figures of column j mean when the table is about
// people: without them 34 is any number.
func (r *reading) amongPeople(best []detect.Type) {
	people, known := false, false
	for _, t := range best {
		switch t {
		case detect.PersonName, detect.PersonGiven, detect.PersonFamily, detect.ContactEmail, detect.ContactPhone:
			people = true
		case detect.IDCustomer:
			known = true
		}
		if t == detect.IDUsername {
			people = true
		}
	}
	if !people {
		return
	}
	for j := range best {
		f := &r.facts[j]
		g := &f.figures
		n := f.distinct
		if n < 3 || r.head.heading(j).strongest() > 1.5 {
			continue
		}
		if r.speaks(j) {
			if r.head.heading(j).known {
				continue
			}
			switch {
			case g.generations(n):
				f.score[detect.PersonBirthDate] = max(f.score[detect.PersonBirthDate], f.score[detect.Date]+1)
			case g.tangled*10 >= n*8 && f.unique():
				f.score[detect.SecretPassword] += 4.5
			case j == 0 && !known && f.countsPeople(n):
				f.score[detect.IDCustomer] += 3.6
				known = true
			}
			continue
		}
		switch {
		case g.dated*10 >= n*9 && int(f.hits[detect.Date])*10 >= n*8 && g.last <= 2015 && g.first <= 1995 && g.last-g.first >= 10:
			f.score[detect.PersonBirthDate] += 4
			if g.generations(n) {
				f.score[detect.PersonBirthDate] = max(f.score[detect.PersonBirthDate], f.score[detect.Date]+1)
			}
		case g.whole == n && g.least >= 14 && g.most <= 105 && g.most-g.least >= 15:
			f.score[detect.PersonAge] += 3.2
		case g.whole == n && g.round == n && g.least >= 8000 && g.most <= 900000:
			f.score[detect.FinanceSalary] += 4.5
		case g.money*10 >= n*9:
			f.score[detect.FinanceAmount] += 3
		case g.tangled*10 >= n*7 && f.unique():
			f.score[detect.SecretPassword] += 4.5
		case g.whole == n && g.fixed == n && g.width >= 4 && g.width <= 6 && beside(best, j, detect.AddressCity):
			f.score[detect.AddressPostcode] += 4
		case !known && f.countsPeople(n):
			f.score[detect.IDCustomer] += 3.6
			known = true
		case f.catalogue():
			f.score[detect.Product] += 1.5
		}
	}
}

// countsPeople reports whether n values may number the rows' people: codes of one
// width, each its own, that are nothing else.
func (f *facts) countsPeople(n int) bool {
	g := &f.figures
	return g.measured == 0 && !g.years(n) && f.unique() && f.spaces == 0 && g.fixed*10 >= n*8 && g.width >= 4 && g.width <= 14 && f.plainCode()
}

// generations reports whether n dates are spread as birth dates of adults are,
// and as no other dates beside names: over decades, none of late.
func (g *figures) generations(n int) bool {
	return n >= 6 && g.dated == n && g.last <= 2015 && g.first >= 1905 && g.first <= 1980 && g.last-g.first >= 25
}

// years reports whether all of n numbers may be years.
func (g *figures) years(n int) bool { return g.whole == n && g.least >= 1400 && g.most <= 2100 }

// speaks reports whether a header of a language that the lexicon knows names
// column j: then it would have said so.
func (r *reading) speaks(j int) bool {
	return !r.head.weak && r.head.name(j) != "" && r.head.fluent()
}

// catalogue reports whether the cells repeat a few short phrases.
func (f *facts) catalogue() bool {
	return f.filled >= 10 && f.distinct*2 <= f.filled && f.spaces*3 >= f.distinct && f.length <= 22*f.distinct && f.longest <= 40
}

// beside reports whether a column next to column j is of the given type.
func beside(best []detect.Type, j int, kind detect.Type) bool {
	return j > 0 && best[j-1] == kind || j+1 < len(best) && best[j+1] == kind
}

// unique reports whether hardly any value comes twice.
func (f *facts) unique() bool { return f.distinct*10 >= f.filled*9 }

// plainCode reports whether the column is of numbers or short codes that no
// detector knows as something else.
func (f *facts) plainCode() bool {
	if f.shapes[numeric]+f.shapes[mixed] < f.distinct || f.figures.dated > 0 || f.figures.money*4 > f.distinct {
		return false
	}
	if int(f.hits[detect.Date])*2 > f.distinct || int(f.hits[detect.Product])*2 > f.distinct && f.sum[detect.Product] > 3*float32(f.hits[detect.Product]) {
		return false // times of day, books
	}
	for t := detect.None + 1; t < detect.NumTypes; t++ {
		if t.Category() != detect.Context && int(f.hits[t])*2 > f.distinct && f.score[t] > 2 {
			return false
		}
	}
	return true
}
