package detect

import "bytes"

// National identifiers: identity, social insurance, health and tax numbers of
// people, and the tax numbers of businesses that look like them. Each scheme
// tells its source. The rules follow the issuing offices' publications.

// scheme is one kind of identifier.
type scheme struct {
	country string // ISO 3166-1 alpha-2
	kind    Type
	// form is the identifier without separators: '9' a digit, 'A' a letter,
	// '*' either, any other sign itself.
	form string
	// pretty is how the country prints it, "" when it has no separators.
	pretty string
	// plain and printed are the log-odds of a valid value as bare letters and
	// digits, and in its pretty form. One check digit lets one random number
	// in ten pass, and several schemes share a length.
	plain, printed float32
	// valid checks digits, dates and ranges of a value that has the form.
	valid func(id []byte) bool
}

// placedScheme is a scheme with the places in its form where a digit must be, or
// a letter, a bit for each.
type placedScheme struct {
	scheme
	digits, letters uint32
}

func placed(s scheme) placedScheme {
	p := placedScheme{scheme: s}
	for i, c := range []byte(s.form) {
		switch {
		case c == '9':
			p.digits |= 1 << i
		case isLetter(c):
			p.letters |= 1 << i
		}
	}
	return p
}

// schemeIndex finds the schemes by length, those of digits apart from those
// with letters.
type schemeIndex [maxScheme + 1][2]schemes

// schemes are those of one length.
type schemes struct {
	list    []placedScheme
	pretty  uint64 // the lengths of their pretty forms, a bit for each
	digits  uint32 // the places where all have a digit
	letters uint32 // and a letter
}

func (s *schemes) add(p placedScheme) {
	if len(s.list) == 0 {
		s.digits, s.letters = p.digits, p.letters
	}
	s.list = append(s.list, p)
	s.pretty |= 1 << len(p.pretty)
	s.digits &= p.digits
	s.letters &= p.letters
}

const maxScheme = 18

func newSchemes() *schemeIndex {
	var index schemeIndex
	for _, group := range [][]scheme{
		americanSchemes(), westernSchemes(), southernSchemes(), nordicSchemes(), centralSchemes(), easternSchemes(),
		asianSchemes(), pacificSchemes(), businessSchemes(),
	} {
		for _, s := range group {
			letters := 0
			for _, c := range []byte(s.form) {
				if c != '9' && !isDigit(c) {
					letters = 1
				}
			}
			index[len(s.form)][letters].add(placed(s))
		}
	}
	return &index
}

// matches reports whether value has a form.
func matches(form string, value []byte) bool {
	if len(form) != len(value) {
		return false
	}
	for i, c := range value {
		switch form[i] {
		case '9':
			if !isDigit(c) {
				return false
			}
		case 'A':
			if !isUpper(c) {
				return false
			}
		case '*':
			if !isAlnum(c) {
				return false
			}
		default:
			if c != form[i] {
				return false
			}
		}
	}
	return true
}

// addNational adds the readings of value under every scheme that it is valid in.
func (r *reading) addNational() { r.d.nationals(r.value, &r.shape, false, r.add) }

