package table

import "github.com/bulkhead-dlp/bulkhead/rules/detect"

// bond says that a type makes another likelier in the same table.
type bond struct {
	has, makes detect.Type
	near       float64 // log-odds if they stand side by side
	far        float64 // log-odds if they do not
}

// bonds are what is known of neighbours: people come with ways to reach them,
// and an address comes in parts.
func bonds() []bond {
	return []bond{
		{detect.PersonFamily, detect.PersonGiven, 2, 1},
		{detect.PersonGiven, detect.PersonFamily, 2.5, 1.2},
		{detect.PersonGiven, detect.PersonBirthDate, 0.6, 0.6},
		{detect.PersonFamily, detect.PersonBirthDate, 0.6, 0.6},
		{detect.PersonName, detect.PersonBirthDate, 0.6, 0.6},
		{detect.ContactEmail, detect.PersonName, 1.2, 1},
		{detect.ContactEmail, detect.PersonGiven, 0.8, 0.6},
		{detect.ContactEmail, detect.PersonFamily, 0.8, 0.6},
		{detect.ContactEmail, detect.IDUsername, 0.8, 0.6},
		{detect.ContactEmail, detect.ContactPhone, 0.6, 0.5},
		{detect.ContactPhone, detect.PersonName, 1, 0.8},
		{detect.PersonName, detect.ContactPhone, 0.6, 0.5},
		{detect.PersonName, detect.IDCustomer, 0.8, 0.6},
		{detect.PersonFamily, detect.IDCustomer, 0.6, 0.6},
		{detect.ContactEmail, detect.IDCustomer, 0.5, 0.5},
		{detect.AddressCity, detect.AddressPostcode, 2, 0.6},
		{detect.AddressPostcode, detect.AddressCity, 2.2, 0.7},
		{detect.AddressStreet, detect.AddressCity, 1.4, 0.8},
		{detect.AddressStreet, detect.AddressPostcode, 1.4, 0.8},
		{detect.AddressCity, detect.AddressStreet, 2, 0.8},
		{detect.AddressPostcode, detect.AddressStreet, 2, 0.8},
		{detect.AddressCity, detect.AddressRegion, 1.2, 0.5},
		{detect.AddressCity, detect.AddressCountry, 0.8, 0.4},
		{detect.PersonName, detect.AddressStreet, 0.5, 0.4},
		{detect.PersonBirthDate, detect.PersonName, 0.5, 0.4},
		{detect.FinanceIBAN, detect.FinanceBIC, 2, 1},
		{detect.FinanceIBAN, detect.PersonName, 1, 0.8},
		{detect.FinanceCard, detect.PersonName, 1, 0.8},
	}
}

// support adds what each column's neighbours say, given what they are taken
// for now. A table may have thousands of columns, so the far ones are counted
// and not looked through.
func (r *reading) support(best []detect.Type) {
	var count [detect.NumTypes]int
	for _, t := range best {
		count[t]++
	}
	is := func(k int, t detect.Type) int {
		if k >= 0 && k < len(best) && best[k] == t {
			return 1
		}
		return 0
	}
	for j := range best {
		for _, b := range r.typer.bonds {
			gain := 0.0
			near := is(j-1, b.has) + is(j+1, b.has)
			if near > 0 {
				gain = b.near
			}
			if count[b.has] > near+is(j, b.has) {
				gain = max(gain, b.far)
			}
			// A neighbour makes likelier only what the cells allow.
			if gain > 0 && r.facts[j].score[b.makes] > -2.5 {
				r.facts[j].score[b.makes] += gain
				r.facts[j].near[b.makes] += gain
			}
		}
	}
}

// alone takes back parts of addresses that stand alone: a number and a word
// are a street beside a town, and anything elsewhere.
func (r *reading) alone(best []detect.Type) {
	company := 0 // columns that an address goes with
	for _, t := range best {
		if goesWithAddress(t) {
			company++
		}
	}
	for j, t := range best {
		if company > 1 || company == 1 && !goesWithAddress(t) {
			continue
		}
		for _, t := range []detect.Type{detect.AddressStreet, detect.AddressPostcode, detect.AddressFull} {
			if r.head.heading(j).odds[t] == 0 {
				r.facts[j].score[t] -= 3
			}
		}
	}
}

func goesWithAddress(t detect.Type) bool {
	switch t {
	case detect.PersonName, detect.PersonFamily, detect.ContactEmail, detect.ContactPhone, detect.AddressCity,
		detect.AddressCountry, detect.Company:
		return true
	}
	return false
}

// surroundings weighs the topics of all header words: rows with a price, a
// stock and an article number are hardly people.
func (r *reading) surroundings(width int) float64 {
	if len(r.head.headings) == 0 {
		return 0
	}
	count := map[string]int{}
	for j := range width {
		for _, topic := range r.head.heading(j).topics {
			count[topic]++
		}
	}
	other := 0
	for topic, n := range count {
		if topic != peopleTopic {
			other = max(other, n)
		}
	}
	if other < 2 {
		return min(float64(count[peopleTopic])*0.3, 1.2)
	}
	return max(min(float64(count[peopleTopic])*0.6-float64(other)*0.8, 1), -3.5)
}
