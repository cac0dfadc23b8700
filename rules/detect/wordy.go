package detect

// Values without digits: names, places, closed vocabularies and text.

const usernameOdds = 0.6

// wordy reads a value of letters and punctuation.
func (r *reading) wordy() {
	s := &r.shape
	if s.n > 2*maxWord || s.of(classSpace) > maxTokens {
		r.text()
		return
	}
	whole := r.d.kindsOf(r.value)
	if whole&^(kindName|kindWord) != 0 {
		r.addVocabulary(whole)
	}
	if s.of(classSpace) == 0 {
		r.word(whole)
		return
	}
	if odds := r.d.companyOddsOf(r.value); odds > 0 {
		r.add(Company, odds)
	}
	var tokens [maxTokens]token
	n, comma := r.d.tokens(&tokens, r.value)
	switch {
	case n <= 0:
	case n <= 3 && whole == 0 && isCityPrefix(tokens[0].text) && tokens[n-1].capital:
		r.add(AddressCity, cityPrefixOdds)
		r.addIf(tokens[0].particle, PersonFamily, 1) // "La Rosa"
	default:
		r.addNames(tokens[:n], comma, whole)
	}
	if s.n >= 8 && !r.bestIs(PersonName, 2.5) {
		r.addStreetName(tokens[:max(n, 0)])
	}
	r.text()
}

// bestIs reports whether the best reading so far is of a type, and likely.
func (r *reading) bestIs(t Type, odds float32) bool {
	return len(r.out) > r.first && r.out[r.first].Type == t && r.out[r.first].LogOdds >= odds
}

// addStreetName reads a street without a number; tokens is empty when the
// value has signs that names do not have.
func (r *reading) addStreetName(tokens []token) {
	street, capital := false, true
	for i := range tokens {
		street = street || tokens[i].kinds&kindStreet != 0 || hasStreetEnding(tokens[i].text)
		capital = capital && (tokens[i].capital || tokens[i].particle || i > 0)
	}
	switch {
	case street && capital:
		r.add(AddressStreet, 2)
	case len(tokens) == 0 && r.shape.of(classComma) >= 2:
		if clues := r.d.streetClues(r.value); clues.street && clues.commas >= 2 {
			r.add(AddressFull, 2)
		}
	default:
		hanAddress(r)
	}
}

// word reads a single word; whole is what the list says of it.
func (r *reading) word(whole kind) {
	s, v := &r.shape, r.value
	if s.n <= 3 {
		r.addIf(s.n == 2 && isCountryCode(v), AddressCountry, 1)
		r.addIf(s.n == 2 && isStateCode(v), AddressRegion, 0.8)
		if odds := bloodGroupOdds(v); odds > 0 {
			r.add(HealthText, odds)
		}
	}
	if s.of(classDot)+s.of(classSlash)+s.of(classColon)+s.of(classUnderscore) > 0 {
		r.addNetwork()
		r.addIf(isUsername(v, s), IDUsername, usernameOdds+0.8)
	} else if s.of(classUpper) == 0 && s.n >= 5 && s.ascii() == s.n && whole == 0 {
		r.add(IDUsername, usernameOdds-0.4)
	}
	r.addIf(s.of(classUpper) == s.n && (s.n == 8 || s.n == 11) && isBIC(v), FinanceBIC, bicOdds)
	if s.n >= 20 {
		r.longCode()
	}
	t := r.d.tokenOf(v, whole)
	if odds := hanFamily(r.d, v); odds > 0 {
		r.add(PersonName, odds)
	}
	r.addIf(t.given > -1.2, PersonGiven, t.given)
	r.addIf(t.family > -1.2, PersonFamily, t.family)
	if s.of(classHigh) >= 12 {
		hanAddress(r)
	}
	r.addIf(whole == 0 && t.capital && hasCityEnding(v), AddressCity, cityEndingOdds)
}

// addVocabulary adds the readings of a value that stands in a list as a whole.
func (r *reading) addVocabulary(whole kind) {
	for _, v := range [...]struct {
		kind kind
		t    Type
		odds float32
	}{
		{kindCountry, AddressCountry, 4}, {kindCity, AddressCity, 3}, {kindRegion, AddressRegion, 3},
		{kindJob, PersonJob, 3.5}, {kindPrefix, PersonPrefix, 4}, {kindSex, PersonSex, 4}, {kindMarital, PersonMarital, 4},
		{kindStatus, Status, 4}, {kindNationality, PersonNationality, 3.5}, {kindReligion, SpecialReligion, 4},
		{kindEthnicity, SpecialEthnicity, 4}, {kindPolitics, SpecialPolitics, 3}, {kindCondition, HealthText, 4},
	} {
		if whole&v.kind == 0 {
			continue
		}
		odds := v.odds
		if v.kind == kindSex && whole&kindPrefix != 0 {
			odds-- // "Frau"
		}
		if whole&kindName != 0 && v.kind&kindPlace != 0 {
			odds -= 1.5 // "Paris", "Jordan", "Washington"
		}
		if whole&kindWord != 0 && v.kind&(kindPlace|kindJob) != 0 {
			odds -= 2 // "Reading", "Nice"
		}
		r.add(v.t, odds)
	}
}

// text weighs words in a row as prose.
func (r *reading) text() {
	switch spaces := r.shape.of(classSpace); {
	case spaces >= 8:
		r.add(Text, 4)
	case spaces >= 5:
		r.add(Text, 2.5)
	case spaces >= 2:
		r.add(Text, 0.8)
	}
}

// isUsername reports an account name: lower-case letters with digits, a full
// stop or an underscore. Many other codes look alike.
func isUsername(value []byte, s *shape) bool {
	if s.n < 4 || s.n > 30 || s.of(classLower) < 3 || s.of(classUpper) > 2 || !isLetter(value[0]) {
		return false
	}
	for _, c := range value {
		if !isAlnum(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	last := value[len(value)-1]
	return isAlnum(last)
}

// isStateCode reports the two capitals of a state or province of the United
// States, Canada or Australia.
func isStateCode(code []byte) bool {
	switch string(code) {
	case "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA", "ME", "MD", "MA", "MI",
		"MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT",
		"VA", "WA", "WV", "WI", "WY", "PR", "ON", "QC", "BC", "AB", "MB", "SK", "NS", "NB", "NL", "PE", "NT", "NU", "YT":
		return true
	}
	return false
}
