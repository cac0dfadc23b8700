package detect

import (
	"bytes"
	"testing"
)

func TestCompactIdentifiers(t *testing.T) {
	tests := []struct {
		t           Type
		value, want string
	}{
		{FinanceCard, "4111 1111-1111 1111", "4111111111111111"},
		{FinanceIBAN, "de89 3704 0044 0532 0130 00", "DE89370400440532013000"},
		{IDNational, "529.982.247-25", "52998224725"},
		{IDCustomer, "c-00123", "C00123"},
		{IDCustomer, "***", "***"},
		{AddressPostcode, "sw1a 1aa", "SW1A1AA"},
		{AddressStreet, "  Hauptstraße   12 ", "hauptstrasse 12"},
		{IDUsername, "JDoe", "jdoe"},
		{PersonBirthDate, "3 May 1999", "1999-05-03"},
		{NetMAC, "00:1a:2b:3c:4d:5e", "001A2B3C4D5E"},
	}
	for _, tt := range tests {
		if got := string(Compact([]byte("x"), tt.t, []byte(tt.value))); got != "x"+tt.want {
			t.Errorf("%v %q: got %q, want %q", tt.t, tt.value, got[1:], tt.want)
		}
	}
}

// The compact form is its own compact form, whatever the type and the bytes.
func FuzzCompact(f *testing.F) {
	for _, seed := range []string{
		"Müller, Anna", "Dr. O’Neill", "a+b@Bücher.example", "+49 (0)30 1", "0 1936 222 1234", "(555) 123-4567 x9", "4111 1111", "3 May 1999", "ǿ", "ﬁ",
		"İstanbul", "Σς", "\xff\xfe", "<a@b>", "mailto:mailto:x@y.z", "x+y+z@a.b", "", " ", "...", "tel:tel:1", "00 00 49 1234567",
	} {
		f.Add(uint8(ContactEmail), []byte(seed))
		f.Add(uint8(ContactPhone), []byte(seed))
		f.Add(uint8(PersonName), []byte(seed))
		f.Add(uint8(Date), []byte(seed))
		f.Add(uint8(AddressStreet), []byte(seed))
		f.Add(uint8(IDCustomer), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, kind uint8, value []byte) {
		once := Compact(nil, Type(kind), value)
		if twice := Compact(nil, Type(kind), once); !bytes.Equal(once, twice) {
			t.Fatalf("%v %q: %q, then %q", Type(kind), value, once, twice)
		}
	})
}

func FuzzFold(f *testing.F) {
	for _, seed := range []string{"Straße", "ÀÉÎ", "ŁÓDŹ", "ǿ", "한글", "Ελλάδα", "Ёлка", "ﬃ", "K"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		once := appendFold(nil, text)
		if twice := appendFold(nil, once); !bytes.Equal(once, twice) {
			t.Fatalf("%q: %q, then %q", text, once, twice)
		}
	})
}

// FuzzCompactWord: what is made compact eight bytes at a time is what is made so
// byte by byte.
func FuzzCompactWord(f *testing.F) {
	for _, value := range []string{"4000007", "aB12cD34", "user.Name-17", "ABcdEFghIJklM", "a b", " x", "x\t", "ä", "[{@`~!", "\x7f\x1f", ""} {
		f.Add([]byte(value))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		for _, identifier := range []bool{true, false} {
			got, ok := compactWord([]byte("x"), value, identifier)
			want := compactText([]byte("x"), bytes.TrimSpace(value))
			if identifier {
				want = compactID([]byte("x"), bytes.TrimSpace(value))
			}
			if !ok {
				want = []byte("x")
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%q: %q, want %q", value, got, want)
			}
		}
	})
}
