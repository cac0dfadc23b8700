package detect

// Identifiers of banks: BIC (ISO 9362), ABA routing numbers (ABA routing
// number policy), British sort codes, Indian IFSC.

const (
	bicOdds      = 2
	bic11Odds    = 3
	routingOdds  = 1.5
	sortCodeOdds = 2
)

// isBIC reports eight or eleven characters: bank, country, place, branch.
func isBIC(value []byte) bool {
	if len(value) != 8 && len(value) != 11 {
		return false
	}
	for i, c := range value {
		if i < 6 && !isUpper(c) || !isUpper(c) && !isDigit(c) {
			return false
		}
	}
	return isCountryCode(value[4:6])
}

// isABA reports a routing number: a district of the Federal Reserve in front,
// weights 3, 7, 1.
func isABA(digits []byte) bool {
	if len(digits) != 9 {
		return false
	}
	district := number(digits[:2])
	if district == 0 || district > 12 && district < 21 || district > 32 && district < 61 || district > 72 && district != 80 {
		return false
	}
	return weighted(digits, "371371371")%10 == 0
}

// isSortCode reports six digits in pairs, "20-00-00".
func isSortCode(value []byte) bool { return matches("99-99-99", value) }

// isIFSC reports an Indian branch code: bank, zero, branch.
func isIFSC(value []byte) bool { return matches("AAAA0******", value) }

// isCountryCode reports an ISO 3166-1 alpha-2 code in capitals.
func isCountryCode(code []byte) bool {
	const codes = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZ" +
		"CACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFR" +
		"GAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJP" +
		"KEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZ" +
		"NANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURW" +
		"SASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZ" +
		"UAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW"
	if len(code) != 2 {
		return false
	}
	for i := 0; i < len(codes); i += 2 {
		if codes[i] == code[0] && codes[i+1] == code[1] {
			return true
		}
	}
	return false
}
