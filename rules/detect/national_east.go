package detect

// centralSchemes are those of Central Europe.
func centralSchemes() []scheme {
	return []scheme{
		// Ministerstwo Cyfryzacji, PESEL.
		{"PL", IDNational, "99999999999", "", 4, 4, isPESEL},
		// Ministerstvo vnitra, rodné číslo: divisible by eleven; nine digits before 1954.
		{"CZ", IDNational, "9999999999", "999999/9999", 3, 6.5, isRodneCislo},
		{"CZ", IDNational, "999999999", "999999/999", -0.5, 5, func(id []byte) bool { return czechDate(id) && number(id[:2]) < 54 }},
		// NEAK, társadalombiztosítási azonosító jel.
		{"HU", IDHealth, "999999999", "999 999 999", 0.4, 1.5, func(id []byte) bool { return weighted(id, "37373737")%10 == last(id) }},
		// NAV, adóazonosító jel: begins with 8.
		{"HU", IDNational, "8999999999", "", 1.5, 1.5, func(id []byte) bool { return id[0] == '8' && mod11(id, "123456789") == last(id) }},
		// Porezna uprava, OIB.
		{"HR", IDNational, "99999999999", "", 0.8, 0.8, iso7064},
		// Jedinstveni matični broj građana: Serbia, Bosnia, Slovenia (EMŠO) and others.
		{"RS", IDNational, "9999999999999", "", 5, 5, isJMBG},
		// FURS, davčna številka.
		{"SI", IDNational, "99999999", "", 0.2, 0.2, func(id []byte) bool {
			return id[0] != '0' && check11(weighted(id, "8765432"), 0, 11) == last(id)
		}},
	}
}

// easternSchemes are those of Eastern Europe and the Caucasus.
func easternSchemes() []scheme {
	return []scheme{
		// MAI, cod numeric personal.
		{"RO", IDNational, "9999999999999", "", 5, 5, isCNP},
		// GRAO, единен граждански номер.
		{"BG", IDNational, "9999999999", "", 3, 3, isEGN},
		// Державна податкова служба, РНОКПП: days since 1899.
		{"UA", IDNational, "9999999999", "", 1.2, 1.2, isRNTRC},
		// СФР, СНИЛС.
		{"RU", IDNational, "99999999999", "999-999-999 99", 3, 7, isSNILS},
		// ФНС, ИНН of a person and of a company.
		{"RU", IDNational, "999999999999", "", 3, 3, isINN},
		{"RU", FinanceTax, "9999999999", "", 0.7, 0.7, func(id []byte) bool { return mod11(id, "24:359468")%10 == last(id) }},
		// Казахстан, ИИН.
		{"KZ", IDNational, "999999999999", "", 3.5, 3.5, isIIN},
		// ASP, IDNP.
		{"MD", IDNational, "9999999999999", "", 2.2, 2.2, func(id []byte) bool {
			return (id[0] == '2' || id[0] == '0') && weighted(id, "731731731731")%10 == last(id)
		}},
		// NID, Albania.
		{"AL", IDNational, "A99999999A", "", 3, 3, func(id []byte) bool {
			month := number(id[2:4]) % 50
			return id[0] <= 'T' && month >= 1 && month <= 12 && number(id[4:6]) <= 31
		}},
	}
}

// isPESEL: the month carries the century.
func isPESEL(id []byte) bool {
	month := number(id[2:4]) % 20
	if !shortDate(id[:2], []byte{byte('0' + month/10), byte('0' + month%10)}, id[4:6]) {
		return false
	}
	return (10-weighted(id, "1379137913")%10)%10 == last(id)
}

// czechDate: women's months are fifty more, and a full day adds twenty.
func czechDate(id []byte) bool {
	month := number(id[2:4])
	if month > 50 {
		month -= 50
	}
	if month > 20 {
		month -= 20
	}
	day := number(id[4:6])
	return month >= 1 && month <= 12 && day >= 1 && day <= 31
}

func isRodneCislo(id []byte) bool {
	return czechDate(id) && (number(id)%11 == 0 || number(id[:9])%11 == 10 && id[9] == '0')
}

func isJMBG(id []byte) bool {
	day, month, year := number(id[:2]), number(id[2:4]), number(id[4:7])
	if day < 1 || day > 31 || month < 1 || month > 12 || year > 25 && year < 850 {
		return false
	}
	return check11(weighted(id, "765432765432"), 0, 0) == last(id)
}

func isCNP(id []byte) bool {
	if id[0] == '0' || !ymd(id[1:]) {
		return false
	}
	c := mod11(id, "279146358279")
	if c == 10 {
		c = 1
	}
	return c == last(id)
}

func isEGN(id []byte) bool {
	month := number(id[2:4])
	if month > 40 {
		month -= 40
	} else if month > 20 {
		month -= 20
	}
	day := number(id[4:6])
	return month >= 1 && month <= 12 && day >= 1 && day <= 31 && mod11(id, "2485:9736")%10 == last(id)
}

func isRNTRC(id []byte) bool {
	days := number(id[:5]) // 1 January 1900 is day 1
	sum := -int(id[0] - '0')
	for i, weight := range [8]int{5, 7, 9, 4, 6, 10, 5, 7} {
		sum += int(id[i+1]-'0') * weight
	}
	return days > 3650 && days < 46000 && (sum%11+11)%11%10 == last(id)
}

func isSNILS(id []byte) bool {
	sum := weighted(id, "987654321")
	check := sum % 101 % 100
	return number(id[9:]) == check && number(id[:9]) > 1001998
}

func isINN(id []byte) bool {
	first := mod11(id, "724:359468") % 10
	second := mod11(id, "3724:359468") % 10
	return first == int(id[10]-'0') && second == int(id[11]-'0')
}

func isIIN(id []byte) bool {
	if !ymd(id) || id[6] > '6' {
		return false
	}
	c := mod11(id, "123456789:;")
	if c == 10 {
		sum := 0
		for i, weight := range [11]int{3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2} {
			sum += int(id[i]-'0') * weight
		}
		c = sum % 11
	}
	return c == last(id)
}
