package detect

import "bytes"

// Telephone numbers: ITU-T E.164 for the international form, national plans
// for lengths, and the loose spellings of real tables. A number that only has
// digits is weak evidence: the header decides.

// phone is a number taken apart.
type phone struct {
	digits    [20]byte // national digits, or country code and national digits
	n         int
	code      int // digits of the country code at the front, 0 when unknown
	ext       []byte
	groups    int // runs of digits
	sizes     [8]uint8
	paren     bool
	plus      bool
	dots      bool
	gaps      bool // spaces or hyphens
	separator byte // the sign between the last two groups
}

// phoneOdds returns the log-odds that value is a telephone number, and whether
// it can be one.
func phoneOdds(value []byte) (float32, bool) {
	p, ok := parsePhone(value)
	if !ok {
		return 0, false
	}
	odds, ok := p.odds()
	if ok && len(p.ext) > 0 {
		odds += 1.5
	}
	return odds, ok
}

func parsePhone(value []byte) (p phone, ok bool) {
	value = trimPhoneLabel(value)
	value, p.ext = cutExtension(value)
	if len(value) < 6 || len(value) > 32 {
		return p, false
	}
	if !p.scan(value) || p.n < 6 {
		return p, false
	}
	// A national number may begin with the digits of an international prefix.
	national := p
	if p.findCountry() {
		return p, true
	}
	return national, !national.plus && national.n <= 13 && national.digits[0] == '0' && national.groups > 1
}

// scan collects the digits and the way they are grouped.
func (p *phone) scan(value []byte) bool {
	depth, run := 0, 0
	for i, c := range value {
		if isDigit(c) {
			if p.n == len(p.digits) {
				return false
			}
			p.digits[p.n] = c
			p.n, run = p.n+1, run+1
			continue
		}
		switch c {
		case '+':
			if p.n > 0 || p.plus {
				return false
			}
			p.plus = true
		case '(':
			// "+33 (0)1 23": the trunk zero is not dialled from abroad.
			if bytes.HasPrefix(value[i:], []byte("(0)")) && p.n > 0 {
				depth = -1
			} else {
				depth++
			}
			p.paren = true
		case ')':
			if depth < 0 {
				p.n, run = p.n-1, run-1
			}
			depth = 0
		case ' ', '-', '.', '/', 0xc2, 0xa0, 0xe2, 0x80, 0x91, 0x93: // also no-break space, non-breaking hyphen, en dash
			p.separator = c
			p.dots = p.dots || c == '.'
			p.gaps = p.gaps || c == ' ' || c == '-'
		default:
			return false
		}
		if run > 0 {
			p.endGroup(run)
			run = 0
		}
	}
	p.endGroup(run)
	return depth == 0 && p.groups <= len(p.sizes)
}

func (p *phone) endGroup(run int) {
	if run > 0 {
		if p.groups < len(p.sizes) {
			p.sizes[p.groups] = uint8(run)
		}
		p.groups++
	}
}

// findCountry strips the international prefix and looks the country code up.
func (p *phone) findCountry() bool {
	if !p.plus {
		switch digits := p.digits[:p.n]; {
		case bytes.HasPrefix(digits, []byte("011")) && p.n >= 11 && p.sizes[0] == 3:
			p.drop(3)
		case bytes.HasPrefix(digits, []byte("00")) && p.n >= 9 && p.sizes[0] >= 2 && (p.sizes[0] <= 5 || p.groups == 1):
			p.drop(2)
		default:
			return p.n <= 13
		}
		p.plus = true
	}
	if p.n < 8 || p.n > 15 {
		return false
	}
	code, shortest, longest := countryPlan(p.digits[:p.n])
	p.code = code
	// "+44 020 7946 0000": the trunk zero is often kept by mistake.
	if code > 1 && p.digits[code] == '0' && p.digits[0] != '3' {
		copy(p.digits[code:], p.digits[code+1:p.n])
		p.n--
	}
	national := p.n - code
	return code > 0 && national >= shortest && national <= longest
}

