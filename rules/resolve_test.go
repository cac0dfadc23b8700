package rules

import (
	"math/rand/v2"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// TestSharedTypesAreThoseOfFewValues: counting no further than needed tells the
// same as counting all.
func TestSharedTypesAreThoseOfFewValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	kinds := []detect.Type{detect.ContactEmail, detect.IDCustomer, detect.PersonName, detect.ContactPhone, detect.ContactEmail, detect.AddressCity}
	for range 3000 {
		rows := 1 + rng.IntN(40)
		g := group{}
		for i := range 1 + rng.IntN(len(kinds)) {
			g.columns = append(g.columns, typedColumn{i, kinds[i]})
		}
		r := resolver{keys: make([]cellKey, rows*len(g.columns))}
		var counts [detect.NumTypes]int
		best := 0
		for j, c := range g.columns {
			values, seen := 1+rng.Uint64N(uint64(2*rows)), map[Key]bool{}
			for i := range rows {
				k := Key(rng.Uint64N(values)) // zero is no key
				r.keys[i*len(g.columns)+j].key = k
				seen[k] = k != 0
			}
			n := len(seen)
			if _, empty := seen[0]; empty {
				n--
			}
			if identifies(c.kind) {
				counts[c.kind] = max(counts[c.kind], n)
				best = max(best, n)
			}
		}
		got := r.sharedTypes(rows, g)
		for _, c := range g.columns {
			if want := rows >= 3 && identifies(c.kind) && counts[c.kind]*2 < best; got.has(c.kind) != want {
				t.Fatalf("%d rows, %d of %d values of %s: shared is %v", rows, counts[c.kind], best, c.kind, !want)
			}
		}
	}
}
