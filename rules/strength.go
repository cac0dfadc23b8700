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
		f := g.fact(t)
		if f == factNone || f == factTrait || f == factNetwork {
			continue
		}
		if f == factName && !(fields.has(detect.PersonName) || fields.has(detect.PersonFamily)) {
			continue // a given name alone
		}
		points = points || g.points(t, fields)
		if f == factName && g.served && g.listed && !facts[f] {
			hard++ // the name, and whose customer or patient it is
		}
		if !facts[f] {
			facts[f] = true
			hard++
		}
	}
	return points && hard >= 2
}

// servedBy reports whether a column of the type, by its header, can say that the
// rows are of people whom somebody serves: it names them, or what they owe.
func servedBy(t detect.Type) bool {
	return t == detect.PersonName || t == detect.PersonFamily || t == detect.FinanceAmount
}

// ofPeople reports whether the columns together make the record of a person.
func (g *group) ofPeople() bool {
	var all fieldSet
	for _, c := range g.columns {
		all.add(c.kind)
	}
	return g.isStrong(all)
}

// identified reports whether a row says who it is about: it has an identifier,
// or what is a name by itself, as a heading between the rows is not.
func (r *resolver) identified(f *found) bool {
	for t := detect.None + 1; t < detect.NumTypes; t++ {
		if f.keys[t] != 0 && t != detect.PersonName && t != detect.PersonFamily {
			return true
		}
	}
	if name := f.values[detect.PersonName]; name != nil {
		return r.det.Is(detect.PersonName, name)
	}
	return f.values[detect.PersonGiven] != nil && f.values[detect.PersonFamily] != nil
}

// fact is the fact that a type tells in the rows of the group.
func (g group) fact(t detect.Type) fact {
	f := factGroup(t)
	switch {
	case f == factNumber && g.vague:
		return factNone
	case g.public && (t.Category() == detect.Sensitive || t == detect.PersonBirthDate || f == factNumber):
		return factNone
	}
	return f
}

// points reports whether a value of the type leads to one person. A telephone
// and an address do not where nothing says that they are a person's: a shop, a
// school and a bus stop have them too.
func (g group) points(t detect.Type, fields fieldSet) bool {
	switch t {
	case detect.PersonName, detect.PersonFamily, detect.ContactEmail:
		return true
	case detect.IDUsername:
		return !g.company
	case detect.ContactPhone, detect.AddressFull:
		return !g.company && personal(fields)
	}
	return t.Category() == detect.Direct
}

// personal reports whether a field is one that only people have.
func personal(fields fieldSet) bool {
	for _, t := range [...]detect.Type{detect.PersonGiven, detect.PersonBirthDate, detect.PersonAge, detect.PersonSex,
		detect.PersonMarital, detect.PersonNationality, detect.IDCustomer, detect.IDEmployee, detect.IDUsername,
		detect.FinanceIBAN, detect.FinanceCard, detect.FinanceSalary, detect.HealthText, detect.HealthCode} {
		if fields.has(t) {
			return true
		}
	}
	return false
}

// place reports whether the fields are a place's: an address and nothing that
// only people have.
func place(fields fieldSet) bool {
	address := fields.has(detect.AddressStreet) || fields.has(detect.AddressFull) || fields.has(detect.AddressPostcode)
	return address && !personal(fields) && !fields.has(detect.PersonName) && !fields.has(detect.PersonFamily) &&
		!fields.has(detect.ContactEmail)
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
