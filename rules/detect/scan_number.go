package detect

import "bytes"

// maxGroups bounds the groups of digits that are tried together.
const maxGroups = 8

// digit reads the number or the code around the digit at i.
func (s *scanner) digit(i int) int {
	if s.isTimestamp(i) {
		return i + len(timestamp) - 1
	}
	start, end, letters := s.wordAround(i)
	if end < len(s.text) && s.text[end] == '@' {
		return end
	}
	if end-start >= 20 {
		if n := keyLength(s.d.keys, s.text[start:end]); n > 0 {
			return s.found(SecretKey, start, start+n)
		}
	}
	if letters {
		return s.code(start, end)
	}
	return s.number(i)
}

// timestamp is how a date with a time begins (RFC 3339), as the lines of many logs
// do. It is nothing else, up to the second colon: no identifier is printed like
// the date and hour, and what follows a colon there begins no address.
const timestamp = "9999-99-99T99:99:"

// isTimestamp reports whether a word that is a timestamp begins at i.
func (s *scanner) isTimestamp(i int) bool {
	text := s.text[i:]
	return len(text) >= len(timestamp) && text[4] == '-' && text[10] == 'T' && matches(timestamp, text[:len(timestamp)]) &&
		(i == 0 || s.d.word[s.text[i-1]]&inWord == 0)
}

// wordAround returns the word of letters, digits, '_' and '-' around i, and
// whether it has a letter. It is looked at over 256 bytes at most.
func (s *scanner) wordAround(i int) (start, end int, letters bool) {
	start, end = i, i+1
	var seen wordByte
	for least := max(s.end, i-64); start > least; start-- {
		b := s.d.word[s.text[start-1]]
		if b&inWord == 0 {
			break
		}
		seen |= b
	}
	for most := min(len(s.text), i+256); end < most; end++ {
		b := s.d.word[s.text[end]]
		if b&inWord == 0 {
			break
		}
		seen |= b
	}
	if seen&letterOfWord == 0 { // digits with a dash in front are a number still
		return i, end, false
	}
	// "555-123-4567x12": digits first, the letters are its extension.
	if start == i && s.phoneWithExtension(start, end) {
		return start, end, false
	}
	return start, end, true
}

// wordByte is what a byte is to words of several kinds: letters, digits, '_' and
// '-', addresses with colons, and names.
type wordByte uint8

const (
	inWord wordByte = 1 << iota
	letterOfWord
	inColons // a hexadecimal digit, ':' or '.'
	inName   // a letter, a digit, an apostrophe, or not ASCII
	digitOfName
)

func wordTable() (table [256]wordByte) {
	for c := range 256 {
		b := byte(c)
		switch {
		case isLetter(b):
			table[c] = inWord | letterOfWord | inName
		case isDigit(b):
			table[c] = inWord | inName | digitOfName
		case isWordByte(b):
			table[c] = inWord
		case b >= 0x80 || b == '\'':
			table[c] = inName
		}
		if isHex(b) || b == ':' || b == '.' {
			table[c] |= inColons
		}
	}
	return table
}

// isWordByte reports letters, digits, '_' and '-'.
func isWordByte(c byte) bool { return isAlnum(c) || c == '_' || c == '-' }

// phoneWithExtension reports whether a word's only letter is the 'x' between a
// number and an extension.
func (s *scanner) phoneWithExtension(start, end int) bool {
	seen := false
	for _, c := range s.text[start:end] {
		if isLetter(c) {
			if c != 'x' || seen {
				return false
			}
			seen = true
		} else if c == '_' {
			return false
		}
	}
	return seen && end-start >= 10
}

// code reads a word of letters and digits.
func (s *scanner) code(start, end int) int {
	word := s.text[start:end]
	if len(word) < 8 && (len(word) > 4 || end == len(s.text) || s.text[end] != ':') {
		return end
	}
	// An address of IPv6 or of a network card goes on behind the colon.
	if len(word) <= 4 && end+1 < len(s.text) && s.text[end] == ':' {
		return s.colons(start, end)
	}
	if len(word) == 17 && isMAC(word) {
		return s.found(NetMAC, start, end)
	}
	if len(word) > 24 {
		return end
	}
	if t := s.d.standsAlone(word); t != None {
		return s.found(t, start, end)
	}
	return end
}

// colons finds addresses of groups with colons.
func (s *scanner) colons(start, end int) int {
	marks := 0
	for start > s.end && s.text[start-1] == ':' { // "::1"
		start--
		marks++
	}
	full, pair := end, marks > 1
	for full < len(s.text) && full-start < 50 && s.d.word[s.text[full]]&inColons != 0 {
		if s.text[full] == ':' {
			marks++
			pair = pair || s.text[full-1] == ':'
		}
		full++
	}
	for full > end && (s.text[full-1] == ':' || s.text[full-1] == '.') {
		full--
	}
	switch value := s.text[start:full]; {
	case full-start > 8 && isMAC(value):
		return s.found(NetMAC, start, full)
	case full-start > 6 && (marks >= 7 || pair) && isIP(value): // no time of day
		return s.found(NetIP, start, full)
	}
	return end
}

// standsAlone returns the type of a code that needs no header: an identifier
// whose check digits or form leave little doubt. None for everything else.
func (d *Detector) standsAlone(value []byte) Type {
	if len(value) < 8 {
		return None
	}
	shape := d.shapeOf(value)
	best := Candidate{}
	better := func(t Type, odds float32) {
		if best.Type == None || odds > best.LogOdds {
			best = Candidate{t, odds}
		}
	}
	d.nationals(value, &shape, true, better)
	if len(value) >= 15 && shape.ascii() > 0 && isIBAN(value) {
		better(FinanceIBAN, ibanOdds)
	}
	// Letters and digits are rarely right by chance; digits often are.
	least := float32(4)
	if shape.ascii() == 0 {
		least = 4.5
		if shape.digits() == shape.n {
			least = 5.5
		}
	}
	if best.LogOdds >= least && (best.Type == IDNational || best.Type == IDHealth || best.Type == FinanceIBAN) {
		return best.Type
	}
	return None
}

