package detect

import "bytes"

// southernSchemes are those of Spain, Portugal, Italy, Greece, Malta and Turkey.
func southernSchemes() []scheme {
	return []scheme{
		// Ministerio del Interior, DNI and NIE: modulo 23.
		{"ES", IDNational, "99999999A", "99999999-A", 4, 5.5, isDNI},
		{"ES", IDNational, "A9999999A", "A-9999999-A", 4, 5.5, isNIE},
		// Agencia Tributaria, NIF of legal persons.
		{"ES", FinanceTax, "A9999999*", "A-9999999-*", 2, 3, isCIF},
		{"ES", FinanceTax, "A99999999", "A-99999999", 2, 3, isCIF},
		// Autoridade Tributária, NIF: modulo 11.
		{"PT", IDNational, "999999999", "999 999 999", 0.5, 1.5, isNIF},
		// Cartão de Cidadão, number with version and check digits.
		{"PT", IDNational, "999999999AA9", "99999999 9 AA9", 4.5, 6, isCartao},
		// Decreto ministeriale 23 dicembre 1976, codice fiscale.
		{"IT", IDNational, "AAAAAA**A**A***A", "AAA AAA **A** A***A", 6.5, 7, isCodiceFiscale},
		// IDIKA, AMKA; AADE, AFM.
		{"GR", IDNational, "99999999999", "", 2.8, 2.8, isAMKA},
		{"GR", IDNational, "999999999", "", 0.4, 0.4, isAFM},
		// Identity Malta.
		{"MT", IDNational, "9999999A", "", 0.5, 0.5, func(id []byte) bool { return bytes.IndexByte([]byte("MGAPLHBZ"), id[7]) >= 0 }},
		// Nüfus ve Vatandaşlık İşleri, T.C. Kimlik No: two check digits.
		{"TR", IDNational, "99999999999", "", 3, 3, isKimlik},
	}
}

const dniLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

func isDNI(id []byte) bool { return dniLetters[number(id[:8])%23] == id[8] }

func isNIE(id []byte) bool {
	lead := bytes.IndexByte([]byte("XYZ"), id[0])
	return lead >= 0 && dniLetters[(lead*10000000+number(id[1:8]))%23] == id[8]
}

func isCIF(id []byte) bool {
	if bytes.IndexByte([]byte("ABCDEFGHJNPQRSUVW"), id[0]) < 0 {
		return false
	}
	sum := 0
	for i, c := range id[1:8] {
		d := int(c - '0')
		if i%2 == 0 {
			d *= 2
			d = d/10 + d%10
		}
		sum += d
	}
	check := (10 - sum%10) % 10
	return id[8] == byte('0'+check) || id[8] == "JABCDEFGHI"[check]
}

func isNIF(id []byte) bool {
	return bytes.IndexByte([]byte("1235689"), id[0]) >= 0 && check11(weighted(id, "98765432"), 0, 0) == last(id)
}

func isCartao(id []byte) bool {
	sum := 0
	for i, c := range id {
		v := int(c - '0')
		if isUpper(c) {
			v = int(c-'A') + 10
		}
		if i%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// isCodiceFiscale: digits may be letters where two people would share a code.
func isCodiceFiscale(id []byte) bool {
	var plain [16]byte
	copy(plain[:], id)
	for _, i := range [...]int{6, 7, 9, 10, 12, 13, 14} {
		if isUpper(plain[i]) {
			digit := bytes.IndexByte([]byte("LMNPQRSTUV"), plain[i])
			if digit < 0 {
				return false
			}
			plain[i] = byte('0' + digit)
		}
	}
	day := number(plain[9:11])
	if bytes.IndexByte([]byte("ABCDEHLMPRST"), plain[8]) < 0 || day == 0 || day > 31 && day < 41 || day > 71 {
		return false
	}
	sum := 0
	for i, c := range id[:15] {
		v := int(c - '0')
		if isUpper(c) {
			v = int(c - 'A')
		}
		if i%2 == 0 {
			v = [...]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}[v]
		}
		sum += v
	}
	return byte('A'+sum%26) == id[15]
}

func isAMKA(id []byte) bool { return dmy(id) && luhn(id) }

func isAFM(id []byte) bool {
	sum := 0
	for i, c := range id[:8] {
		sum += int(c-'0') << (8 - i)
	}
	return sum%11%10 == last(id)
}

func isKimlik(id []byte) bool {
	if id[0] == '0' {
		return false
	}
	odd, even, all := 0, 0, 0
	for i, c := range id[:10] {
		all += int(c - '0')
		if i == 9 {
			break
		}
		if i%2 == 0 {
			odd += int(c - '0')
		} else {
			even += int(c - '0')
		}
	}
	return ((odd*7-even)%10+10)%10 == int(id[9]-'0') && all%10 == last(id)
}
