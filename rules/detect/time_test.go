package detect

import "testing"

func TestTimesOfDay(t *testing.T) {
	for value, want := range map[string]bool{
		"7:05": true, "23:59:30": true, "125:40": true, "5:55": true, "7:65": false, "7:5": false, ":30": false,
		"1:2:3": false, "12:30:": false, "10.30": false, "1234:30": false, "": false, "10:20:30:40": false,
	} {
		if got := isTimeOfDay([]byte(value)); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestISBN(t *testing.T) {
	for value, want := range map[string]bool{
		"978-3-16-148410-0": true, "978-3161484100": true, "979 10 90636 07 1": true,
		"9783161484100": false, "977-3-16-148410-0": false, "978-3-16-14841-0": false, "978-3-16-148410-X": false,
	} {
		if got := isISBN([]byte(value)); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}
