package rules

import (
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// minConfidence is the confidence below which a column's type counts for
// nothing.
const minConfidence = 0.5

// resolver turns typed rows and entities into people.
type resolver struct {
	det *detect.Detector
	ev  *Evidence

	buf    []byte
	joined []byte
	ids    []identifier
}

// typedColumn is a column whose type tells something of a person.
type typedColumn struct {
	at   int
	kind detect.Type
}

// group is the columns of one person in a row. Most tables have one; a table
// such as name1, email1, name2, email2 has two.
type group struct {
	columns []typedColumn
	// shared are the types whose values hardly differ from row to row, as the
	// address of one account manager beside every customer: they do not tell
	// one row's person from another's.
	shared fieldSet
	// company is true when the rows name a company, public when their people
	// are public figures by the header's own word.
	company, public bool
	// memo remembers strong for the few sets of fields that rows come with.
	memo map[fieldSet]bool
}

// segment resolves the rows of one stretch of a table and returns how many of
// them are records of a person.
func (r *resolver) segment(seg *table.Segment) (records int64) {
	for _, g := range groupsOf(seg) {
		g.memo = map[fieldSet]bool{}
		g.shared = r.sharedTypes(seg, g)
		for _, row := range seg.Rows {
			if r.row(g, row) {
				records++
			}
		}
	}
	return records
}

// groupsOf parts the columns of a row into people: one group, unless the same
// sequence of types comes again and again over the whole width.
func groupsOf(seg *table.Segment) []group {
	var all group
	for i, c := range seg.Columns {
		if c.Type == detect.None || c.Confidence < minConfidence {
			continue
		}
		if c.Type == detect.Company {
			all.company = true
		}
		if factGroup(c.Type) != factNone {
			all.columns = append(all.columns, typedColumn{i, c.Type})
		}
	}
	n := len(all.columns)
	for people := 4; people > 1; people-- {
		if n%people != 0 || n/people < 2 || !repeats(all.columns, n/people) {
			continue
		}
		groups := make([]group, people)
		for i := range groups {
			groups[i] = all
			groups[i].columns = all.columns[i*n/people : (i+1)*n/people]
		}
		return groups
	}
	return []group{all}
}

// repeats reports whether the columns are the first period of them over again.
func repeats(columns []typedColumn, period int) bool {
	kinds := fieldSet{}
	for i, c := range columns {
		if c.kind != columns[i%period].kind {
			return false
		}
		if i < period {
			if kinds.has(c.kind) {
				return false // two of a kind within one person: not a repeat of people
			}
			kinds.add(c.kind)
		}
	}
	return true
}

// sharedTypes finds the identifying types that do not tell the rows apart
// although another one does: fewer than half as many different values as the
// best of them.
func (r *resolver) sharedTypes(seg *table.Segment, g group) (shared fieldSet) {
	if len(seg.Rows) < 3 {
		return shared
	}
	counts := map[detect.Type]int{}
	best := 0
	seen := map[Key]struct{}{}
	for _, c := range g.columns {
		if !identifies(c.kind) {
			continue
		}
		clear(seen)
		for _, row := range seg.Rows {
			if c.at < len(row) && len(row[c.at]) > 0 {
				seen[r.key(c.kind, row[c.at])] = struct{}{}
			}
		}
		counts[c.kind] = max(counts[c.kind], len(seen))
		best = max(best, len(seen))
	}
	for kind, n := range counts {
		if n*2 < best {
			shared.add(kind)
		}
	}
	return shared
}

// identifies reports whether values of a type tell one person from another.
func identifies(t detect.Type) bool {
	switch t {
	case detect.PersonName, detect.PersonFamily, detect.ContactEmail, detect.ContactPhone, detect.ContactSocial,
		detect.IDCustomer, detect.IDEmployee, detect.IDUsername, detect.IDNational, detect.IDPassport, detect.IDLicence,
		detect.IDHealth, detect.FinanceCard, detect.FinanceIBAN, detect.FinanceAccount:
		return true
	}
	return false
}

func (r *resolver) key(t detect.Type, value []byte) Key {
	r.buf = detect.Compact(r.buf[:0], t, value)
	return keyOf(t, r.buf)
}

// row resolves one row and reports whether it is a record of a person.
func (r *resolver) row(g group, row [][]byte) bool {
	var found [detect.NumTypes][]byte
	var fields fieldSet
	var emails [2][]byte
	for _, c := range g.columns {
		if c.at >= len(row) || len(row[c.at]) == 0 {
			continue
		}
		value := row[c.at]
		if checked(c.kind) && !r.det.Is(c.kind, value) {
			continue
		}
		switch c.kind {
		case detect.ContactEmail:
			if detect.Role(value) {
				continue
			}
			if emails[0] == nil {
				emails[0] = value
			} else if emails[1] == nil {
				emails[1] = value
			}
		case detect.FinanceCard:
			r.ev.cards.add(r.key(c.kind, value), 0)
		case detect.IDNational, detect.IDHealth, detect.IDPassport:
			r.ev.national.add(r.key(c.kind, value), 0)
		}
		fields.add(c.kind)
		if found[c.kind] == nil {
			found[c.kind] = value
		}
	}
	strong, known := g.memo[fields]
	if !known {
		strong = g.strong(fields)
		g.memo[fields] = strong
	}
	rec := record{fields: fields, strong: strong}
	if found[detect.ContactPhone] != nil && !g.company {
		r.ev.contacts.add(r.key(detect.ContactPhone, found[detect.ContactPhone]), 0)
	}
	if !rec.strong && !reaches(fields) {
		return false
	}
	strongest := r.identify(g, &found, emails)
	r.ev.people.add(r.ids, strongest, rec)
	return len(r.ids) > 0
}

// checked reports whether a cell must be valid by itself to count: a column of
// addresses may have "n/a" and headings in it.
func checked(t detect.Type) bool {
	switch t {
	case detect.ContactEmail, detect.ContactPhone, detect.FinanceCard, detect.FinanceIBAN, detect.NetIP:
		return true
	}
	return false
}

// identify lists a row's identifiers in r.ids, from the strongest, and returns
// how many of the first are of the strongest kind.
func (r *resolver) identify(g group, found *[detect.NumTypes][]byte, emails [2][]byte) (strongest int) {
	r.ids = r.ids[:0]
	add := func(t detect.Type) {
		if found[t] != nil && !g.shared.has(t) {
			r.ids = append(r.ids, identifier{key: r.key(t, found[t])})
		}
		if strongest == 0 {
			strongest = len(r.ids)
		}
	}
	for _, t := range [...]detect.Type{detect.IDNational, detect.IDHealth, detect.IDPassport, detect.IDLicence} {
		add(t)
	}
	for _, email := range emails {
		if email == nil {
			continue
		}
		domain := hashDomain(domainOf(string(email)))
		key := r.key(detect.ContactEmail, email)
		r.ev.contacts.add(key, domain)
		if !g.shared.has(detect.ContactEmail) {
			r.ids = append(r.ids, identifier{key, domain})
		}
	}
	if strongest == 0 {
		strongest = len(r.ids)
	}
	for _, t := range [...]detect.Type{detect.IDCustomer, detect.IDEmployee, detect.IDUsername,
		detect.FinanceIBAN, detect.FinanceAccount} {
		add(t)
	}
	name := r.name(found)
	if name != nil && !g.shared.has(detect.PersonName) {
		full := keyOf(detect.PersonName, name)
		for _, t := range [...]detect.Type{detect.ContactPhone, detect.PersonBirthDate, detect.AddressStreet,
			detect.AddressFull, detect.AddressPostcode} {
			if found[t] != nil {
				r.ids = append(r.ids, identifier{key: full ^ r.key(t, found[t])<<1})
				break
			}
		}
		if strongest == 0 {
			strongest = len(r.ids)
		}
		r.ids = append(r.ids, identifier{key: full})
	}
	if strongest == 0 {
		strongest = len(r.ids)
	}
	for _, t := range [...]detect.Type{detect.ContactPhone, detect.ContactSocial, detect.FinanceCard} {
		add(t)
	}
	return strongest
}

// name returns the row's full name in compact form, nil if it has none.
func (r *resolver) name(found *[detect.NumTypes][]byte) []byte {
	full := found[detect.PersonName]
	if given, family := found[detect.PersonGiven], found[detect.PersonFamily]; full == nil && family != nil {
		r.joined = append(append(append(r.joined[:0], given...), ' '), family...)
		full = r.joined
	}
	if full == nil {
		return nil
	}
	return detect.Compact(nil, detect.PersonName, full)
}
