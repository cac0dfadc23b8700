package detect

// pacificSchemes are those of Oceania and Africa.
func pacificSchemes() []scheme {
	return []scheme{
		// Australian Taxation Office, TFN: modulo 11.
		{"AU", IDNational, "999999999", "999 999 999", 0.5, 1.5, isTFN},
		// Services Australia, Medicare card: number, check digit, issue and person.
		{"AU", IDHealth, "9999999999", "9999 99999 9", 1, 4.5, isMedicare},
		{"AU", IDHealth, "99999999999", "9999 99999 9-9", 1, 6, isMedicare},
		// Inland Revenue, IRD number.
		{"NZ", IDNational, "99999999", "99-999-999", 0.2, 3.5, isIRD},
		{"NZ", IDNational, "999999999", "999-999-999", 0.4, 2, isIRD},
		// Department of Home Affairs, South Africa: date and Luhn.
		{"ZA", IDNational, "9999999999999", "999999 9999 99 9", 4, 6, func(id []byte) bool { return ymd(id) && id[10] <= '2' && luhn(id) }},
		// Civil Status Authority, Egypt: century, date, governorate.
		{"EG", IDNational, "99999999999999", "", 3, 3, func(id []byte) bool {
			return (id[0] == '2' || id[0] == '3') && ymd(id[1:]) && number(id[7:9]) > 0 && number(id[7:9]) <= 35
		}},
	}
}

func isTFN(id []byte) bool {
	sum := 0
	for i, weight := range [9]int{1, 4, 3, 7, 5, 8, 6, 9, 10} {
		sum += int(id[i]-'0') * weight
	}
	return id[0] != '0' && sum%11 == 0
}

func isMedicare(id []byte) bool {
	return id[0] >= '2' && id[0] <= '6' && weighted(id, "13791379")%10 == int(id[8]-'0') && id[9] != '0'
}

func isIRD(id []byte) bool {
	var padded [9]byte
	padded[0] = '0'
	copy(padded[9-len(id):], id)
	if n := number(padded[:]); n < 10000000 || n > 150000000 {
		return false
	}
	c := check11(weighted(padded[:], "32765432"), 10, 0)
	if c == 10 {
		c = check11(weighted(padded[:], "74325276"), 10, 0)
	}
	return c == last(padded[:])
}

// businessSchemes are tax numbers of companies that stand alone, without the
// country in front.
func businessSchemes() []scheme {
	return []scheme{
		// Krajowa Administracja Skarbowa, NIP.
		{"PL", FinanceTax, "9999999999", "999-999-99-99", 0.8, 5, func(id []byte) bool { return mod11(id, "657234567") == last(id) }},
		// Agenzia delle Entrate, partita IVA: Luhn.
		{"IT", FinanceTax, "99999999999", "", 0.8, 0.8, func(id []byte) bool { return number(id[7:10]) <= 121 && luhn(id) }},
		// INSEE, SIREN and SIRET: Luhn.
		{"FR", FinanceTax, "999999999", "999 999 999", 0.3, 1.2, luhn},
		{"FR", FinanceTax, "99999999999999", "999 999 999 99999", 2, 5, luhn},
		// Australian Business Register, ABN: modulo 89.
		{"AU", FinanceTax, "99999999999", "99 999 999 999", 3.5, 5.5, isABN},
		// HMRC, unique taxpayer reference.
		{"GB", IDNational, "9999999999", "99999 99999", 0.6, 2.5, isUTR},
		// IRS, employer identification number: two digits of an office.
		{"US", FinanceTax, "999999999", "99-9999999", -0.5, 3, func(id []byte) bool { return id[0] != '0' || id[1] != '0' }},
		// GSTN, goods and services tax number: state and PAN.
		{"IN", FinanceTax, "99AAAAA9999A*Z*", "", 7, 7, func(id []byte) bool { return number(id[:2]) <= 38 }},
	}
}

// isUTR: the first digit checks the other nine.
func isUTR(id []byte) bool {
	sum := 0
	for i, weight := range [9]int{6, 7, 8, 9, 10, 5, 4, 3, 2} {
		sum += int(id[i+1]-'0') * weight
	}
	return "21987654321"[sum%11] == id[0]
}

func isABN(id []byte) bool {
	sum := 0
	for i, weight := range [11]int{10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19} {
		d := int(id[i] - '0')
		if i == 0 {
			d--
		}
		sum += d * weight
	}
	return sum%89 == 0
}
