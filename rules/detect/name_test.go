package detect

import "testing"

func TestFullNames(t *testing.T) {
	d := newDetector(t)
	for _, value := range []string{
		"John Smith", "SMITH JOHN", "Smith, John", "Dr. Anna Müller", "José García López", "Jean-Pierre Dupont", "Иван Петров", "Γιώργος Παπαδόπουλος",
		"Anna van der Berg", "J. Smith", "Mary K. Johnson", "Nguyễn Văn An", "Yuki Tanaka", "Li Wei", "Priya Sharma", "Mohammed Al Rashid", "O'Brien, Patrick",
		"Maria da Silva", "Kowalski Jan", "王小明", "김민준", "山田太郎", "Mr. John Smith Jr.", "Hong Li",
	} {
		if got := odds(d, PersonName, value); got < 1 {
			t.Errorf("%q: %v", value, d.Classify(nil, []byte(value)))
		}
	}
}

func TestOtherPhrasesAreNoNames(t *testing.T) {
	d := newDetector(t)
	for _, value := range []string{
		"Premium Plan", "Apple Juice", "Blue Widget", "New York", "Los Angeles", "United States", "Order Total", "Customer Service", "Real Madrid",
		"Error Message", "Software Engineer", "Acme Ltd", "Total Amount", "Main Street", "in progress", "not available", "San Francisco", "Data Table",
		"Unlimited Broadband", "South Korea", "Credit Card", "Red Steel Chair",
	} {
		if got := odds(d, PersonName, value); got >= 1 {
			t.Errorf("%q: %v", value, d.Classify(nil, []byte(value)))
		}
	}
}

func TestNameScoreTellsGivenFromFamily(t *testing.T) {
	d := newDetector(t)
	for _, word := range []string{"John", "Anna", "Jürgen", "Juergen", "Marie", "Иван", "Priya", "Jean-Luc", "MARIA"} {
		if given, family := d.NameScore([]byte(word)); given < 1 || given < family {
			t.Errorf("%q: given %v, family %v", word, given, family)
		}
	}
	for _, word := range []string{"Müller", "Mueller", "Smith", "Kowalski", "García", "Papadopoulos", "Ivanov", "O'Neill", "Tanaka"} {
		if given, family := d.NameScore([]byte(word)); family < 1 || family < given {
			t.Errorf("%q: given %v, family %v", word, given, family)
		}
	}
	for _, word := range []string{"the", "invoice", "Total", "Premium", "order", "und"} {
		if given, family := d.NameScore([]byte(word)); given > -1 || family > -1 {
			t.Errorf("%q: given %v, family %v", word, given, family)
		}
	}
}

func TestCompactNameIsOrderInsensitive(t *testing.T) {
	tests := []struct{ a, b string }{
		{"Müller, Anna", "Dr. anna muller"}, {"SMITH John", "John Smith"}, {"José  Núñez", "Jose Nunez"}, {"O’Neill, Pat", "Pat O'Neill"},
		{"Łukasz Żak", "Lukasz Zak"}, {"Mr. John Smith", "John Smith"},
	}
	for _, tt := range tests {
		a, b := string(Compact(nil, PersonName, []byte(tt.a))), string(Compact(nil, PersonName, []byte(tt.b)))
		if a != b {
			t.Errorf("%q and %q: %q, %q", tt.a, tt.b, a, b)
		}
	}
	if a, b := string(Compact(nil, PersonName, []byte("Anna Smith"))), string(Compact(nil, PersonName, []byte("Anne Smith"))); a == b {
		t.Errorf("two names are one: %q", a)
	}
}
