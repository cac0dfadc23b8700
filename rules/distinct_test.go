package rules

import (
	"math/rand/v2"
	"testing"
)

func TestDistinctAgreesWithAMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var d distinct
	for range 2000 {
		rows, step := rng.IntN(600), 1+rng.IntN(3)
		enough, most := 1+rng.IntN(rows+1), 1+rng.Uint64N(1000)
		cells := make([]cellKey, rows*step)
		for i := range cells {
			cells[i].key = Key(rng.Uint64N(most)) // many come again, and zero is no key
		}
		want := map[Key]bool{}
		for i := range rows {
			if k := cells[i*step].key; k != 0 {
				want[k] = true
			}
		}
		if got := d.count(cells, step, rows, enough); got != min(len(want), enough) {
			t.Fatalf("%d different of %d, want %d and at most %d", got, rows, len(want), enough)
		}
	}
}
