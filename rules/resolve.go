package rules

import (
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// minConfidence is the confidence below which a column's type counts for
// nothing.
const minConfidence = 0.5

// minNamed is what a header must say for a customer's number, in log-odds, for
// it to be one: "id" alone says less.
const minNamed = 1.5

// minCompany is what a header must say for a company: a department is none.
const minCompany = 3

// minListed is the number of columns from which a list of the people whom
// somebody serves says more of each than that: what they bought, when, for how
// much.
const minListed = 3

// resolver turns typed rows and entities into people.
type resolver struct {
	det *detect.Detector
	ev  *gathered

	keys   []cellKey // of one stretch's identifying cells; see keysOf
	warmed Key       // means nothing; it keeps the compiler from leaving warm out
	seen   distinct
	// groups, columns and memo are room for those of a stretch.
	groups  []group
	columns []typedColumn
	memo    [maxJudged]judged
	found   found // of the row at hand
	buf     []byte
	joined  []byte
	ids     []identifier

	// meet, if any, is given each person when its first record is found.
	meet func(*found, []identifier)

	indexed indexed
	agreed  []exact.Match // of the row at hand
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
	// served is true when by its header a column names the people whom
	// somebody serves, listed when the rows say something beside the name.
	served, listed bool
	// people is true when a row with every cell filled would be the record of a
	// person: then one with empty cells is of a person too.
	people bool
	// vague is true when the number of the rows is no more than an "id" or
	// looks like one: it counts rows, and tells nothing of a person.
	vague bool
	// memo remembers strong for the few sets of fields that rows come with.
	memo []judged
}

// judged is a set of fields, and whether a record with them is strong.
type judged struct {
	fields fieldSet
	strong bool
}

// maxGroups is how many people a row may be about.
const maxGroups = 4

// maxJudged bounds a group's memo: cells may be empty in many combinations.
const maxJudged = 16

// isStrong is strong, remembered.
func (g *group) isStrong(fields fieldSet) bool {
	for i := range g.memo {
		if g.memo[i].fields == fields {
			return g.memo[i].strong
		}
	}
	strong := g.strong(fields)
	if len(g.memo) < maxJudged {
		g.memo = append(g.memo, judged{fields, strong})
	}
	return strong
}

// segment resolves the rows of one stretch of a table and returns how many of
// them are records of a person.
func (r *resolver) segment(seg *table.Segment) (records int64) {
	groups := r.groupsOf(seg)
	r.indexed.begin(seg)
	for _, g := range groups {
		g.memo = r.memo[:0]
		if len(g.columns) == 0 && r.indexed.matcher == nil {
			continue
		}
		r.keysOf(seg.Rows, g)
		g.shared = r.sharedTypes(len(seg.Rows), g)
		g.people = g.ofPeople()
		for i, row := range seg.Rows {
			if i%warmRows == 0 {
				r.warm(r.keys[i*len(g.columns) : min(i+warmRows, len(seg.Rows))*len(g.columns)])
			}
			r.lookUp(&g, row, len(groups) == 1)
			if r.row(&g, row, r.keys[i*len(g.columns):(i+1)*len(g.columns)]) {
				records++
			}
		}
	}
	return records
}

// warmRows is how many rows' keys are fetched at once.
const warmRows = 16

// warm fetches the places of keys in the tables that they are looked up in next.
func (r *resolver) warm(keys []cellKey) {
	people, contacts := &r.ev.people.index, &r.ev.contacts.exact
	if !people.cold() {
		return
	}
	both := contacts.cold()
	for i := range keys {
		k := &keys[i]
		if k.key == 0 || k.role {
			continue
		}
		r.warmed ^= people.warm(k.key)
		if both && k.domain != 0 {
			r.warmed ^= contacts.warm(k.key)
		}
	}
}

// groupsOf parts the columns of a row into people: one group, unless the same
// sequence of types comes again and again over the whole width. They are good
// until the next stretch.
func (r *resolver) groupsOf(seg *table.Segment) []group {
	all := group{columns: r.columns[:0], public: seg.Public, vague: true, listed: len(seg.Columns) >= minListed}
	for i, c := range seg.Columns {
		if c.Type == detect.None || c.Confidence < minConfidence || seg.Public && guessedContact(c) {
			continue
		}
		if factGroup(c.Type) == factNumber && (c.Named >= minNamed || c.Header == "") {
			all.vague = false
		}
		if c.Type == detect.Company && (c.Named == 0 || c.Named >= minCompany) {
			all.company = true
		}
		all.served = all.served || c.Served && !seg.Public && servedBy(c.Type)
		if factGroup(c.Type) != factNone {
			all.columns = append(all.columns, typedColumn{i, c.Type})
		}
	}
	r.columns, r.groups = all.columns, append(r.groups[:0], all)
	n := len(all.columns)
	for people := maxGroups; people > 1; people-- {
		if n%people != 0 || n/people < 2 || !repeats(all.columns, n/people) {
			continue
		}
		for i := range people {
			all.columns = r.columns[i*n/people : (i+1)*n/people]
			r.groups = append(r.groups[:i], all)
		}
		break
	}
	return r.groups
}

// guessedContact reports whether a column is taken for an address or a telephone
// by its cells alone, against what its header says. Beside public people it is
// something else: the number of a match, a score.
func guessedContact(c table.Column) bool {
	switch c.Type {
	case detect.AddressFull, detect.AddressStreet, detect.AddressPostcode, detect.ContactPhone:
		return c.Header != "" && c.Named == 0
	}
	return false
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
func (r *resolver) sharedTypes(rows int, g group) (shared fieldSet) {
	if rows < 3 {
		return shared
	}
	// A type with half as many values as rows is not shared, whatever the
	// best of them has.
	counts, best := r.distinct(rows, g, (rows+1)/2)
	few := false
	for _, c := range g.columns {
		n := counts[c.kind]
		few = few || identifies(c.kind) && n*2 < rows && n*2 >= best
	}
	if few && best*2 >= rows { // whether they are too few depends on how many the best has
		counts, best = r.distinct(rows, g, rows)
	}
	for _, c := range g.columns {
		if identifies(c.kind) && counts[c.kind]*2 < best {
			shared.add(c.kind)
		}
	}
	return shared
}

// distinct counts the different values of each identifying type, up to a number
// that is enough, and returns the greatest count, too.
func (r *resolver) distinct(rows int, g group, enough int) (counts [detect.NumTypes]int, best int) {
	for j, c := range g.columns {
		if !identifies(c.kind) {
			continue
		}
		n := r.seen.count(r.keys[j:], len(g.columns), rows, enough)
		counts[c.kind] = max(counts[c.kind], n)
		best = max(best, n)
	}
	return counts, best
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

// found is what one row says of one person.
type found struct {
	values [detect.NumTypes][]byte // the first of each type
	keys   [detect.NumTypes]Key    // their keys, zero where they identify nobody
	emails [2]identifier           // the first two e-mail addresses
	fields fieldSet
}

// forget empties f, whose values are of the given columns.
func (f *found) forget(columns []typedColumn) {
	for _, c := range columns {
		f.values[c.kind], f.keys[c.kind] = nil, 0
	}
	f.emails, f.fields = [2]identifier{}, fieldSet{}
}

// row resolves one row, whose identifying cells have the given keys, and
// reports whether it is a record of a person.
func (r *resolver) row(g *group, row [][]byte, keys []cellKey) bool {
	f := &r.found
	defer f.forget(g.columns)
	for j, c := range g.columns {
		if c.at >= len(row) || len(row[c.at]) == 0 || checked(c.kind) && keys[j].key == 0 || !plausible(c.kind, row[c.at]) {
			continue
		}
		value, key := row[c.at], keys[j].key
		switch c.kind {
		case detect.ContactEmail:
			if keys[j].role {
				continue
			}
			f.addEmail(identifier{key, keys[j].domain})
		case detect.FinanceCard:
			r.ev.addTo(&r.ev.cards, key, 0)
		case detect.IDNational, detect.IDHealth, detect.IDPassport:
			r.ev.addTo(&r.ev.national, key, 0)
		}
		f.fields.add(c.kind)
		if f.values[c.kind] == nil {
			f.values[c.kind], f.keys[c.kind] = value, key
		}
	}
	strong := g.isStrong(f.fields)
	r.contacts(g, f)
	if !strong && !reaches(f.fields) && !r.sure() && !(g.people && r.identified(f)) {
		return false
	}
	strongest, rec := r.claim(r.identify(g, f), record{fields: f.fields, strong: strong})
	known := len(r.ev.people.list)
	r.ev.add(r.ids, strongest, rec)
	if r.meet != nil && len(r.ev.people.list) > known {
		r.meet(f, r.ids)
	}
	return len(r.ids) > 0
}

func (f *found) addEmail(id identifier) {
	if f.emails[0].key == 0 {
		f.emails[0] = id
	} else if f.emails[1].key == 0 {
		f.emails[1] = id
	}
}

// contacts counts the addresses by which the row's person can be reached. The
// telephone of a company is no person's, nor that of a place: an address in
// whose row nothing is said of a person.
func (r *resolver) contacts(g *group, f *found) {
	for _, email := range f.emails {
		if email.key != 0 {
			r.ev.addTo(&r.ev.contacts, email.key, email.domain)
		}
	}
	if phone := f.keys[detect.ContactPhone]; phone != 0 && !g.company && !place(f.fields) && !detect.TollFree(f.values[detect.ContactPhone]) {
		r.ev.addTo(&r.ev.contacts, phone, 0)
	}
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

// dialled reports whether a cell of a column of telephone numbers is one, though
// no numbering plan has it: plans change, and people mistype. Six to fifteen
// digits (ITU-T E.164 has no longer number), and few other signs.
func dialled(value []byte) bool {
	digits, other := 0, 0
	for _, c := range value {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case c == ' ' || c == '-' || c == '+' || c == '(' || c == ')' || c == '.' || c == '/':
		default:
			other++
		}
	}
	return digits >= 6 && digits <= 15 && other <= 4 // "ext." or a no-break space
}

// plausible reports whether a cell can be a number of the kind at all: below a
// header that has a second meaning stand words.
func plausible(t detect.Type, value []byte) bool {
	switch t {
	case detect.IDNational, detect.IDHealth, detect.IDPassport, detect.IDLicence:
		digits := 0
		for _, c := range value {
			if '0' <= c && c <= '9' {
				digits++
			}
		}
		return digits >= 3
	}
	return true
}

// identify lists a row's identifiers in r.ids, from the strongest, and returns
// how many of the first are of the strongest kind.
func (r *resolver) identify(g *group, f *found) (strongest int) {
	r.ids = r.ids[:0]
	add := func(id identifier, kind detect.Type) {
		if id.key != 0 && !g.shared.has(kind) {
			r.ids = append(r.ids, id)
		}
	}
	rank := func() {
		if strongest == 0 {
			strongest = len(r.ids)
		}
	}
	for _, t := range [...]detect.Type{detect.IDNational, detect.IDHealth, detect.IDPassport, detect.IDLicence} {
		add(identifier{key: f.keys[t]}, t)
		rank()
	}
	for _, email := range f.emails {
		add(email, detect.ContactEmail)
	}
	rank()
	for _, t := range [...]detect.Type{detect.IDCustomer, detect.IDEmployee, detect.IDUsername,
		detect.FinanceIBAN, detect.FinanceAccount} {
		add(identifier{key: f.keys[t]}, t)
		rank()
	}
	if name := r.name(f); name != 0 && !g.shared.has(detect.PersonName) {
		for _, t := range [...]detect.Type{detect.ContactPhone, detect.PersonBirthDate, detect.AddressStreet,
			detect.AddressFull, detect.AddressPostcode, detect.PersonAge, detect.PersonMarital} {
			if f.values[t] != nil {
				r.ids = append(r.ids, identifier{key: name ^ r.key(t, f.values[t])<<1})
				break
			}
		}
		rank()
		r.ids = append(r.ids, identifier{key: name})
	}
	rank()
	for _, t := range [...]detect.Type{detect.ContactPhone, detect.ContactSocial, detect.FinanceCard} {
		add(identifier{key: f.keys[t]}, t)
		rank()
	}
	return strongest
}

// name returns the key of the row's full name, zero if it has none.
func (r *resolver) name(f *found) Key {
	if key := f.keys[detect.PersonName]; key != 0 {
		return key
	}
	given, family := f.values[detect.PersonGiven], f.values[detect.PersonFamily]
	if family == nil {
		return 0
	}
	r.joined = append(append(append(r.joined[:0], given...), ' '), family...)
	return r.key(detect.PersonName, r.joined)
}