// number reads digits with their separators: the longest grouping that is
// something wins, from each group on in turn.
func (s *scanner) number(i int) int {
	alone := i + 1
	for alone < len(s.text) && isDigit(s.text[alone]) {
		alone++
	}
	if alone-i < 7 && (alone == len(s.text) || s.text[alone] != ':' && !isNumberSeparator(s.text[alone])) {
		return alone // as most numbers are
	}
	var starts, ends [maxGroups]int
	groups := s.groups(i, &starts, &ends)
	last := ends[groups-1]
	if last-i < 7 {
		if groups == 1 && last < len(s.text) && s.text[last] == ':' {
			return s.colons(i, last)
		}
		return last
	}
	if groups >= 3 && s.isISODate(i) {
		return ends[2]
	}
	for g := range groups {
		for end := groups - 1; end >= g; end-- {
			from, to := starts[g], ends[end]
			if to-from < 7 {
				break
			}
			if end-g != 3 && digitsOf(&starts, &ends, g, end) < 8 { // four groups may be an IP address
				continue
			}
			if t, to := s.numberType(from, to); t != None {
				if t == ContactPhone {
					from = s.phoneStart(from)
				}
				return s.found(t, from, to)
			}
		}
	}
	return last
}

// isISODate reports a date such as 2024-01-02 at i.
func (s *scanner) isISODate(i int) bool {
	return i+10 <= len(s.text) && matches("9999-99-99", s.text[i:i+10]) && s.text[i] <= '2'
}

// digitsOf returns the number of digits in the groups from first to last.
func digitsOf(starts, ends *[maxGroups]int, first, last int) int {
	n := 0
	for g := first; g <= last; g++ {
		n += ends[g] - starts[g]
	}
	return n
}

// groups finds up to maxGroups runs of digits parted by one or two separators.
func (s *scanner) groups(i int, starts, ends *[maxGroups]int) int {
	n := 0
	for n < maxGroups {
		starts[n] = i
		for i < len(s.text) && isDigit(s.text[i]) && i-starts[n] < 64 {
			i++
		}
		ends[n] = i
		n++
		next := i
		for next < len(s.text) && next-i < 2 && isNumberSeparator(s.text[next]) {
			next++
		}
		if next == i || next >= len(s.text) || !isDigit(s.text[next]) {
			break
		}
		i = next
	}
	return n
}

func isNumberSeparator(c byte) bool {
	return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')'
}

// phoneStart steps back over the "+", "(" and "+49 (" in front of a number.
func (s *scanner) phoneStart(from int) int {
	for from > s.end && (s.text[from-1] == '+' || s.text[from-1] == '(') {
		from--
	}
	return from
}

// numberType says what text[from:to] is, and where it ends.
func (s *scanner) numberType(from, to int) (Type, int) {
	value := s.text[from:to]
	if to < len(s.text) && (isLetter(s.text[to]) && s.text[to] != 'x' && s.text[to] != 'e' || s.text[to] == '_') {
		return None, 0
	}
	sh := s.d.shapeOf(value)
	digits := sh.digits()
	before := byte(' ')
	if from > 0 {
		before = s.text[from-1]
	}
	if from > 1 && isDigit(s.text[from-2]) && (before == '.' || before == ',' && sh.n == digits) {
		return None, 0 // decimals
	}
	if dots := sh.of(classDot); dots == 3 && sh.n-digits == 3 && value[0] != '0' && isIP(value) {
		return NetIP, to
	} else if dots == 1 && sh.n-digits == 1 {
		return None, 0 // a decimal number
	}
	if digits >= 13 && digits <= 19 && isCard(value) && (sh.n > digits || bareCardOdds(digits) == cardOdds) {
		return FinanceCard, to
	}
	if t := s.d.standsAlone(value); t != None {
		return t, to
	}
	return s.phoneType(from, to, digits)
}

// phoneType reads a phone number with what stands before and behind it.
func (s *scanner) phoneType(from, to, digits int) (Type, int) {
	front := s.phoneStart(from)
	grouped := to-from > digits
	if digits < 8 || digits > 15 || !grouped && front == from {
		return None, 0
	}
	if front > 0 && bytes.IndexByte([]byte("-/=_"), s.text[front-1]) >= 0 {
		return None, 0
	}
	// "(01)6767(11)0106(17)2606": fields of a bar code (GS1), each with its number.
	if s.text[front] == '(' && (front > 0 && isDigit(s.text[front-1]) ||
		to+3 < len(s.text) && s.text[to] == '(' && isDigit(s.text[to+1])) {
		return None, 0
	}
	if odds, ok := phoneOdds(s.text[front:to]); !ok || odds < 4 {
		return None, 0
	}
	return ContactPhone, s.extensionEnd(to)
}

// extensionEnd steps over an "x12" or " ext. 12" behind a number.
func (s *scanner) extensionEnd(to int) int {
	end := to
	for end < len(s.text) && end-to < 7 && (s.text[end] == ' ' || s.text[end] == '.' || s.text[end] == 'x' || s.text[end] == 'e' || s.text[end] == 't') {
		end++
	}
	digits := end
	for digits < len(s.text) && digits-end < 6 && isDigit(s.text[digits]) {
		digits++
	}
	if digits > end && s.text[to:end] != nil {
		if _, ext := cutExtension(s.text[max(s.end, to-10):digits]); len(ext) > 0 {
			return digits
		}
	}
	return to
}
