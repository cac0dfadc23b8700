package detect

import (
	"math/rand/v2"
	"testing"
)

// Order numbers and counters are far more frequent than identifiers, so that a
// strong reading of a random number must be rare.
func TestRandomNumbersAreRarelyStrongIdentifiers(t *testing.T) {
	d := newDetector(t)
	random := rand.New(rand.NewPCG(1, 2))
	const tries = 20_000
	for n := 8; n <= 16; n++ {
		strong := 0
		for range tries {
			value := make([]byte, n)
			for i := range value {
				value[i] = byte('0' + random.IntN(10))
			}
			value[0] = byte('1' + random.IntN(9))
			for _, c := range d.Classify(nil, value) {
				if c.LogOdds >= 4 {
					strong++
					break
				}
			}
		}
		if share := float64(strong) / tries; share > 0.05 {
			t.Errorf("%.1f %% of random numbers of %d digits have a strong reading", 100*share, n)
		} else {
			t.Logf("%d digits: %.2f %%", n, 100*share)
		}
	}
}
