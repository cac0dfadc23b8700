package rules

import (
	"maps"
	"slices"
	"testing"
)

// FuzzPeople: people who are resolved as their records come are those that a
// plain search over all that was said of them finds.
func FuzzPeople(f *testing.F) {
	f.Add([]byte{1, 1, 2, 0, 3, 1, 1, 5, 0, 6, 2, 2, 1, 0, 9, 0, 7, 0})
	f.Add([]byte("one person comes again, with a weaker name; another does not"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, want := newPeople(), map[Key]uint32{}
		var list []person
		for len(text) > 3 {
			n := 1 + int(text[0]%4)
			strongest, ids := 1+int(text[1])%n, make([]identifier, n)
			for i := range ids {
				ids[i] = identifier{key: 1 + Key(text[2+i%2]/byte(i+1)), domain: uint32(text[3]) >> i}
			}
			rec := record{fields: fieldSet{uint64(text[0])}, strong: text[1] > 100}
			text = text[4:]
			got.add(ids, strongest, rec)

			at := slices.IndexFunc(ids[:strongest], func(id identifier) bool { _, known := want[id.key]; return known })
			place := uint32(len(list))
			if at >= 0 {
				place = want[ids[at].key] &^ strongestBit
			} else {
				list = append(list, person{id: ids[0].key})
			}
			who := &list[place]
			who.union(&person{fields: rec.fields, strong: rec.strong})
			for i, id := range ids {
				who.union(&person{domain: id.domain})
				if _, known := want[id.key]; !known {
					want[id.key] = place
				}
				if i < strongest {
					want[id.key] |= strongestBit
				}
			}
		}
		if !slices.Equal(got.list, list) {
			t.Errorf("people %+v, want %+v", got.list, list)
		}
		if index := maps.Collect(got.index.all()); !maps.Equal(index, want) {
			t.Errorf("known as %v, want %v", index, want)
		}
	})
}