// nationals finds every scheme in which a value of shape s is valid, with the
// log-odds of it. A strict reading takes identifiers only bare or as their
// country prints them: in prose, other spacing parts two numbers.
func (d *Detector) nationals(value []byte, s *shape, strict bool, found func(Type, float32)) {
	n := s.digits() + s.ascii()
	if n < 8 || n > maxScheme || s.of(classHigh) > 0 {
		return
	}
	letters := min(s.ascii(), 1)
	bare := n == s.n
	spaced := n+s.of(classSpace) == s.n && !strict
	schemes := &d.schemes[n][letters]
	if !bare && !spaced && schemes.pretty>>s.n&1 == 0 {
		return
	}
	var places uint32
	if letters == 1 {
		places = d.letterPlaces(value)
		if places&schemes.digits != 0 || schemes.letters&^places != 0 {
			return
		}
	}
	var id []byte // the letters and digits; a copy is made only where a scheme fits
	var buf *digitBuf
	if bare && s.of(classLower) == 0 {
		id = value
	}
	for i := range schemes.list {
		scheme := &schemes.list[i]
		printed := !bare && len(value) == len(scheme.pretty) && scheme.prints(value)
		if !bare && !printed && !spaced {
			continue
		}
		if letters == 1 && (places&scheme.digits != 0 || scheme.letters&^places != 0) {
			continue
		}
		if id == nil {
			buf = d.digitBuf()
			id, _ = buf.alnum(value)
		}
		if letters == 1 && !matches(scheme.form, id) || sameDigit(id) || !scheme.valid(id) {
			continue
		}
		switch {
		case printed:
			found(scheme.kind, scheme.printed)
		case bare:
			found(scheme.kind, scheme.plain)
		default:
			found(scheme.kind, scheme.plain-1)
		}
	}
	if buf != nil {
		d.spare.Put(buf)
	}
}

// letterPlaces returns the places among the letters and digits of value, at most
// maxScheme of them, that have letters, a bit for each.
func (d *Detector) letterPlaces(value []byte) (places uint32) {
	at := 0
	for _, c := range value {
		b := d.word[c]
		letter := b / letterOfWord & 1
		places |= uint32(letter) << (at & 31)
		at += int(letter | b/digitOfName&1)
	}
	return places
}

// prints reports whether value is written the way the country prints the
// scheme: the same separators in the same places.
func (s *scheme) prints(value []byte) bool {
	if len(value) != len(s.pretty) {
		return false
	}
	for i := range value {
		if c := s.pretty[i]; isAlnum(value[i]) != (isAlnum(c) || c == '*') || !isAlnum(value[i]) && value[i] != c {
			return false
		}
	}
	return true
}

// nationalValid reports whether value is valid in any scheme of a type, bare,
// as its country prints it or with spaces.
func (d *Detector) nationalValid(t Type, value []byte) bool {
	buf := d.digitBuf()
	defer d.spare.Put(buf)
	id, ok := buf.alnum(value)
	if !ok || len(id) < 8 || len(id) > maxScheme || sameDigit(id) {
		return false
	}
	plain := len(id) == len(value) || !bytes.ContainsAny(value, "-./()")
	for _, schemes := range d.schemes[len(id)] {
		for i := range schemes.list {
			s := &schemes.list[i]
			if s.kind == t && (plain || s.prints(value)) && matches(s.form, id) && s.valid(id) {
				return true
			}
		}
	}
	return false
}

// shortDate reports whether two-digit year, month and day make a date in
// either century.
func shortDate(year, month, day []byte) bool {
	y, m, d := number(year), number(month), number(day)
	return date{1900 + y, m, d}.plausible() || date{2000 + y, m, d}.plausible()
}

// ymd and dmy read six digits as a date.
func ymd(id []byte) bool { return shortDate(id[0:2], id[2:4], id[4:6]) }
func dmy(id []byte) bool { return shortDate(id[4:6], id[2:4], id[0:2]) }

// check11 is the weighted check digit that most offices use: eleven less the
// remainder, with what stands for ten and eleven.
func check11(sum, ten, eleven int) int {
	switch c := 11 - sum%11; c {
	case 10:
		return ten
	case 11:
		return eleven
	default:
		return c
	}
}

// iso7064 reports a valid MOD 11,10 number (ISO/IEC 7064).
func iso7064(digits []byte) bool {
	p := 10
	for _, c := range digits[:len(digits)-1] {
		p = (p + int(c-'0')) % 10
		if p == 0 {
			p = 10
		}
		p = p * 2 % 11
	}
	return (11-p)%10 == int(digits[len(digits)-1]-'0')
}

// last returns the last digit's value.
func last(digits []byte) int { return int(digits[len(digits)-1] - '0') }
