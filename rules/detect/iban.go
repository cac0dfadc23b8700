package detect

// IBAN: ISO 13616, lengths of the SWIFT IBAN Registry, check by ISO 7064 MOD 97-10.

const ibanOdds = 8

// isIBAN reports whether value is an account number of a registered country,
// with or without spaces.
func isIBAN(value []byte) bool {
	var buf digitBuf
	id, ok := buf.alnum(value)
	if !ok || len(id) < 15 || !isUpper(id[0]) || !isUpper(id[1]) || !isDigit(id[2]) || !isDigit(id[3]) {
		return false
	}
	return ibanLength(string(id[:2])) == len(id) && mod97(id) == 1
}

// mod97 returns the remainder of the number that an IBAN stands for: country
// and check digits moved behind, letters as 10 to 35.
func mod97(id []byte) int {
	n := 0
	for i := range id {
		c := id[(i+4)%len(id)]
		if isDigit(c) {
			n = (n*10 + int(c-'0')) % 97
		} else {
			n = (n*100 + int(c-'A') + 10) % 97
		}
	}
	return n
}

// ibanLength returns the length of a country's IBAN, 0 when it has none.
func ibanLength(country string) int {
	switch country {
	case "NO":
		return 15
	case "BE":
		return 16
	case "DK", "FI", "FO", "GL", "NL", "SD", "FK":
		return 18
	case "MK", "SI":
		return 19
	case "AT", "BA", "EE", "KZ", "LT", "LU", "XK", "MN":
		return 20
	case "CH", "CR", "HR", "LI", "LV":
		return 21
	case "BG", "BH", "DE", "GB", "GE", "IE", "ME", "RS", "VA":
		return 22
	case "AE", "GI", "IL", "IQ", "SO", "TL", "OM":
		return 23
	case "AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG":
		return 24
	case "LY", "PT", "ST":
		return 25
	case "IS", "TR":
		return 26
	case "FR", "GR", "IT", "MC", "MR", "SM", "BI", "DJ":
		return 27
	case "AL", "AZ", "BY", "CY", "DO", "GT", "HN", "HU", "LB", "NI", "PL", "SV":
		return 28
	case "BR", "EG", "PS", "QA", "UA":
		return 29
	case "JO", "KW", "MU", "YE":
		return 30
	case "MT", "SC":
		return 31
	case "LC":
		return 32
	case "RU":
		return 33
	}
	return 0
}