func (p *phone) drop(n int) {
	copy(p.digits[:], p.digits[n:p.n])
	p.n -= n
}

// odds weighs the form.
func (p *phone) odds() (float32, bool) {
	if p.code > 0 {
		if p.groups > 1 {
			return 6, true
		}
		return 5, true
	}
	if p.n > 12 || p.sameAll() {
		return 0, false
	}
	digits := p.digits[:p.n]
	if p.groups == 1 {
		return bareOdds(digits)
	}
	if p.isOther() {
		return 0, false
	}
	switch {
	case isNANP(digits) && p.is(3, 3, 4), p.is(1, 3, 3, 4) && digits[0] == '1':
		return 5, true
	case p.is(3, 3, 4), p.is(1, 3, 3, 4): // made-up data has areas that do not exist
		return 3.5, true
	case p.paren && p.n >= 9, p.paren && p.groups >= 3:
		return 4.5, true
	case digits[0] == '0' && p.groups == 2 && (p.sizes[0] > 5 || p.n < 10):
		return 1.5, true // also a postcode with its extension, or a time stamp
	case digits[0] == '0' && p.n >= 9 && p.groups <= 6:
		return 4, true
	case p.n >= 9 && p.n <= 11 && p.groups >= 3 && p.groups <= 5:
		return 2, true
	case p.is(3, 4) && p.separator == '-':
		return 2, true
	case p.n >= 8 && p.groups >= 2 && p.groups <= 5 && p.separator != '.':
		return 1, true
	}
	return 0, false
}

// bareOdds weighs a run of digits without any sign. Most columns of these are
// other numbers, so the best of them says little.
func bareOdds(digits []byte) (float32, bool) {
	n := len(digits)
	switch {
	case n == 10 && isNANP(digits), n == 11 && digits[0] == '1' && (isNANP(digits[1:]) || digits[1] >= '3'):
		return 1, true
	case digits[0] == '0' && n >= 9 && n <= 11:
		return 1.5, true
	case n == 10 && digits[0] >= '6': // India
		return 0.8, true
	case n == 9 && digits[0] >= '5', n == 8 && digits[0] >= '2', n == 12 && digits[0] >= '2':
		return 0, true
	}
	return 0, false
}

// isOther reports the groupings of other things: dates, social security
// numbers, cards, dotted addresses, thousands.
func (p *phone) isOther() bool {
	switch {
	case p.is(4, 2, 2), p.is(2, 2, 4), p.is(2, 2, 2), p.is(3, 2, 4), p.is(4, 4, 4, 4), p.is(4, 4, 4):
		return true
	case p.separator == '.' && p.groups == 2:
		return true
	case p.dots && p.gaps && !p.paren: // "6.5750 65.20": decimals in columns
		return true
	case p.digits[0] == '0' && p.digits[1] == '0' || p.groups > 1 && p.sizes[p.last()] == 1:
		return true
	case p.hasDate() || p.hasZeros() || p.hasSingles():
		return true
	case p.separator == '.' && p.groups == 4 && p.sizes[2] <= 2 && p.sizes[3] >= 5: // "16.04.49.678340": a time of day
		return true
	case p.separator == '.' && p.groups == 4 && p.sizes[0] <= 3 && p.sizes[1] <= 3 && p.sizes[2] <= 3 && p.sizes[3] <= 3 && p.n < 10:
		return true
	}
	return false
}

// last returns the place of the last group in sizes.
func (p *phone) last() int { return min(p.groups, len(p.sizes)) - 1 }

// hasDate reports groups that hold a date, as in "08 2017-05-16".
func (p *phone) hasDate() bool {
	at := 0
	for i := 0; i+2 < min(p.groups, len(p.sizes)); i++ {
		if p.sizes[i] == 4 && p.sizes[i+1] == 2 && p.sizes[i+2] == 2 && (p.digits[at] == '1' || p.digits[at] == '2') && p.groups == 5 {
			return true
		}
		at += int(p.sizes[i])
	}
	return false
}

