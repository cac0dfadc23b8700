package detect

import "testing"

func TestPostcodes(t *testing.T) {
	d := newDetector(t)
	for _, value := range []string{
		"SW1A 1AA", "m1 1ae", "EC1A1BB", "K1A 0B1", "1012 AB", "90210-1234", "123 45", "00-950", "123-4567", "01310-100", "1000-001", "LV-1010",
		"D02 AF30", "AD500", "12345", "1010", "110001",
	} {
		s := d.shapeOf([]byte(value))
		if got := postcodeOdds([]byte(value), &s); got <= 0 {
			t.Errorf("%q is no postcode", value)
		}
	}
	for _, value := range []string{"SW1A 1OK", "1", "12", "123456789", "A1", "99-99-99", "12.34", "ABC 123"} {
		s := d.shapeOf([]byte(value))
		if got := postcodeOdds([]byte(value), &s); got > 2.5 {
			t.Errorf("%q is a postcode: %v", value, got)
		}
	}
}

func TestStreets(t *testing.T) {
	d := newDetector(t)
	for _, value := range []string{
		"12 High Street", "4959 Jacobs Vista Apt. 12", "1600 Pennsylvania Ave NW", "Hauptstraße 12", "Hauptstr. 5a", "Am Weg 3", "12 rue de la Paix",
		"Calle Mayor, 5", "Via Roma 1", "Rua Augusta 1500", "Dorpsstraat 12", "ul. Długa 5/7", "Storgatan 3", "Kirkeveien 12", "Mannerheimintie 5",
		"улица Ленина 5", "Atatürk Caddesi 12", "P.O. Box 123",
	} {
		if got := odds(d, AddressStreet, value); got < 2 {
			t.Errorf("%q: %v", value, d.Classify(nil, []byte(value)))
		}
	}
	for _, value := range []string{"John Smith", "Version 12", "Chapter 4", "Windows 10", "2 x 4", "Order 12345", "Room 101"} {
		if got := odds(d, AddressStreet, value); got > 1 {
			t.Errorf("%q: %v", value, d.Classify(nil, []byte(value)))
		}
	}
}

func TestPlacesThatAreNamesWeighLess(t *testing.T) {
	d := newDetector(t)
	if plain, name := odds(d, AddressCity, "München"), odds(d, AddressCity, "Paris"); name >= plain || name < 0 {
		t.Errorf("München %v, Paris %v", plain, name)
	}
	if city, given := odds(d, AddressCity, "Berlin"), odds(d, PersonGiven, "Berlin"); given >= city {
		t.Errorf("Berlin: city %v, given name %v", city, given)
	}
}
