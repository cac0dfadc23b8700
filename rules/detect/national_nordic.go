package detect

// nordicSchemes are those of Scandinavia, Finland, Iceland and the Baltics.
func nordicSchemes() []scheme {
	return []scheme{
		// Skatteverket SKV 704, personnummer and samordningsnummer: Luhn.
		{"SE", IDNational, "9999999999", "999999-9999", 2.2, 5, isPersonnummer},
		{"SE", IDNational, "999999999999", "99999999-9999", 5, 6.5, func(id []byte) bool {
			return (string(id[:2]) == "19" || string(id[:2]) == "20") && isPersonnummer(id[2:])
		}},
		// Skatteetaten, fødselsnummer and D-nummer: two check digits.
		{"NO", IDNational, "99999999999", "999999 99999", 4.5, 6, isFodselsnummer},
		// CPR-kontoret: a date; check digits are no longer kept.
		{"DK", IDNational, "9999999999", "999999-9999", -0.5, 3.5, func(id []byte) bool { return dmy(id) }},
		// Digi- ja väestötietovirasto, henkilötunnus: modulo 31.
		{"FI", IDNational, "999999A999*", "999999A999*", 6, 6, isHetu},
		{"FI", IDNational, "999999999*", "999999-999*", 2, 6, isHetuBare},
		{"FI", IDNational, "999999999A", "999999-999A", 4, 6, isHetuBare},
		{"FI", IDNational, "9999999999", "999999-9999", -0.5, 4, isHetuBare},
		// Þjóðskrá, kennitala.
		{"IS", IDNational, "9999999999", "999999-9999", 2, 4.5, isKennitala},
		// EVS 585 (Estonia); Lithuania has the same number.
		{"EE", IDNational, "99999999999", "", 4, 4, isIsikukood},
		// PMLP, personas kods: before 2017 a date and a check digit.
		{"LV", IDNational, "99999999999", "999999-99999", 3, 5.5, isPersonasKods},
	}
}

func isPersonnummer(id []byte) bool {
	day := number(id[4:6])
	if day > 60 {
		day -= 60
	}
	month, year := number(id[2:4]), number(id[:2])
	return (date{2000 + year, month, day}.plausible() || date{1900 + year, month, day}.plausible()) && luhn(id)
}

func isFodselsnummer(id []byte) bool {
	day, month := number(id[:2]), number(id[2:4])
	if day > 40 {
		day -= 40
	}
	if month > 80 { // tests and temporary numbers
		month -= 80
	} else if month > 40 {
		month -= 40
	}
	if day < 1 || day > 31 || month < 1 || month > 12 {
		return false
	}
	first := check11(weighted(id, "376189452"), 10, 0)
	second := check11(weighted(id, "5432765432"), 10, 0)
	return first == int(id[9]-'0') && second == int(id[10]-'0')
}

const hetuLetters = "0123456789ABCDEFHJKLMNPRSTUVWXY"

func isHetu(id []byte) bool {
	switch id[6] {
	case 'A', 'B', 'C', 'D', 'E', 'F', 'U', 'V', 'W', 'X', 'Y':
	default:
		return false
	}
	return dmy(id) && hetuLetters[(number(id[:6])*1000+number(id[7:10]))%31] == id[10]
}

func isHetuBare(id []byte) bool { return dmy(id) && hetuLetters[number(id[:9])%31] == id[9] }

func isKennitala(id []byte) bool {
	day := number(id[:2])
	if day > 40 { // companies
		day -= 40
	}
	month := number(id[2:4])
	return day >= 1 && day <= 31 && month >= 1 && month <= 12 && (id[9] == '9' || id[9] == '0') &&
		check11(weighted(id, "32765432"), 10, 0) == int(id[8]-'0')
}

func isIsikukood(id []byte) bool {
	if id[0] < '1' || id[0] > '8' || !ymd(id[1:]) {
		return false
	}
	c := mod11(id, "1234567891")
	if c == 10 {
		c = mod11(id, "3456789123") % 10
	}
	return c == last(id)
}

func isPersonasKods(id []byte) bool {
	return dmy(id) && (1+weighted(id, ":584216379"))%11%10 == last(id)
}
