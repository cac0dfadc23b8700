package quarantine

import "testing"

// Million gives the tests of packages above the store that benchmarks share.
func Million(b *testing.B) *Store {
	s, _ := million(b)
	return s
}

// OpenIn lets them open stores as this package's do.
var OpenIn = openIn
