package detect

// Health data: diagnosis codes of ICD-10 (WHO; ICD-10-CM, -GM), blood groups.

const (
	icdOdds      = 3
	icdBareOdds  = 1
	bloodOdds    = 4
	bloodOneOdds = 1.5 // "A+" is also a grade
)

// isICD10 reports a diagnosis code with subdivision, "E11.9"; short tells one
// without, "E11", which is also any cell name.
func isICD10(value []byte) (ok, short bool) {
	n := len(value)
	if n < 3 || n > 8 || !isUpper(value[0]) || !isDigit(value[1]) || !isDigit(value[2]) && value[2] != 'A' && value[2] != 'B' {
		return false, false
	}
	if n == 3 {
		return true, true
	}
	if value[3] != '.' || n < 5 {
		return false, false
	}
	for i, c := range value[4:] {
		if !isDigit(c) && (i == 0 || !isUpper(c)) && c != '-' {
			return false, false
		}
	}
	return true, false
}

// bloodGroupOdds weighs the eight groups of the AB0 and Rh systems.
func bloodGroupOdds(value []byte) float32 {
	switch string(value) {
	case "AB+", "AB-", "O+", "O-", "0+", "0-", "A Rh+", "A Rh-", "B Rh+", "B Rh-", "AB Rh+", "AB Rh-", "0 Rh+", "0 Rh-", "O Rh+", "O Rh-",
		"A pos", "A neg", "B pos", "B neg", "AB pos", "AB neg", "O pos", "O neg":
		return bloodOdds
	case "A+", "A-", "B+", "B-":
		return bloodOneOdds
	}
	return 0
}
