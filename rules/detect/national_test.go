package detect

import "testing"

// The numbers are the examples of the issuing offices or of public libraries,
// or made up to fit; none is a known person's.
func TestNationalNumbersAreRecognised(t *testing.T) {
	d := newDetector(t)
	tests := []struct {
		country, value string
		checked        bool // has a check digit at the end
	}{
		{"US", "536-90-4399", false}, {"US", "912-90-3456", false},
		{"CA", "123-456-782", true}, {"MX", "BOXW310820HNERXN09", true}, {"MX", "GODE561231GR8", false},
		{"BR", "390.533.447-05", true}, {"BR", "16.727.230/0001-97", true}, {"CL", "12.531.909-2", true}, {"CL", "76086428-5", true},
		{"AR", "20-05536168-2", true}, {"EC", "1714307103", true}, {"CO", "213.123.432-1", true}, {"PE", "20512333797", true},
		{"UY", "1.234.567-2", true}, {"DO", "001-1391820-5", true}, {"VE", "V-11470283-4", true},
		{"GB", "JZ 12 34 56 C", false}, {"GB", "943 476 5919", true}, {"GB", "1955839661", true}, {"IE", "6433435F", true}, {"IE", "6433435OA", true},
		{"DE", "36 574 261 809", true}, {"DE", "15 070649 C 103", true}, {"AT", "1237 010180", false}, {"CH", "756.9217.0769.85", true},
		{"FR", "2 95 10 99 126 111 93", true}, {"FR", "253072B07300470", true}, {"NL", "111222333", true}, {"BE", "85.07.30-033.28", true},
		{"LU", "1893120105732", true}, {"ES", "54362315K", true}, {"ES", "X-2482300-W", true}, {"ES", "A13585625", true},
		{"PT", "501964843", true}, {"PT", "00000000 0 ZZ4", true}, {"IT", "RCCMNL83S18D969H", true}, {"IT", "00743110157", true},
		{"GR", "01013099997", true}, {"GR", "094259216", true}, {"TR", "17291716060", true},
		{"SE", "880320-0016", true}, {"SE", "19880320-0016", true}, {"NO", "151086 95088", true}, {"DK", "211062-5629", false},
		{"FI", "131052-308T", true}, {"FI", "131052A308T", true}, {"IS", "120174-3399", false}, {"EE", "37605030299", true}, {"EE", "33309240064", true},
		{"LV", "161175-19997", true}, {"PL", "44051401359", true}, {"PL", "856-734-62-15", true}, {"CZ", "710319/2745", true},
		{"HR", "33392005961", true}, {"RS", "0101006500006", true}, {"RO", "1630615123457", true}, {"BG", "7523169263", true},
		{"RU", "112-233-445 95", true}, {"RU", "500100732259", true}, {"RU", "7707083893", true}, {"MD", "2004001000250", true},
		{"IN", "2341 2341 2346", true}, {"IN", "ACUPA7085R", false}, {"CN", "11010519491231002X", true}, {"CN", "440524188001010014", true},
		{"HK", "A123456(3)", true}, {"TW", "A123456789", true}, {"KR", "971013-9019902", false}, {"KR", "900101-1234567", false},
		{"JP", "1234 5678 9018", true}, {"SG", "S1234567D", true}, {"SG", "F1234567N", true}, {"MY", "770305-02-1234", false},
		{"TH", "1-1017-00230-70-8", true}, {"PK", "34201-0891231-8", false}, {"LK", "902871234V", false}, {"IL", "039337423", true},
		{"IR", "0499370899", true}, {"AE", "784-1980-1234567-8", true}, {"ZA", "7503305044089", true},
		{"AU", "123 456 782", true}, {"AU", "2123 45670 1", false}, {"AU", "51 824 753 556", true}, {"NZ", "49-091-850", true},
		{"KZ", "950420350215", true}, {"HU", "8071592153", true}, {"SI", "15012557", true}, {"UA", "1759013776", true},
	}
	for _, tt := range tests {
		if !validIn(d, tt.country, tt.value) {
			t.Errorf("%s %s is not valid", tt.country, tt.value)
			continue
		}
		if !tt.checked {
			continue
		}
		wrong := []byte(tt.value)
		for i := len(wrong) - 1; i >= 0; i-- {
			if isAlnum(wrong[i]) {
				wrong[i] = another(wrong[i])
				break
			}
		}
		if validIn(d, tt.country, string(wrong)) {
			t.Errorf("%s %s is valid with a wrong check digit", tt.country, wrong)
		}
	}
}

// another returns a sign of the same kind.
func another(c byte) byte {
	switch c {
	case '9':
		return '0'
	case 'Z', 'X':
		return 'A'
	default:
		return c + 1
	}
}

func validIn(d *Detector, country, value string) bool {
	var buf digitBuf
	id, ok := buf.alnum([]byte(value))
	if !ok || len(id) > maxScheme {
		return false
	}
	for _, schemes := range d.schemes[len(id)] {
		for i := range schemes.list {
			if s := &schemes.list[i]; s.country == country && matches(s.form, id) && s.valid(id) {
				return true
			}
		}
	}
	return false
}

func TestNationalNumbersThatCannotBe(t *testing.T) {
	d := newDetector(t)
	for _, value := range []string{
		"000-12-3456", "666-12-3456", "123-00-4567", "123-45-0000", // areas, groups and serials of no SSN
		"QQ123456C", "GB123456A", // prefixes that HMRC never gives
		"00000000000", "11111111111", // fillers that pass some checks
		"1", "", "ABCDEFGH",
	} {
		if d.Is(IDNational, []byte(value)) {
			t.Errorf("%q is a national identifier", value)
		}
	}
}

func TestSchemesAreWellFormed(t *testing.T) {
	countries := make(map[string]bool)
	for n, byLetters := range newSchemes() {
		for _, schemes := range byLetters {
			for _, s := range schemes.list {
				countries[s.country] = true
				if len(s.form) != n || !isCountryCode([]byte(s.country)) || s.valid == nil || s.kind == None {
					t.Errorf("scheme %s %s is incomplete", s.country, s.form)
				}
				var buf digitBuf
				if bare, _ := buf.alnum([]byte(replaceStars(s.pretty))); s.pretty != "" && len(bare) != n {
					t.Errorf("%s: %q prints %d signs, %q has %d", s.country, s.pretty, len(bare), s.form, n)
				}
			}
		}
	}
	if len(countries) < 40 {
		t.Errorf("%d countries, want 40 or more", len(countries))
	}
}

func replaceStars(pretty string) string {
	b := []byte(pretty)
	for i := range b {
		if b[i] == '*' {
			b[i] = '0'
		}
	}
	return string(b)
}
