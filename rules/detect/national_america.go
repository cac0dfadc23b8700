package detect

import "bytes"

// americanSchemes are those of North and South America.
func americanSchemes() []scheme {
	return []scheme{
		// Social Security Administration, SSN randomization (2011); IRS, ITIN ranges.
		{"US", IDNational, "999999999", "999-99-9999", 0, 5, isSSN},
		{"US", IDNational, "999999999", "999 99 9999", 0, 3.5, isSSN},
		// Employment and Social Development Canada, SIN: Luhn.
		{"CA", IDNational, "999999999", "999-999-999", 0.8, 4, isSIN},
		{"CA", IDNational, "999999999", "999 999 999", 0.8, 3, isSIN},
		// RENAPO, CURP, Diario Oficial 18 Oct 2021.
		{"MX", IDNational, "AAAA999999AAAAAA*9", "", 6, 6, isCURP},
		// SAT, RFC of a natural person, and of a company with three letters.
		{"MX", IDNational, "AAAA999999***", "AAAA-999999-***", 4.5, 5, isRFC},
		{"MX", FinanceTax, "AAA999999***", "AAA-999999-***", 4, 4.5, isRFC},
		// Receita Federal, CPF and CNPJ: two check digits.
		{"BR", IDNational, "99999999999", "999.999.999-99", 3, 6.5, isCPF},
		{"BR", FinanceTax, "99999999999999", "99.999.999/9999-99", 4, 6.5, isCNPJ},
		// Registro Civil, RUT: modulo 11 with K.
		{"CL", IDNational, "99999999*", "99.999.999-*", 0.8, 5, isRUT},
		{"CL", IDNational, "9999999*", "9.999.999-*", 0.5, 5, isRUT},
		{"CL", IDNational, "999999999", "99.999.999-9", 0.5, 5, isRUT},
		{"CL", IDNational, "99999999", "9.999.999-9", 0.3, 5, isRUT},
		// AFIP, CUIT and CUIL.
		{"AR", IDNational, "99999999999", "99-99999999-9", 2.2, 6, isCUIT},
		// Registro Civil del Ecuador: province, Luhn.
		{"EC", IDNational, "9999999999", "999999999-9", 1.2, 3, isEcuador},
		// DIAN, NIT with its check digit.
		{"CO", IDNational, "9999999999", "999.999.999-9", 0.5, 4.5, isNIT},
		// SUNAT, RUC.
		{"PE", FinanceTax, "99999999999", "", 2.2, 2.2, isRUC},
		// DNIC, cédula de identidad.
		{"UY", IDNational, "99999999", "9.999.999-9", 0.3, 5, isUruguay},
		// Junta Central Electoral: Luhn.
		{"DO", IDNational, "99999999999", "999-9999999-9", 0.8, 5, luhn},
		// SENIAT, RIF.
		{"VE", FinanceTax, "A999999999", "A-99999999-9", 2.5, 5, isRIF},
	}
}

func isSSN(id []byte) bool {
	area, group, serial := number(id[:3]), number(id[3:5]), number(id[5:])
	if area == 0 || area == 666 || group == 0 || serial == 0 {
		return false
	}
	if area < 900 {
		return true
	}
	return group >= 50 && group <= 65 || group >= 70 && group <= 88 || group >= 90 && group != 93
}

func isSIN(id []byte) bool { return id[0] != '0' && id[0] != '8' && luhn(id) }

func isCURP(id []byte) bool {
	if !ymd(id[4:]) || bytes.IndexByte([]byte("HMX"), id[10]) < 0 || !isDigit(id[17]) {
		return false
	}
	sum := 0
	for i, c := range id[:17] {
		v := int(c - '0')
		if c >= 'A' { // Ñ has a value between N and O
			v = int(c-'A') + 10
			if c > 'N' {
				v++
			}
		}
		sum += v * (18 - i)
	}
	return (10-sum%10)%10 == int(id[17]-'0')
}

func isRFC(id []byte) bool { return ymd(id[len(id)-9:]) }

func isCPF(id []byte) bool {
	first := check11(weighted(id, ":98765432"), 0, 0)
	second := check11(weighted(id, ";:98765432"), 0, 0)
	return first == int(id[9]-'0') && second == int(id[10]-'0')
}

func isCNPJ(id []byte) bool {
	first := check11(weighted(id, "543298765432"), 0, 0)
	second := check11(weighted(id, "6543298765432"), 0, 0)
	return first == int(id[12]-'0') && second == int(id[13]-'0')
}

func isRUT(id []byte) bool {
	n := len(id) - 1
	sum, weight := 0, 2
	for i := n - 1; i >= 0; i-- {
		if !isDigit(id[i]) {
			return false
		}
		sum += int(id[i]-'0') * weight
		if weight++; weight > 7 {
			weight = 2
		}
	}
	c := check11(sum, 10, 0)
	return id[0] != '0' && (c == 10 && id[n] == 'K' || c < 10 && id[n] == byte('0'+c))
}

func isCUIT(id []byte) bool {
	switch number(id[:2]) {
	case 20, 23, 24, 25, 26, 27, 30, 33, 34:
		return check11(weighted(id, "5432765432"), 9, 0) == last(id)
	}
	return false
}

func isRUC(id []byte) bool {
	switch number(id[:2]) {
	case 10, 15, 17, 20:
		return check11(weighted(id, "5432765432"), 0, 1) == last(id)
	}
	return false
}

func isEcuador(id []byte) bool {
	province := number(id[:2])
	return (province >= 1 && province <= 24 || province == 30) && id[2] < '6' && luhn(id)
}

func isNIT(id []byte) bool {
	sum := 0
	for i, weight := range [9]int{41, 37, 29, 23, 19, 17, 13, 7, 3} {
		sum += int(id[i]-'0') * weight
	}
	c := sum % 11
	if c > 1 {
		c = 11 - c
	}
	return c == last(id)
}

func isUruguay(id []byte) bool { return (10-weighted(id, "2987634")%10)%10 == last(id) }

func isRIF(id []byte) bool {
	kind := bytes.IndexByte([]byte("_VEJPG"), id[0])
	if kind < 1 {
		return false
	}
	sum := weighted(id[1:], "32765432")
	sum += [...]int{0, 4, 8, 12, 16, 20}[kind]
	return check11(sum, 0, 0) == last(id)
}
