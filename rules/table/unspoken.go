package table

import "github.com/bulkhead-dlp/bulkhead/rules/detect"

// A header that names its column and says nothing of a type speaks against it:
// "judge" above family names, "spotify_id" above what looks like passwords. How
// much depends on how often values of a type are something else.

// unspoken returns what a header that does not speak of a type says against
// it, in log-odds.
func unspoken(t detect.Type) float64 {
	switch t {
	case detect.IDUsername, detect.SecretPassword:
		return 4.5
	case detect.AddressStreet, detect.AddressFull:
		return 3
	case detect.AddressPostcode, detect.PersonFamily, detect.IDNational, detect.HealthCode:
		return 2.5
	case detect.IDCustomer, detect.IDPassport, detect.IDLicence, detect.IDHealth, detect.IDVehicle, detect.IDDevice,
		detect.FinanceAccount, detect.ContactPhone, detect.PersonAge, detect.FinanceSalary, detect.PersonBirthDate:
		return 2
	case detect.PersonGiven:
		return 1
	case detect.PersonName, detect.FinanceCard:
		return 0.5
	}
	return 0
}

// silence takes off from column j what its header does not speak of. A header
// row in a language of which the lexicon knows little says less by its
// silence, and one over rows that have changed says nothing.
func (r *reading) silence(j int) {
	if r.head.weak || len(r.head.row) == 0 {
		return
	}
	part := 1.0
	if !r.head.fluent() || r.head.name(j) == "" {
		part = 0.7
	}
	if !ascii(r.head.name(j)) && !r.head.heading(j).known {
		part = 0.3
	}
	f, said := &r.facts[j], r.head.heading(j).odds
	if r.head.heading(j).number {
		f.numbers()
	}
	for t := detect.None + 1; t < detect.NumTypes; t++ {
		if said[t] <= 0 {
			f.score[t] -= part * unspoken(t)
		}
	}
}

// numbers takes off what the number of a thing is not, whatever its form:
// "1971-2011" under "tourney_id" is no postcode.
func (f *facts) numbers() {
	for _, t := range [...]detect.Type{detect.AddressStreet, detect.AddressPostcode, detect.AddressFull, detect.AddressCity,
		detect.AddressRegion, detect.ContactPhone, detect.FinanceAmount} {
		f.score[t] -= 4
	}
}

// numbered gives back to names most of what their digits took from them where
// the header names them: made-up data numbers its people, as in "Nikita578".
func (f *facts) numbered(h *heading) {
	if f.distinct == 0 || f.shapes[mixed]*2 < f.distinct || f.spaces*2 > f.distinct {
		return
	}
	for _, t := range []detect.Type{detect.PersonGiven, detect.PersonFamily, detect.PersonName} {
		if h.odds[t] >= 3 {
			f.score[t] += 8 * float64(f.shapes[mixed]) / float64(f.distinct)
		}
	}
}

// born takes dates for birth dates where the header says so, whatever their
// form: dumps give a birth date as a point in time.
func (f *facts) born(h *heading) {
	if h.odds[detect.PersonBirthDate] >= 3 && int(f.hits[detect.Date])*2 > f.distinct {
		f.score[detect.PersonBirthDate] = max(f.score[detect.PersonBirthDate], f.score[detect.Date]+2)
	}
}

// fluent reports whether the lexicon knows at least one in four of the names.
func (h *header) fluent() bool {
	known, named := 0, 0
	for i, name := range h.names {
		if name == "" {
			continue
		}
		named++
		if h.headings[i].known {
			known++
		}
	}
	return known*4 >= named
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// lonePhones takes back telephone numbers in a table without people or places
// that stand under the name of something else, or have no sign but digits:
// ranges of years and the numbers of samples have the form too.
func (r *reading) lonePhones(best []detect.Type) {
	for _, t := range best {
		switch t {
		case detect.PersonName, detect.PersonFamily, detect.PersonGiven, detect.ContactEmail, detect.AddressStreet, detect.AddressFull:
			return
		}
	}
	for j, t := range best {
		f := &r.facts[j]
		if t != detect.ContactPhone || r.head.heading(j).odds[t] > 0 {
			continue
		}
		bare := len(best) > 1 && f.sum[t] < 2*float32(f.hits[t])
		if bare || !r.head.weak && len(r.head.row) > 0 {
			f.score[t] -= 12
			best[j], _, _ = f.best()
		}
	}
}
