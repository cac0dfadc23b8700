package detect

import (
	"strings"
	"testing"
)

func TestScanFindsEntitiesInProse(t *testing.T) {
	d := newDetector(t)
	tests := []struct {
		text string
		want []string // "type value"
	}{
		{"Dear John Smith, call (555) 123-4567 ext. 9 or +44 20 7946 0958.", []string{"person.name John Smith", "contact.phone (555) 123-4567 ext. 9", "contact.phone +44 20 7946 0958"}},
		{"Write to <jane.doe+x@example.co.uk>, or mailto:a@b.de.", []string{"contact.email jane.doe+x@example.co.uk", "contact.email a@b.de"}},
		{"header.i=jane@example.com", []string{"contact.email jane@example.com"}},
		{"Card 4111 1111 1111 1111; IBAN DE89 3704 0044 0532 0130 00 or GB82WEST12345698765432", []string{"finance.card 4111 1111 1111 1111", "finance.iban DE89 3704 0044 0532 0130 00", "finance.iban GB82WEST12345698765432"}},
		{"SSN 078-05-1120, CPF 529.982.247-25, DNI 12345678Z, RSSMRA85T10A562S", []string{"id.national 078-05-1120", "id.national 529.982.247-25", "id.national 12345678Z", "id.national RSSMRA85T10A562S"}},
		{"from 192.168.1.10:80 via fe80::1ff:fe23:4567:890a (00:1A:2B:3C:4D:5E)", []string{"net.ip 192.168.1.10", "net.ip fe80::1ff:fe23:4567:890a", "net.mac 00:1A:2B:3C:4D:5E"}},
		{"export TOKEN=ghp_abcdefghijklmnopqrstuvwxyz0123456789", []string{"secret.key ghp_abcdefghijklmnopqrstuvwxyz0123456789"}},
		{"hash $2b$12$abcdefghijklmnopqrstuvwxyz0123456789;", []string{"secret.hash $2b$12$abcdefghijklmnopqrstuvwxyz0123456789"}},
		{"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\nend", []string{"secret.key -----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}},
		{"Frau Anna Müller-Schmidt und Иван Петров, Jean de la Fontaine.", []string{"person.name Anna Müller-Schmidt", "person.name Иван Петров", "person.name Jean de la Fontaine"}},
		{"001-936-222-1234x567 or 555-123-4567x12 or 0171 1234567", []string{"contact.phone 001-936-222-1234x567", "contact.phone 555-123-4567x12", "contact.phone 0171 1234567"}},
		{"12 items at 555-123-4567", []string{"contact.phone 555-123-4567"}},
		{"用户@例子.广告", []string{"contact.email 用户@例子.广告"}},
	}
	for _, tt := range tests {
		var got []string
		d.Scan([]byte(tt.text), func(e Entity) { got = append(got, e.Type.String()+" "+tt.text[e.Start:e.End]) })
		if strings.Join(got, "|") != strings.Join(tt.want, "|") {
			t.Errorf("%q:\n got %q\nwant %q", tt.text, got, tt.want)
		}
	}
}

func TestScanPassesOverOtherText(t *testing.T) {
	d := newDetector(t)
	for _, text := range []string{
		"", "The quick brown fox jumps over the lazy dog.", "Order 1234567890 of 2024-01-02 10:30:15, part AB-12345, v1.2.3",
		"550e8400-e29b-41d4-a716-446655440000", "0.066973343895, 23.7390573723692", "081109 203615 148 INFO dfs.DataNode",
		"$19.99 and $5", "--- BEGIN ---", "a @ b, @handle, x@y", "The Washington Post, New York, Santa Cruz", "func main() { fmt.Println(42) }",
		"ZIP 06511-1189", "InChI=1S/C14H30O/c1-2-3-4-5-6-7-8-9-10-11-12-13-14-15/h15H",
		"InChI=1S/C10H16/c1-7-4-5-8-6-9(7)10(8,2)3/h4", "TO_TIMESTAMP('02-OCT-07 04.49.34.678340 PM')",
		"(01)67677988606464(11)010613(17)260628(10)2882441934(21)7849600052", "commit 5d41402abc4b2a76b9719d911017c592", "1700000000000 1700000000001", "ISBN 978-3-16-148410-0", "PO 4000123456",
		"Error Message: Connection Timeout", "Kind Regards,\nCustomer Service Team",
	} {
		d.Scan([]byte(text), func(e Entity) { t.Errorf("%q: %v %q", text, e.Type, text[e.Start:e.End]) })
	}
}

// TestScanPassesTimestamps: a date with an hour is no identifier of any country,
// and its minutes begin no address, so that they need not be looked at.
func TestScanPassesTimestamps(t *testing.T) {
	d := newDetector(t)
	for _, scheme := range d.schemes[len("20240501T10")][1].list {
		if len(scheme.pretty) == len("2024-05-01T10") && scheme.prints([]byte("2024-05-01T10")) {
			t.Errorf("%v is printed like a date with an hour", scheme.kind)
		}
	}
	for _, rest := range []string{"", "00", "00Z", "00.123Z", "00:00:00:00:00:00", ":1", "11:22:33:44", "00,5", "00+02:00 Anna Weber"} {
		text := "x 2024-05-01T10:00:" + rest
		var whole, after []string
		d.Scan([]byte(text), func(e Entity) { whole = append(whole, e.Type.String()+" "+text[e.Start:e.End]) })
		colon := len("x 2024-05-01T10")
		s := scanner{d: d, text: []byte(text), emit: func(Entity) {}}
		if start, end, _ := s.wordAround(2); s.code(start, end) != colon || s.number(colon+1) != colon+3 {
			t.Errorf("%q: the timestamp is something", text)
		}
		d.Scan([]byte(text[colon+3:]), func(e Entity) { after = append(after, e.Type.String()+" "+text[colon+3:][e.Start:e.End]) })
		if strings.Join(whole, "|") != strings.Join(after, "|") {
			t.Errorf("%q: %q with its timestamp, %q without", text, whole, after)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		"a@b.de", "John Smith 555-123-4567 x1", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "$2b$12$abcdefghijklmnopqrstuvwxyz", "::1 1:2:3:4:5:6:7:8",
		"-----BEGIN PRIVATE KEY-----", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "Anna Müller@x", "A1", "Aé", "1 1 1 1 1 1 1 1 1", "+(+(1", "É", "J. R", "\xc3", "@", "Anna ",
		"GB82 ", "AB1@", "-----BEGIN ", "1:", "1x", "$a$",
	} {
		f.Add([]byte(seed))
	}
	d := newDetector(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		end := 0
		d.Scan(text, func(e Entity) {
			if e.Start < end || e.End <= e.Start || e.End > len(text) || e.Type == None || e.Type >= NumTypes {
				t.Fatalf("%v after %d in %d bytes", e, end, len(text))
			}
			end = e.End
		})
	})
}
