package detect

// Is reports whether value is valid for one type. It is the cheap check for a
// column whose type is settled; a type without a validator of its own answers
// by Classify.
func (d *Detector) Is(t Type, value []byte) bool {
	switch t {
	case ContactEmail:
		return isEmailCell(value)
	case ContactPhone:
		_, ok := phoneOdds(value)
		return ok
	case FinanceCard:
		return isCard(value)
	case FinanceIBAN:
		return isIBAN(value)
	case IDNational:
		return d.nationalValid(t, value)
	case NetIP:
		return isIP(value)
	case Date, PersonBirthDate:
		day, _, ok := parseDate(value)
		return ok && (t == Date || day.birth())
	}
	var buf [16]Candidate
	for _, c := range d.Classify(buf[:0], value) {
		if c.Type == t && c.LogOdds > 0 {
			return true
		}
	}
	return false
}
