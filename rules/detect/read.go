package detect

// numeric reads a value of digits and punctuation.
func (r *reading) numeric() {
	s := &r.shape
	if s.digits() == s.n {
		r.digitsOnly()
		return
	}
	r.addDate()
	if odds, ok := phoneOdds(r.value); ok {
		r.add(ContactPhone, odds)
	}
	r.addIf(s.digits() >= 13 && isCard(r.value), FinanceCard, cardOdds+1)
	r.addIf(isNumber(r.value), Number, numberOdds)
}

// digitsOnly reads a run of digits.
func (r *reading) digitsOnly() {
	n := r.shape.n
	r.add(Number, numberOdds)
	if n == 8 {
		r.addDate()
	}
	if n >= 8 && n <= 15 {
		if odds, ok := phoneOdds(r.value); ok {
			r.add(ContactPhone, odds)
		}
	}
	r.addIf(n >= 13 && n <= 19 && isCard(r.value), FinanceCard, cardOdds)
}

// mixed reads a value of letters and digits.
func (r *reading) mixed() {
	s := &r.shape
	if s.n <= 40 {
		if r.addDate() {
			return
		}
		if odds, ok := phoneOdds(r.value); ok && s.letters() <= 9 {
			r.add(ContactPhone, odds)
			return
		}
	}
	r.long()
}

// wordy reads a value without digits.
func (r *reading) wordy() {
	whole := r.d.kindsOf(r.value)
	r.addIf(whole&kindCountry != 0, AddressCountry, 4)
	r.addIf(whole&kindCity != 0, AddressCity, 2.5)
	r.addIf(whole&kindRegion != 0, AddressRegion, 2.5)
	r.addIf(whole&kindJob != 0, PersonJob, 3)
	r.addIf(whole&kindPrefix != 0, PersonPrefix, 3.5)
	r.addNames(whole)
	r.long()
}

// long reads what remains: text and codes.
func (r *reading) long() {
	s := &r.shape
	switch {
	case s.of(classSpace) >= 4:
		r.add(Text, 2)
	case s.of(classSpace) >= 2:
		r.add(Text, 1)
	case s.of(classSpace) == 0 && s.digits() > 0:
		r.add(Code, 1)
	}
}

// readLong reads a value that is longer than a field.
func (d *Detector) readLong([]byte) []Candidate {
	return []Candidate{{Type: Text, LogOdds: 4}}
}
