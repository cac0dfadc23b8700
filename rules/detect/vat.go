package detect

// VAT numbers of the European Union and its neighbours, with the country in
// front: forms of the European Commission's VIES.

const vatOdds = 4

// isVAT reports whether value is a VAT number with its country.
func isVAT(value []byte) bool {
	var buf digitBuf
	id, ok := buf.alnum(value)
	if !ok || len(id) < 8 || len(id) > 16 {
		return false
	}
	body := id[2:]
	for _, form := range vatForms(string(id[:2])) {
		if matches(form, body) {
			return true
		}
	}
	return false
}

// vatForms returns the forms of a country's numbers, in the signs of matches.
func vatForms(country string) []string {
	switch country {
	case "AT":
		return []string{"U99999999"}
	case "BE":
		return []string{"0999999999", "1999999999"}
	case "BG":
		return []string{"999999999", "9999999999"}
	case "CY":
		return []string{"99999999A"}
	case "CZ":
		return []string{"99999999", "999999999", "9999999999"}
	case "DE", "EE", "EL", "PT", "GR":
		return []string{"999999999"}
	case "DK", "FI", "HU", "LU", "MT", "SI":
		return []string{"99999999"}
	case "ES":
		return []string{"A99999999", "99999999A", "A9999999A"}
	case "FR":
		return []string{"**999999999"}
	case "HR", "IT", "LV":
		return []string{"99999999999"}
	case "IE":
		return []string{"9999999A", "9999999AA", "9*99999A"}
	case "LT":
		return []string{"999999999", "999999999999"}
	case "NL":
		return []string{"999999999B99"}
	case "PL", "SK":
		return []string{"9999999999"}
	case "RO":
		return []string{"99999999", "999999999", "9999999999", "9999999"}
	case "SE":
		return []string{"999999999901"}
	case "GB", "XI":
		return []string{"999999999", "999999999999", "GD999", "HA999"}
	case "NO":
		return []string{"999999999MVA", "999999999"}
	case "CH":
		return []string{"E999999999", "E999999999MWST", "E999999999TVA", "E999999999IVA"}
	}
	return nil
}
