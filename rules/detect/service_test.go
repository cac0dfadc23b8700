package detect_test

import (
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

func TestTollFreeNumbersAreNobodysOwn(t *testing.T) {
	for _, number := range []string{"+1 800 555 0142", "1-888-555-0142", "(877) 555-0142", "+44 800 496 0001", "0800 496 0001", "00800 1234 5678", "+800 1234 5678", "+49 800 1234567"} {
		if !detect.TollFree([]byte(number)) {
			t.Errorf("%q is not told to be toll-free", number)
		}
	}
	for _, number := range []string{"+1 212 555 0142", "(808) 555-0142", "+44 20 7946 0800", "0170 8001234", "030 800800", "+48 080 1", "8", "+"} {
		if detect.TollFree([]byte(number)) {
			t.Errorf("%q is told to be toll-free", number)
		}
	}
}
