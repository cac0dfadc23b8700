package sample

import (
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// layouts are the fields of tables about people, as they are met.
func layouts() [][]detect.Type {
	return [][]detect.Type{
		{detect.IDCustomer, detect.IDUsername, detect.PersonName, detect.Product, detect.FinanceAmount, detect.ContactEmail, detect.ContactEmail, detect.Status, detect.Status},
		{detect.PersonGiven, detect.PersonFamily, detect.ContactEmail, detect.ContactPhone, detect.AddressStreet, detect.AddressPostcode, detect.AddressCity, detect.AddressCountry},
		{detect.IDCustomer, detect.PersonGiven, detect.PersonFamily, detect.PersonSex, detect.PersonBirthDate, detect.ContactPhone, detect.AddressCity},
		{detect.PersonName, detect.PersonBirthDate, detect.IDNational, detect.HealthText, detect.ContactPhone},
		{detect.PersonName, detect.FinanceIBAN, detect.FinanceAmount, detect.Date},
		{detect.PersonName, detect.FinanceCard, detect.ContactEmail, detect.FinanceAmount},
		{detect.PersonGiven, detect.PersonFamily, detect.PersonJob, detect.FinanceSalary, detect.PersonAge, detect.PersonMarital, detect.Company},
		{detect.IDUsername, detect.ContactEmail, detect.SecretPassword, detect.NetIP, detect.Date},
		{detect.PersonName, detect.Company, detect.ContactEmail, detect.ContactPhone, detect.AddressCity, detect.AddressRegion, detect.Text},
		{detect.PersonFamily, detect.PersonGiven, detect.AddressStreet, detect.AddressPostcode, detect.AddressCity, detect.ContactPhone, detect.Status},
	}
}

// people makes a table of people.
func (d *draw) people(variant Variant) Table {
	all := layouts()
	types := append([]detect.Type(nil), d.known(all[d.rng.IntN(len(all))])...)
	for !ofPeople(types) { // a language without a word for what makes them people
		types = append(types[:0], d.known(all[d.rng.IntN(len(all))])...)
	}
	if variant == Mixed {
		types = append(types, detect.Number, detect.Product, detect.Date)
	}
	if variant == Shuffled || variant == Mixed {
		d.rng.Shuffle(len(types), func(a, b int) { types[a], types[b] = types[b], types[a] })
	}
	if variant == Transposed {
		d.rows = 3 + d.rng.IntN(12)
	}
	t := Table{Types: types}
	header, style := make([]string, len(t.Types)), d.rng.IntN(4)
	used := map[string]int{}
	for j, kind := range t.Types {
		names := d.headers(variant)[kind.String()]
		n := used[kind.String()]
		used[kind.String()]++
		header[j] = styled(names[(d.rng.IntN(len(names))+n)%len(names)], style)
	}
	if variant != Headerless {
		t.Rows = append(t.Rows, header)
	}
	for i := range d.rows {
		p := d.person()
		p.numbered(i)
		row := make([]string, len(t.Types))
		for j, kind := range t.Types {
			row[j] = d.value(kind, p)
		}
		t.Rows = append(t.Rows, row)
		t.People++
	}
	switch variant {
	case Noisy:
		d.spoil(&t)
	case Transposed:
		t.Rows = transpose(t.Rows)
	}
	return t
}

// headers are the words that a variant's columns are called by.
func (d *draw) headers(variant Variant) map[string][]string {
	if variant == Foreign {
		return d.locale.foreign
	}
	return d.locale.Headers
}

// ofPeople reports whether fields tell more of people than their names and
// what anybody's table has.
func ofPeople(types []detect.Type) bool {
	facts := 0
	for _, t := range types {
		if t.Category() != detect.Context && t != detect.PersonGiven {
			facts++
		}
	}
	return facts >= 2
}

// known leaves out the fields that a locale has no header for.
func (d *draw) known(types []detect.Type) []detect.Type {
	var kept []detect.Type
	for _, kind := range types {
		if len(d.locale.Headers[kind.String()]) > 0 {
			kept = append(kept, kind)
			continue
		}
		switch kind {
		case detect.PersonGiven:
			kept = append(kept, detect.PersonName)
		case detect.PersonFamily, detect.PersonMarital, detect.IDNational, detect.FinanceIBAN:
		}
	}
	return kept
}

// styled writes a header as programs do.
func styled(name string, style int) string {
	switch style {
	case 1:
		return strings.ToUpper(name)
	case 2:
		return strings.ReplaceAll(strings.ToLower(name), " ", "_")
	case 3:
		return " " + name + " "
	}
	return name
}

// spoil empties cells, changes letters, and adds a row that is no record.
func (d *draw) spoil(t *Table) {
	for i := 1; i < len(t.Rows); i++ {
		for j := range t.Rows[i] {
			switch n := d.rng.IntN(100); {
			case n < 8:
				t.Rows[i][j] = ""
			case n < 11:
				t.Rows[i][j] = d.misspell(t.Rows[i][j])
			case n < 13:
				t.Rows[i][j] = []string{"n/a", "-", "?", "unknown"}[d.rng.IntN(4)]
			}
		}
	}
	blank := make([]string, len(t.Types))
	at := len(t.Rows) / 2
	t.Rows = append(t.Rows[:at], append([][]string{blank}, t.Rows[at:]...)...)
}

// misspell swaps two letters.
func (d *draw) misspell(text string) string {
	r := []rune(text)
	if len(r) < 4 {
		return text
	}
	i := 1 + d.rng.IntN(len(r)-2)
	r[i], r[i+1] = r[i+1], r[i]
	return string(r)
}

func transpose(rows [][]string) [][]string {
	out := make([][]string, len(rows[0]))
	for j := range out {
		for _, row := range rows {
			out[j] = append(out[j], row[j])
		}
	}
	return out
}
