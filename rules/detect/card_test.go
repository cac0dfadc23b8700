package detect

import "testing"

func TestCards(t *testing.T) {
	for _, value := range []string{
		"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "5555555555554444", "2223003122003222", "378282246310005",
		"3782 822463 10005", "6011111111111117", "30569309025904", "3566002020360505", "6200000000000005",
	} {
		if !isCard([]byte(value)) {
			t.Errorf("%q is no card", value)
		}
		if !Example(FinanceCard, []byte(value)) {
			t.Errorf("%q is no published test card", value)
		}
	}
	for _, value := range []string{
		"4111111111111112",    // check digit
		"0000000000000000",    // filler
		"9111111111111111",    // no issuer
		"411111111111",        // too short
		"4111 1111-1111 1111", // two separators
		"4111.1111111.11111",  // no grouping of a card
		"4-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1", "41 11 11 11 11 11 11 11",
	} {
		if isCard([]byte(value)) {
			t.Errorf("%q is a card", value)
		}
	}
}
