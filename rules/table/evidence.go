package table

import (
	"math"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/cespare/xxhash/v2"
)

// sampleCells is how many cells of a column are read in each segment, spread
// over its rows.
const sampleCells = 48

// scores are the log-odds of each type.
type scores [detect.NumTypes]float64

// facts is what the cells of one column show.
type facts struct {
	filled   int // filled cells among those looked at
	looked   int // cells looked at
	distinct int // distinct values among them
	shapes   [numShapes]int
	spaces   int // values with a space
	length   int // bytes of the distinct values
	longest  int
	hits     [detect.NumTypes]uint16
	sum      [detect.NumTypes]float32
	given    float64 // how much single words look like given names, summed
	family   float64
	figures  figures
	near     scores // the part of score that neighbours gave
	score    scores
}

// look reads a sample of column j.
func (r *reading) look(f *facts, rows [][][]byte, j int) {
	*f = facts{}
	step := max(1, len(rows)/sampleCells)
	var seen [sampleCells * 2]uint64
	for i := 0; i < len(rows) && f.looked < len(seen); i += step {
		f.looked++
		value := rows[i][j]
		if len(value) == 0 {
			continue
		}
		f.filled++
		h := xxhash.Sum64(value)
		fresh := true
		for _, old := range seen[:f.distinct] {
			if old == h {
				fresh = false
				break
			}
		}
		if !fresh {
			continue
		}
		seen[f.distinct] = h
		f.distinct++
		r.readCell(f, value)
	}
}

// readCell adds one distinct value to what is known of its column.
func (r *reading) readCell(f *facts, value []byte) {
	m := r.rows.marks.of(value)
	f.shapes[shapeOf(m)]++
	f.length += len(value)
	f.longest = max(f.longest, len(value))
	if m&hasSpace != 0 {
		f.spaces++
	}
	f.figures.add(value, m)
	r.found = r.typer.values.Classify(r.found[:0], value)
	for _, c := range r.found {
		f.hits[c.Type]++
		f.sum[c.Type] += min(c.LogOdds, 8)
	}
	if m&^(hasLetter) == 0 && len(value) <= 24 {
		given, family := r.typer.values.NameScore(value)
		f.given += float64(given)
		f.family += float64(family)
	}
}

// weigh sums what the cells say about each type.
func (f *facts) weigh() {
	if f.distinct == 0 {
		return
	}
	n := float64(f.distinct)
	grow := 1 + 0.5*math.Log2(min(n, 32)) // many cells that agree say more than one
	for t := detect.None + 1; t < detect.NumTypes; t++ {
		hits := float64(f.hits[t])
		miss := missing(t)
		mean := (float64(f.sum[t]) + (n-hits)*miss) / n
		if hits == 0 {
			f.score[t] += max(mean*min(grow, 2), -6)
			continue
		}
		if residual(t) {
			f.score[t] += mean
			continue
		}
		f.score[t] += max(min(mean*grow, 12), -8)
	}
	f.companies()
	f.repeats()
	f.forms()
}

// companyShare is the share of cells with a company's form from which a column
// holds companies, though most read as names: people have none of them.
const companyShare = 0.15

// companies lets the few cells that are companies by their form speak for the
// others: the founders' names alone make the rest.
func (f *facts) companies() {
	if share := float64(f.hits[detect.Company]) / float64(f.distinct); f.hits[detect.Company] >= 3 && share >= companyShare {
		f.score[detect.PersonName] -= 4
		f.score[detect.PersonFamily] -= 4
		f.score[detect.Company] += 4 * min(1, 2*share)
	}
}

// missing is what a cell says against a type whose form it does not have.
func missing(t detect.Type) float64 {
	switch t {
	case detect.ContactEmail, detect.NetIP, detect.NetMAC, detect.FinanceCard, detect.FinanceIBAN:
		return -3
	case detect.PersonBirthDate, detect.NetURL, detect.Geo, detect.Number:
		return -2.5
	case detect.ContactPhone, detect.FinanceBIC, detect.NetDomain, detect.SecretHash,
		detect.FinanceAmount, detect.FinanceCrypto:
		return -2
	case detect.AddressPostcode, detect.AddressCountry, detect.IDNational, detect.Date, detect.PersonSex, detect.HealthCode,
		detect.PersonPrefix, detect.FinanceRouting:
		return -1.2
	case detect.PersonName, detect.AddressStreet, detect.PersonGiven, detect.Status, detect.PersonNationality,
		detect.PersonMarital, detect.AddressFull, detect.IDVehicle:
		return -0.8
	case detect.PersonFamily, detect.AddressCity, detect.AddressRegion, detect.IDUsername, detect.IDPassport,
		detect.IDHealth, detect.IDLicence, detect.FinanceTax, detect.FinanceAccount, detect.IDDevice:
		return -0.5
	}
	return -0.25
}

