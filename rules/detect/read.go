package detect

import "bytes"

// numeric reads a value of digits and punctuation.
func (r *reading) numeric() {
	s := &r.shape
	if s.digits() == s.n {
		r.digitsOnly()
		return
	}
	digits := s.digits()
	if digits <= 6 && isTimeOfDay(r.value) {
		r.add(Date, timeOdds)
		return
	}
	if isISBN(r.value) {
		r.add(Product, isbnOdds)
		return
	}
	if digits >= 4 && digits <= 17 && r.addDate() {
		r.addIf(isSortCode(r.value), FinanceRouting, sortCodeOdds)
		return
	}
	if digits >= 4 && s.of(classDot)+s.of(classColon) > 0 && s.of(classComma)+s.of(classSpace) == 0 {
		if s.of(classDot) >= 3 && isIP(r.value) {
			r.add(NetIP, ipOdds)
			return
		}
		r.addIf(isMAC(r.value), NetMAC, macOdds)
	}
	if digits >= 6 {
		if odds, ok := phoneOdds(r.value); ok {
			r.add(ContactPhone, odds)
		}
		r.addIf(digits >= 13 && isCard(r.value), FinanceCard, cardOdds+1)
		r.addNational()
	}
	if odds := geoOdds(r.value); odds > 0 {
		r.add(Geo, odds)
	}
	if isNumber(r.value) {
		r.add(Number, numberOdds)
		r.addIf(hasCents(r.value), FinanceAmount, amountPlainOdds)
		return
	}
	r.addIf(isSortCode(r.value), FinanceRouting, sortCodeOdds)
	if odds := postcodeOdds(r.value, s); odds > 0 {
		r.add(AddressPostcode, odds)
	}
	r.addIf(bytes.IndexByte(r.value, '$') >= 0 && r.d.isAmount(r.value), FinanceAmount, amountOdds)
}

// digitsOnly reads a run of digits.
func (r *reading) digitsOnly() {
	n := r.shape.n
	r.add(Number, numberOdds)
	switch {
	case n <= 3:
		if v := number(r.value); v >= 16 && v <= 99 {
			r.add(PersonAge, 0.3)
		}
		return
	case n <= 7:
		if odds := postcodeOdds(r.value, &r.shape); odds > 0 {
			r.add(AddressPostcode, odds)
		}
		return
	case n > 19:
		return
	}
	if n == 8 {
		r.addDate()
	}
	if n <= 15 {
		if odds, ok := phoneOdds(r.value); ok {
			r.add(ContactPhone, odds)
		}
	}
	r.addNational()
	r.addIf(n >= 13 && isCard(r.value), FinanceCard, bareCardOdds(n))
	r.addIf(n == 15 && isIMEI(r.value), IDDevice, imeiOdds)
	r.addIf(n == 9 && isABA(r.value), FinanceRouting, routingOdds)
}

// mixed reads a value of letters and digits.
func (r *reading) mixed() {
	s := &r.shape
	if s.of(classSpace) > 0 || s.of(classHigh) > 0 || s.of(classComma) > 0 {
		r.phrase()
		return
	}
	if s.n <= 32 && s.letters() <= 9 && (s.letters() >= 3 || s.of(classColon) > 0) && s.of(classDash)+s.of(classSlash)+s.of(classDot)+s.of(classColon) > 0 && r.addDate() {
		return
	}
	if s.letters() <= 9 && s.digits() >= 7 {
		if odds, ok := phoneOdds(r.value); ok && odds > 2 {
			r.add(ContactPhone, odds)
			return
		}
	}
	r.code()
}

// phrase reads words with digits among them.
func (r *reading) phrase() {
	s := &r.shape
	if s.n <= 48 && s.digits() >= 3 && r.addDate() {
		return
	}
	if odds, ok := phoneOdds(r.value); ok && s.digits() >= 7 {
		r.add(ContactPhone, odds)
		return
	}
	if s.letters() <= 5 && r.d.isAmount(r.value) {
		r.add(FinanceAmount, amountOdds)
		return
	}
	if s.n >= 18 && s.n <= 42 && isIBAN(r.value) {
		r.add(FinanceIBAN, ibanOdds)
		return
	}
	if s.n <= 22 && s.digits() >= 5 {
		r.addNational()
		r.addIf(isVAT(r.value), FinanceTax, vatOdds)
	}
	if odds := postcodeOdds(r.value, s); odds > 0 {
		r.add(AddressPostcode, odds)
		return
	}
	if s.n <= maxWord {
		if whole := r.d.kindsOf(r.value); whole != 0 {
			r.addVocabulary(whole)
			return
		}
	}
	if !r.addStreet() {
		r.text()
	}
}