// hasZeros reports a long group behind the first that begins with two zeros, as
// the numbers of parcels and parts do.
func (p *phone) hasZeros() bool {
	at := int(p.sizes[0])
	for i := 1; i <= p.last() && at+1 < p.n; i++ {
		if p.sizes[i] >= 4 && p.digits[at] == '0' && p.digits[at+1] == '0' {
			return true
		}
		at += int(p.sizes[i])
	}
	return false
}

// hasSingles reports three groups of one digit or more, as the atoms of a
// molecule and the marks of a form have.
func (p *phone) hasSingles() bool {
	n := 0
	for _, size := range p.sizes[:p.last()+1] {
		if size == 1 {
			n++
		}
	}
	return n >= 3
}

// is reports whether the groups have these sizes.
func (p *phone) is(sizes ...uint8) bool {
	if p.groups != len(sizes) {
		return false
	}
	for i, size := range sizes {
		if p.sizes[i] != size {
			return false
		}
	}
	return true
}

func (p *phone) sameAll() bool { return sameDigit(p.digits[:p.n]) }

// isNANP reports ten digits of the North American plan: area and exchange
// begin with 2 to 9. Made-up data breaks the rule for the exchange, so only
// the area is held to it.
func isNANP(digits []byte) bool {
	return len(digits) == 10 && digits[0] >= '2' && digits[3] >= '1'
}

// cutExtension parts "555-1234 ext. 9" and "555-1234x9".
func cutExtension(value []byte) (number, ext []byte) {
	i := len(value)
	for i > 0 && isDigit(value[i-1]) {
		i--
	}
	if i == len(value) || len(value)-i > 6 || i < 7 {
		return value, nil
	}
	ext = value[i:]
	number = bytes.TrimRight(value[:i], " .:")
	for _, word := range []string{"extension", "ext", "x", "#", "dw"} {
		if k := len(number) - len(word); k > 6 && bytes.EqualFold(number[k:], []byte(word)) {
			return bytes.TrimRight(number[:k], " ,;"), ext
		}
	}
	return value, nil
}

// trimPhoneLabel removes "tel:" and its like.
func trimPhoneLabel(value []byte) []byte {
	for _, label := range []string{"tel", "phone", "mobile", "fax"} {
		if len(value) > len(label) && bytes.EqualFold(value[:len(label)], []byte(label)) {
			return bytes.TrimLeft(value[len(label):], ".: ")
		}
	}
	return value
}

// compactPhone appends the number as E.164 when its country is known, else its
// national digits without the trunk zero, then "x" and the extension. Digits
// that were no number in one spelling may be one in their compact form, so it
// is taken again until it stays.
func compactPhone(dst, value []byte) []byte {
	var bufs [2][48]byte
	for i := range 4 {
		next, final := appendPhone(bufs[i%2][:0], value)
		if final {
			return append(dst, next...)
		}
		if bytes.Equal(next, value) {
			break
		}
		value = next
	}
	return append(dst, value...)
}

// appendPhone is one turn of compactPhone; final says that another changes
// nothing.
func appendPhone(dst, value []byte) (_ []byte, final bool) {
	p, ok := parsePhone(value)
	if !ok {
		return appendDigits(dst, value), false
	}
	final = p.code > 0 && len(p.ext) == 0 && p.digits[p.code] != '0'
	digits := bytes.TrimLeft(p.digits[:p.n], "0")
	if p.code > 0 {
		digits = p.digits[:p.n]
	}
	if p.code > 0 || len(digits) == 11 && digits[0] == '1' && isNANP(digits[1:]) {
		dst = append(dst, '+')
	}
	dst = append(dst, digits...)
	if len(p.ext) > 0 {
		dst = append(append(dst, 'x'), p.ext...)
	}
	return dst, final
}

func appendDigits(dst, value []byte) []byte {
	for _, c := range value {
		if isDigit(c) {
			dst = append(dst, c)
		}
	}
	return dst
}
