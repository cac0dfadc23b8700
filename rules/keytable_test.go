package rules

import (
	"math/rand/v2"
	"testing"
)

func TestKeyTableAgreesWithAMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	want := map[Key]uint32{}
	var got keyTable
	for i := range uint32(20_000) {
		k := Key(rng.Uint64N(8000)) // many come again, and zero is no key
		_, known := want[k]
		if added := got.add(k, i); added != (k != 0 && !known) {
			t.Fatalf("adding %d: new is %v", k, added)
		}
		if k != 0 && !known {
			want[k] = i
		}
	}
	for k := range Key(9000) {
		v, in := got.get(k)
		if w, known := want[k]; in != known || known && v != w {
			t.Errorf("key %d: %d, %v, want %d, %v", k, v, in, w, known)
		}
	}
	n := 0
	for k, v := range got.all() {
		n++
		if want[k] != v {
			t.Errorf("key %d has %d, want %d", k, v, want[k])
		}
	}
	if n != len(want) || got.n != n {
		t.Errorf("%d keys told, %d counted, want %d", n, got.n, len(want))
	}
}
