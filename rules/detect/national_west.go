package detect

import "bytes"

// westernSchemes are those of Britain, Ireland, the Low Countries, Germany,
// Austria, Switzerland and France.
func westernSchemes() []scheme {
	return []scheme{
		// HMRC National Insurance Manual NIM39110.
		{"GB", IDNational, "AA999999A", "AA 99 99 99 A", 4.5, 7, isNINO},
		// NHS Data Dictionary, NHS number: modulo 11.
		{"GB", IDHealth, "9999999999", "999 999 9999", 0.6, 3, isNHS},
		// Department of Social Protection, PPS number: modulo 23.
		{"IE", IDNational, "9999999A", "9999999 A", 4, 4, isPPS},
		{"IE", IDNational, "9999999AA", "9999999 AA", 4.5, 4.5, isPPS},
		// Bundeszentralamt für Steuern, steuerliche Identifikationsnummer.
		{"DE", IDNational, "99999999999", "99 999 999 999", 2.5, 5, isSteuerID},
		// Deutsche Rentenversicherung, Versicherungsnummer.
		{"DE", IDNational, "99999999A999", "99 999999 A 999", 5.5, 7, isRentenNr},
		// Hauptverband, Sozialversicherungsnummer.
		{"AT", IDNational, "9999999999", "9999 999999", 2.5, 5, isSVNR},
		// Zentrale Ausgleichsstelle, AHV-Nummer: EAN-13 with country 756.
		{"CH", IDNational, "9999999999999", "999.9999.9999.99", 6, 7, isAHV},
		// INSEE, numéro d'inscription au répertoire: key modulo 97.
		{"FR", IDNational, "999999999999999", "9 99 99 99 999 999 99", 5.5, 7, isNIR},
		{"FR", IDNational, "999992A99999999", "9 99 99 2A 999 999 99", 5.5, 7, isNIR},
		{"FR", IDNational, "999992B99999999", "9 99 99 2B 999 999 99", 5.5, 7, isNIR},
		// Rijksdienst voor Identiteitsgegevens, burgerservicenummer: eleven test.
		{"NL", IDNational, "999999999", "9999.99.999", 0.5, 4, isBSN},
		// Registre national: modulo 97.
		{"BE", IDNational, "99999999999", "99.99.99-999.99", 4, 7, isBelgium},
		// Registre national des personnes physiques: Luhn and Verhoeff.
		{"LU", IDNational, "9999999999999", "", 5, 5, isLuxembourg},
	}
}

func isNINO(id []byte) bool {
	if bytes.IndexByte([]byte("DFIQUV"), id[0]) >= 0 || bytes.IndexByte([]byte("DFIQUVO"), id[1]) >= 0 {
		return false
	}
	switch string(id[:2]) {
	case "BG", "GB", "KN", "NK", "NT", "TN", "ZZ":
		return false
	}
	return id[8] <= 'D'
}

func isNHS(id []byte) bool {
	c := check11(weighted(id, ":98765432"), 10, 0)
	return c == last(id) && id[0] >= '3'
}

func isPPS(id []byte) bool {
	sum := weighted(id, "8765432")
	if len(id) == 9 && id[8] != 'W' {
		sum += int(id[8]-'A'+1) * 9
	}
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum%23] == id[7]
}

// isSteuerID: one digit stands twice or three times among the first ten, all
// others at most once.
func isSteuerID(id []byte) bool {
	if id[0] == '0' {
		return false
	}
	var seen [10]int
	for _, c := range id[:10] {
		seen[c-'0']++
	}
	repeated := 0
	for _, n := range seen {
		if n > 3 {
			return false
		}
		if n > 1 {
			repeated++
		}
	}
	return repeated == 1 && iso7064(id)
}

func isRentenNr(id []byte) bool {
	day := number(id[2:4])
	if day > 50 { // a second number of the same day
		day -= 50
	}
	if month := number(id[4:6]); day < 1 || day > 31 || month < 1 || month > 12 {
		return false
	}
	var digits [13]byte
	copy(digits[:8], id[:8])
	letter := id[8] - 'A' + 1
	digits[8], digits[9] = '0'+letter/10, '0'+letter%10
	copy(digits[10:], id[9:11])
	sum := 0
	for i, weight := range []byte("212571212121") {
		product := int(digits[i]-'0') * int(weight-'0')
		sum += product/10 + product%10
	}
	return sum%10 == last(id)
}

func isSVNR(id []byte) bool {
	if id[0] == '0' || !dmy(id[4:]) {
		return false
	}
	return mod11(id, "3790584216") == int(id[3]-'0')
}

func isAHV(id []byte) bool { return bytes.HasPrefix(id, []byte("756")) && ean(id) }

// ean checks a GTIN-8, -12, -13 or -14 (GS1 General Specifications 7.9).
func ean(id []byte) bool {
	sum := 0
	for i := range id {
		d := int(id[len(id)-1-i] - '0')
		if i%2 == 1 {
			d *= 3
		}
		sum += d
	}
	return sum%10 == 0
}

func isNIR(id []byte) bool {
	month := number(id[3:5])
	if id[0] != '1' && id[0] != '2' && id[0] != '7' && id[0] != '8' || month < 1 || month > 12 && month < 20 || month > 42 && month < 50 {
		return false
	}
	// Corsica: 2A counts as 19, 2B as 18.
	var digits [15]byte
	copy(digits[:], id)
	switch digits[6] {
	case 'A':
		digits[5], digits[6] = '1', '9'
	case 'B':
		digits[5], digits[6] = '1', '8'
	}
	n := 0
	for _, c := range digits[:13] {
		if !isDigit(c) {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return 97-n%97 == number(id[13:])
}

func isBSN(id []byte) bool {
	return (weighted(id, "98765432")-last(id))%11 == 0 && !bytes.HasPrefix(id, []byte("00"))
}

func isBelgium(id []byte) bool {
	if month := number(id[2:4]) % 20; month > 12 || number(id[4:6]) > 31 {
		return false
	}
	n, check := number(id[:9]), number(id[9:])
	return 97-n%97 == check || 97-(2000000000+n)%97 == check
}

func isLuxembourg(id []byte) bool {
	year, month, day := number(id[:4]), number(id[4:6]), number(id[6:8])
	if !(date{year, month, day}).plausible() {
		return false
	}
	var without [12]byte
	copy(without[:11], id[:11])
	without[11] = id[12]
	return luhn(id[:12]) && verhoeff(without[:])
}

// verhoeff reports a valid number of J. Verhoeff's decimal code (1969).
func verhoeff(digits []byte) bool {
	const (
		d = "0123456789123406789523401789563401289567401239567859876043216598710432765982104387659321049876543210"
		p = "01234567891576283094580379614289160435279453126870428657390127938064157046913258"
	)
	c := 0
	for i := range digits {
		digit := int(digits[len(digits)-1-i] - '0')
		c = int(d[c*10+int(p[i%8*10+digit]-'0')] - '0')
	}
	return c == 0
}