// residual reports whether a type is what remains when nothing better fits:
// many cells of it say no more than one.
func residual(t detect.Type) bool {
	switch t {
	case detect.Number, detect.Text, detect.Code, detect.Status, detect.Product, detect.Company:
		return true
	}
	return false
}

// repeats takes few distinct values in many rows as a sign of classes rather
// than of people.
func (f *facts) repeats() {
	if f.filled < 12 {
		return
	}
	share := float64(f.distinct) / float64(f.filled)
	if share > 0.9 {
		f.score[detect.IDCustomer] += 0.6
		f.score[detect.IDUsername] += 0.4
		f.score[detect.Status] -= 3
		f.score[detect.PersonSex] -= 3
		return
	}
	if share < 0.3 {
		for _, t := range []detect.Type{detect.ContactEmail, detect.ContactPhone, detect.IDCustomer, detect.IDNational,
			detect.IDUsername, detect.AddressStreet, detect.FinanceCard, detect.FinanceIBAN} {
			f.score[t] -= 1.5
		}
		f.score[detect.Status] += 0.8
	}
	if f.distinct <= 6 && share < 0.5 {
		f.score[detect.PersonName] -= 1.2
		f.score[detect.PersonFamily] -= 2
		f.score[detect.PersonGiven] -= 1.5
		f.score[detect.Status] += 0.5
	}
}

// forms weighs what the shape of the cells alone makes likely or unlikely.
func (f *facts) forms() {
	n := float64(f.distinct)
	share := func(s shape) float64 { return float64(f.shapes[s]) / n }
	spaced, length := float64(f.spaces)/n, float64(f.length)/n
	notName := share(numeric) + share(mixed) + share(address)
	for _, t := range []detect.Type{detect.PersonName, detect.PersonGiven, detect.PersonFamily, detect.AddressCity,
		detect.AddressCountry, detect.PersonPrefix, detect.PersonJob, detect.PersonNationality} {
		f.score[t] -= 6 * notName
	}
	f.score[detect.PersonName] -= 2.5 * (1 - spaced) * share(wordy)
	f.score[detect.PersonGiven] -= 1.5 * spaced
	f.score[detect.PersonFamily] -= 1.5 * spaced
	f.score[detect.Number] += share(numeric)*0.8 - 4*(1-share(numeric))
	f.score[detect.FinanceAmount] -= 3 * (share(wordy) + share(address))
	f.score[detect.FinanceSalary] -= 3 * (share(wordy) + share(address))
	for _, t := range []detect.Type{detect.IDCustomer, detect.IDEmployee, detect.IDNational, detect.IDPassport,
		detect.IDHealth, detect.IDLicence, detect.Code, detect.IDDevice, detect.FinanceAccount, detect.FinanceTax} {
		f.score[t] -= 2.5*share(wordy) + 3*share(address)
	}
	if f.distinct > 3 {
		for _, t := range []detect.Type{detect.HealthText, detect.SpecialReligion, detect.SpecialEthnicity, detect.SpecialPolitics,
			detect.SpecialUnion, detect.SpecialSexLife, detect.SpecialConviction} {
			f.score[t] -= 5*share(numeric) + 3*share(mixed) // counts of cases, not cases
		}
	}
	if length <= 3 {
		f.score[detect.HealthCode] -= 1.5 // A10 may be any code; of diagnoses most have a point
	}
	if length < 5 {
		for _, t := range []detect.Type{detect.IDNational, detect.IDPassport, detect.IDHealth, detect.FinanceCard,
			detect.FinanceIBAN, detect.FinanceAccount, detect.ContactPhone, detect.ContactEmail} {
			f.score[t] -= 6 // too short for any of them, whatever the header says
		}
	}
	f.score[detect.ContactSocial] -= 6 * share(numeric)
	f.score[detect.IDUsername] -= 2*spaced + 1.5*share(numeric)
	if length > 40 {
		f.score[detect.Text] += 2
		f.score[detect.PersonName] -= 4
		f.score[detect.IDUsername] -= 3
	}
	if f.longest > 80 {
		f.score[detect.PersonName] -= 2
	}
	f.score[detect.Text] += 0.3*spaced*share(wordy) + 0.2*share(wordy)
	f.score[detect.Product] += 0.8 * share(mixed) * spaced
	f.score[detect.PersonAge] -= 3 * (1 - share(numeric))
	f.score[detect.Code] += 0.6 * share(mixed) * (1 - spaced)
}
