package detect

import "testing"

// The examples are those of the SWIFT IBAN Registry.
func TestIBANs(t *testing.T) {
	for _, value := range []string{
		"DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "fr1420041010050500013m02606", "NL91ABNA0417164300", "ES9121000418450200051332",
		"IT60X0542811101000000123456", "BE68539007547034", "AT611904300234573201", "CH9300762011623852957", "PL61109010140000071219812874",
		"NO9386011117947", "MT84MALT011000012345MTLCAST001S", "BR9700360305000010009795493P1", "SE4550000000058398257466",
	} {
		if !isIBAN([]byte(value)) {
			t.Errorf("%q is no IBAN", value)
		}
	}
	for _, value := range []string{
		"DE89370400440532013001", "DE8937040044053201300", "XX89370400440532013000", "1234567890123456789012", "DE", "", "GB82-WEST!12345698765432",
	} {
		if isIBAN([]byte(value)) {
			t.Errorf("%q is an IBAN", value)
		}
	}
}

func TestBankCodes(t *testing.T) {
	tests := []struct {
		name  string
		valid func([]byte) bool
		value string
		want  bool
	}{
		{"BIC", isBIC, "DEUTDEFF", true}, {"BIC", isBIC, "DEUTDEFF500", true}, {"BIC", isBIC, "DEUTXXFF", false}, {"BIC", isBIC, "deutdeff", false},
		{"BIC", isBIC, "STANDARD", false}, {"BIC", isBIC, "DEUTDEFF5", false},
		{"ABA", isABA, "021000021", true}, {"ABA", isABA, "011401533", true}, {"ABA", isABA, "021000022", false}, {"ABA", isABA, "991000021", false},
		{"sort code", isSortCode, "20-00-00", true}, {"sort code", isSortCode, "200000", false},
		{"IFSC", isIFSC, "SBIN0001234", true}, {"IFSC", isIFSC, "SBIN1001234", false},
		{"VAT", isVAT, "GB123456789", true}, {"VAT", isVAT, "DE 123456789", true}, {"VAT", isVAT, "ATU12345678", true}, {"VAT", isVAT, "NL123456789B01", true},
		{"VAT", isVAT, "FRXX123456789", true}, {"VAT", isVAT, "US123456789", false}, {"VAT", isVAT, "DE12345678", false},
	}
	for _, tt := range tests {
		if got := tt.valid([]byte(tt.value)); got != tt.want {
			t.Errorf("%s %q: %v", tt.name, tt.value, got)
		}
	}
}
