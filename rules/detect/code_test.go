package detect

import "testing"

// predicate is a validator with what it must take and refuse.
type predicate struct {
	name    string
	is      func([]byte) bool
	yes, no []string
}

func TestCodes(t *testing.T) {
	tests := []predicate{
		{"IP", isIP,
			[]string{"192.168.1.1", "0.0.0.0", "255.255.255.255", "10.0.0.0/8", "1.2.3.4:80", "::1", "2001:db8::1", "fe80::1%eth0", "[2001:db8::1]:443", "2001:db8::/32"},
			[]string{"256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "10:30:15", "1.2.3.4/", "1..2.3", "a.b.c.d", ""}},
		{"MAC", isMAC,
			[]string{"00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e", "00:11:22:33:44:55:66:77"},
			[]string{"00:1A:2B:3C:4D", "00:1A-2B:3C:4D:5E", "00:1G:2B:3C:4D:5E", "001a.2b3c.4d5", ""}},
		{"UUID", isUUID,
			[]string{"550e8400-e29b-41d4-a716-446655440000", "{550E8400-E29B-41D4-A716-446655440000}"},
			[]string{"550e8400e29b41d4a716446655440000", "550e8400-e29b-41d4-a716-44665544000g", ""}},
		{"URL", isURL,
			[]string{"https://example.com", "ftp://a.b/c", "www.example.com", "postgres+ssl://h/x"},
			[]string{"example.com", "://x", "http://", "www.x", "a b://c.d/e"}},
		{"domain", isDomain,
			[]string{"example.com", "a.b.co.uk", "xn--bcher-kva.example", "bücher.example"},
			[]string{"example", "1.2.3.4", "-a.com", "a..com", "a.c", ".com", ""}},
		{"IMEI", isIMEI,
			[]string{"490154203237518", "356938035643809"},
			[]string{"490154203237519", "000000000000000", "49015420323751", "770154203237518"}},
		{"ICD-10", func(v []byte) bool { ok, _ := isICD10(v); return ok },
			[]string{"E11.9", "F32.1", "C50", "S72.001A", "Z00.00", "M1A.0"},
			[]string{"E1", "e11.9", "E11.", "E119", "11.9", "E11.9999999", ""}},
		{"MRZ", isMRZ,
			[]string{"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10", "I<UTOD231458907<<<<<<<<<<<<<<<",
				"7408122F1204159UTO<<<<<<<<<<<6"},
			[]string{"L898902C36UTO7408123F1204159ZE184226B<<<<<10", "P<UTO", "THISISJUSTALONGWORDOFTHIRTYSIGNS"[:30], ""}},
		{"passport", isPassport,
			[]string{"A1234567", "AB1234567", "12AB34567"}, []string{"ABCDEFGHI", "12345678", "a1234567"}},
		{"crypto", isCryptoAddress,
			[]string{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "0x52908400098527886E0F7030069857D2E4169EE7"},
			[]string{"1A1zP1eP5QGefi2DMPTfTL5SLmv7Div0Na", "0x1234", "123456789012345678901234567890", ""}},
		{"crypt hash", isCryptHash,
			[]string{"$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", "{SSHA}abcdefghijklmnopqrst", "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"},
			[]string{"$2b$12$", "$19.99 for twenty pieces", "*important*", ""}},
		{"username", func(v []byte) bool { s := newDetector(t).shapeOf(v); return isUsername(v, &s) },
			[]string{"jdoe42", "john.smith", "a_user"}, []string{"JDOE42", "4you", "ab", "john smith", "user.", "A-12345"}},
	}
	for _, tt := range tests {
		for _, value := range tt.yes {
			if !tt.is([]byte(value)) {
				t.Errorf("%s: %q is refused", tt.name, value)
			}
		}
		for _, value := range tt.no {
			if tt.is([]byte(value)) {
				t.Errorf("%s: %q is taken", tt.name, value)
			}
		}
	}
}

func TestVehicleNumbers(t *testing.T) {
	if got := vehicleOdds([]byte("1M8GDM9AXKP042788")); got != vinCheckOdds {
		t.Errorf("with a check digit: %v", got)
	}
	if got := vehicleOdds([]byte("WVWZZZ1JZXW000001")); got != vinOdds {
		t.Errorf("without: %v", got)
	}
	for _, value := range []string{"1M8GDM9AXKP04278", "1M8GDM9AXKPI42788", "12345678901234567", "ABCDEFGHJKLMNPRST"} {
		if got := vehicleOdds([]byte(value)); got != 0 {
			t.Errorf("%q: %v", value, got)
		}
	}
}

func TestKeys(t *testing.T) {
	prefixes := keyPrefixes()
	tests := []struct {
		text string
		want int
	}{
		{"ghp_abcdefghijklmnopqrstuvwxyz0123456789", 40},
		{"AKIAIOSFODNN7EXAMPLE", 20},
		{"AKIAIOSFODNN7EXAMPLE and more", 20},
		{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", 49},
		{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0", 0}, // no signature
		{"ghp_short1", 0},
		{"sk-abcdefghijklmnopqrstuvwxyzabcdefgh", 0}, // words with dashes
		{"", 0},
	}
	for _, tt := range tests {
		if got := keyLength(prefixes, []byte(tt.text)); got != tt.want {
			t.Errorf("%q: %d, want %d", tt.text, got, tt.want)
		}
	}
}

func TestHashesInHexadecimal(t *testing.T) {
	d := newDetector(t)
	if got := best(d, "5d41402abc4b2a76b9719d911017c592"); got != SecretHash {
		t.Errorf("MD5 is %v", got)
	}
	for _, value := range []string{"5d41402abc4b2a76b9719d911017c59", "5d41402abc4b2a76B9719D911017C592", "00000000000000000000000000000000"} {
		if got := odds(d, SecretHash, value); got > 0 {
			t.Errorf("%q: %v", value, got)
		}
	}
}

func TestNumbersAndAmounts(t *testing.T) {
	d := newDetector(t)
	for _, value := range []string{"1", "-5", "1,234.50", "1.234,50", "1 234 567", "1'000", "12.5%", "+3.2"} {
		if !isNumber([]byte(value)) {
			t.Errorf("%q is no number", value)
		}
	}
	for _, value := range []string{"", "-", "1.2.3.4", "12,34,56", "1..2", "1-2", ".", "1,234,56"} {
		if isNumber([]byte(value)) {
			t.Errorf("%q is a number", value)
		}
	}
	for _, value := range []string{"€5", "5 €", "$ 1,000.00", "(USD 5.00)", "CHF 12.-", "-£3", "12,- €"} {
		if !d.isAmount([]byte(value)) {
			t.Errorf("%q is no amount", value)
		}
	}
	for _, value := range []string{"5", "5 kg", "USD", "ABC 5", "$", "5 USD 5"} {
		if d.isAmount([]byte(value)) {
			t.Errorf("%q is an amount", value)
		}
	}
}
