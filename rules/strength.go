package rules

import "github.com/bulkhead-dlp/bulkhead/rules/detect"

// strong reports whether a record with these fields tells something of a
// person that its reader should not know: it points at one person, and says at
// least one more fact. What is told of public people everywhere (a party, an
// age, a nationality beside a name) is not enough, nor a company's own
// telephone and address.
func (g group) strong(fields fieldSet) bool {
	var facts [int(factOther) + int(detect.NumTypes)]bool
	points := false
	hard := 0
	for _, t := range fields.types() {
		f := factGroup(t)
		if f == factNone || f == factTrait || f == factNetwork || facts[f] {
			continue
		}
		if g.public && t.Category() == detect.Sensitive {
			continue
		}
		if f == factName && !(fields.has(detect.PersonName) || fields.has(detect.PersonFamily)) {
			continue // a given name alone
		}
		facts[f] = true
		hard++
		points = points || pointsAtPerson(t, g.company)
	}
	return points && hard >= 2
}

// pointsAtPerson reports whether a value of the type leads to one person.
func pointsAtPerson(t detect.Type, company bool) bool {
	switch t {
	case detect.PersonName, detect.PersonFamily, detect.ContactEmail:
		return true
	case detect.ContactPhone, detect.AddressFull, detect.IDUsername:
		return !company
	}
	return t.Category() == detect.Direct
}

// reaches reports whether a record without a second fact is still a person
// whom its reader could reach or be mistaken for.
func reaches(fields fieldSet) bool {
	for _, t := range [...]detect.Type{detect.ContactEmail, detect.IDNational, detect.IDHealth,
		detect.IDPassport, detect.FinanceCard} {
		if fields.has(t) {
			return true
		}
	}
	return false
}