// code reads letters and digits in one word: an identifier, a secret, a name
// on the network.
func (r *reading) code() {
	s, v := &r.shape, r.value
	r.add(Code, 1)
	if s.n >= 20 {
		r.longCode()
	}
	if s.n >= 8 && s.n <= 22 {
		r.addNational()
		r.addIf(isVAT(v), FinanceTax, vatOdds)
	}
	r.addIf(s.n >= 15 && s.n <= 34 && isIBAN(v), FinanceIBAN, ibanOdds)
	if s.of(classLower) == 0 {
		r.addIf(isBIC(v), FinanceBIC, bicOdds+float32(s.n-8)/3)
		r.addIf(s.n == 11 && isIFSC(v), FinanceRouting, bic11Odds)
		r.addIf(s.n >= 8 && s.n <= 9 && isPassport(v), IDPassport, passportOdds)
		if odds := vehicleOdds(v); odds > 0 {
			r.add(IDVehicle, odds)
		}
		if ok, short := isICD10(v); ok && !short {
			r.add(HealthCode, icdOdds)
		} else if ok {
			r.add(HealthCode, icdBareOdds)
		}
	}
	if odds := postcodeOdds(v, s); odds > 0 {
		r.add(AddressPostcode, odds)
	}
	r.addIf(s.letters() <= 4 && r.d.isAmount(v), FinanceAmount, amountOdds)
	r.addNetwork()
	r.addIf(isUsername(v, s), IDUsername, usernameOdds)
}

// addNetwork adds addresses and names of the network.
func (r *reading) addNetwork() {
	s, v := &r.shape, r.value
	if colons := s.of(classColon); colons > 0 {
		r.addIf(colons >= 2 && isIP(v), NetIP, ipOdds)
		r.addIf(colons >= 5 && isMAC(v), NetMAC, macOdds)
	}
	if s.of(classDash) == 5 {
		r.addIf(isMAC(v), NetMAC, macOdds)
	}
	if dots := s.of(classDot); dots > 0 {
		if isURL(v) {
			r.add(NetURL, urlOdds)
		} else if s.of(classSlash) == 0 {
			r.addIf(isDomain(v) && isUsualTop(v), NetDomain, domainOdds)
			r.addIf(dots == 2 && s.n == 14 && isMAC(v), NetMAC, macOdds)
		}
		if odds := socialOdds(v); odds > 0 {
			r.add(ContactSocial, odds)
		}
	} else if s.of(classColon) > 0 && s.of(classSlash) >= 2 {
		r.addIf(isURL(v), NetURL, urlOdds)
	}
}

// longCode reads identifiers of twenty characters and more.
func (r *reading) longCode() {
	v := r.value
	r.addIf(isUUID(v), Code, uuidOdds)
	r.addIf(isCryptHash(v), SecretHash, cryptOdds)
	if odds := hexHashOdds(v, &r.shape); odds > 0 {
		r.add(SecretHash, odds)
	}
	r.addIf(keyLength(r.d.keys, v) == len(v), SecretKey, keyOdds)
	r.addIf(isCryptoAddress(v), FinanceCrypto, cryptoOdds)
	r.addIf(isMRZ(v), IDPassport, mrzOdds)
}

// readLong reads a value that is longer than a field: text, or a secret.
func (d *Detector) readLong(dst []Candidate, value []byte) []Candidate {
	switch {
	case isPrivateKey(value), keyLength(d.keys, value) == len(value):
		return append(dst, Candidate{Type: SecretKey, LogOdds: keyOdds})
	case bytes.IndexByte(value, ' ') < 0:
		if isURL(value) {
			return append(dst, Candidate{Type: NetURL, LogOdds: urlOdds})
		}
		return append(dst, Candidate{Type: Code, LogOdds: 1})
	}
	return append(dst, Candidate{Type: Text, LogOdds: 4})
}
