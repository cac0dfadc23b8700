package detect

import "testing"

func TestExamples(t *testing.T) {
	yes := map[Type][]string{
		ContactEmail: {"a@example.com", "Jane <a@mail.example.org>", "a@b.test", "a@b.invalid"},
		NetDomain:    {"example.net", "x.example", "localhost"},
		NetURL:       {"https://www.example.com/path", "http://localhost:8080"},
		NetIP:        {"192.0.2.1", "198.51.100.7", "203.0.113.255", "2001:db8::5", "127.0.0.1"},
		FinanceCard:  {"4242 4242 4242 4242"},
		FinanceIBAN:  {"DE89 3704 0044 0532 0130 00"},
		ContactPhone: {"(212) 555-0123", "07700 900123", "+44 7700 900123"},
		IDNational:   {"078-05-1120"},
	}
	for typ, values := range yes {
		for _, value := range values {
			if !Example(typ, []byte(value)) {
				t.Errorf("%v %q is real", typ, value)
			}
		}
	}
	no := map[Type][]string{
		ContactEmail: {"a@myexample.com", "a@example.de", "a@contest.com", ""},
		NetIP:        {"192.0.3.1", "8.8.8.8", "x"},
		FinanceCard:  {"4929 1234 5678 9012"},
		ContactPhone: {"(212) 555-1234", "+49 30 1234567"},
		PersonName:   {"John Doe"},
		NetURL:       {"https://bulkhead.dev/example.com"},
	}
	for typ, values := range no {
		for _, value := range values {
			if Example(typ, []byte(value)) {
				t.Errorf("%v %q is an example", typ, value)
			}
		}
	}
}

// Made-up tables of customers use reserved domains and must still be read.
func TestExamplesAreStillClassified(t *testing.T) {
	d := newDetector(t)
	if got := best(d, "jane@example.com"); got != ContactEmail {
		t.Errorf("got %v", got)
	}
}
