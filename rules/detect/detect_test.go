package detect

import "testing"

// newDetector loads a detector for one test.
func newDetector(tb testing.TB) *Detector {
	tb.Helper()
	d, err := New()
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// best returns the best reading of a value, None when it has none.
func best(d *Detector, value string) Type {
	if c := d.Classify(nil, []byte(value)); len(c) > 0 {
		return c[0].Type
	}
	return None
}

// odds returns the log-odds of one reading of a value, -9 without it.
func odds(d *Detector, t Type, value string) float32 {
	for _, c := range d.Classify(nil, []byte(value)) {
		if c.Type == t {
			return c.LogOdds
		}
	}
	return -9
}

func TestBestReadingOfACell(t *testing.T) {
	d := newDetector(t)
	tests := []struct {
		want   Type
		values []string
	}{
		{ContactEmail, []string{"jane.doe+x@example.co.uk", "a@bücher.example", "<a@b.de>", "Jane Doe <jane@example.org>", "a@b.de; c@d.de"}},
		{ContactSocial, []string{"@jane_doe"}},
		{NetURL, []string{"https://example.com/a?b=c", "http://localhost:8080/x", "www.example.com/path"}},
		{NetIP, []string{"192.168.1.1", "10.0.0.0/8", "2001:db8::1", "192.0.2.1:8080"}},
		{NetMAC, []string{"00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e"}},
		{NetDomain, []string{"example.com", "mail.example.co.uk"}},
		{FinanceAmount, []string{"€ 1,234.50", "$19.99", "19,99 EUR", "1.234,56 €", "kr 100", "-$5.00", "CHF 12.50", "R$ 10,00"}},
		{Geo, []string{"40.7128, -74.0060", "(48.8566,2.3522)"}},
		{Company, []string{"Acme Ltd", "Muster GmbH", "Exemple SARL", "Ejemplo S.L."}},
		{PersonSex, []string{"male", "Female", "M", "weiblich", "男"}},
		{PersonMarital, []string{"Divorced", "verheiratet", "casado"}},
		{Status, []string{"active", "Yes", "n/a", "TRUE", "opted out"}},
		{PersonNationality, []string{"American", "British"}},
		{PersonJob, []string{"Software Engineer", "Accountant"}},
		{PersonPrefix, []string{"Mr", "Mrs.", "Frau", "Dr."}},
		{AddressCountry, []string{"United States", "Deutschland", "France", "日本"}},
		{AddressCity, []string{"New York", "München", "São Paulo"}},
		{AddressStreet, []string{"12 High Street", "Hauptstraße 12", "Calle Mayor, 5", "12 rue de la Paix", "ul. Długa 5/7", "Via Roma 1", "Storgatan 3"}},
		{AddressFull, []string{"123 Main St, Springfield, IL 62704", "東京都渋谷区神宮前1丁目2番3号"}},
		{AddressPostcode, []string{"SW1A 1AA", "K1A 0B1", "1012 AB", "90210-1234", "D02 AF30"}},
		{HealthText, []string{"Type 2 diabetes", "Hypertension", "AB+"}},
		{HealthCode, []string{"E11.9", "F32.1"}},
		{SpecialReligion, []string{"Roman Catholic", "Muslim"}},
		{IDVehicle, []string{"1HGCM82633A004352"}},
		{FinanceCrypto, []string{"0x52908400098527886E0F7030069857D2E4169EE7", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"}},
		{FinanceRouting, []string{"SBIN0001234"}},
		{FinanceBIC, []string{"DEUTDEFF", "DEUTDEFF500"}},
		{Text, []string{"Thank you for your order, we will ship it by tomorrow evening"}},
		{Code, []string{"AB-12345", "550e8400-e29b-41d4-a716-446655440000"}},
		{Number, []string{"12345", "-5", "1,234,567", "12.5%", "3.14"}},
		{None, []string{"-", "...", "?"}},
	}
	for _, tt := range tests {
		for _, value := range tt.values {
			if got := best(d, value); got != tt.want {
				t.Errorf("%q is %v, want %v", value, d.Classify(nil, []byte(value)), tt.want)
			}
		}
	}
}

func TestReadingsAreOrderedAndDistinct(t *testing.T) {
	d := newDetector(t)
	for _, value := range []string{"123456789", "1234567890", "John Smith", "Paris", "20240102", "AB123456C", "44051401359", "M"} {
		seen := make(map[Type]bool)
		last := float32(100)
		for _, c := range d.Classify(nil, []byte(value)) {
			if seen[c.Type] || c.LogOdds > last || c.Type == None {
				t.Errorf("%q: %v", value, d.Classify(nil, []byte(value)))
			}
			seen[c.Type], last = true, c.LogOdds
		}
	}
}

func TestClassifyAppends(t *testing.T) {
	d := newDetector(t)
	dst := []Candidate{{Type: Product, LogOdds: -5}}
	dst = d.Classify(dst, []byte("a@example.com"))
	if len(dst) != 2 || dst[0].Type != Product || dst[1].Type != ContactEmail {
		t.Errorf("got %v", dst)
	}
}

func TestLongValues(t *testing.T) {
	d := newDetector(t)
	long := make([]byte, 5000)
	for i := range long {
		long[i] = "abc "[i%4]
	}
	if got := best(d, string(long)); got != Text {
		t.Errorf("prose of 5000 bytes is %v", got)
	}
	key := "-----BEGIN RSA PRIVATE KEY-----\n" + string(long)
	if got := best(d, key); got != SecretKey {
		t.Errorf("a private key is %v", got)
	}
}

// A detector is used by many goroutines; the race detector watches.
func TestConcurrentUse(t *testing.T) {
	d := newDetector(t)
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for range 100 {
				if best(d, "Anna Schmidt") != PersonName {
					t.Error("wrong reading")
				}
			}
		})
	}
}

func FuzzClassify(f *testing.F) {
	for _, seed := range []string{
		"John Smith", "2024-01-02", "1.2.3.4", "AB123456C", "+49 (0)30 1", "€ 5", "a@b.de", "\xff\xfe", "J.", "山田太郎", "----", "(0)(0)(0)123456",
	} {
		f.Add([]byte(seed))
	}
	d := newDetector(f)
	f.Fuzz(func(t *testing.T, value []byte) {
		last := float32(100)
		for _, c := range d.Classify(nil, value) {
			if c.LogOdds > last || c.Type == None || c.Type >= NumTypes {
				t.Fatalf("reading %v after %v", c, last)
			}
			last = c.LogOdds
		}
		for _, typ := range Types() {
			d.Is(typ, value)
			Example(typ, value)
		}
		Role(value)
		d.NameScore(value)
	})
}
