package rules

import (
	"hash/maphash"
	"iter"
	"slices"
)

// keyTable maps keys to numbers of 32 bits, in 12 bytes a slot: an
// open-addressing table with linear probing that is at most three quarters
// full. Zero is no key. The zero value is an empty table.
type keyTable struct {
	keys   []Key
	values []uint32
	n      int
	// seed makes where a key lies unknown to whoever chose the values, so that
	// none can be chosen to lie in one place. What is found does not depend on
	// it.
	seed uint64
}

// Up to fastSlots, 768 KiB, a table grows to eight times its slots: a key of a
// long list of people is moved a few times instead of a dozen times.
const (
	firstSlots = 64
	fastSlots  = 1 << 16
)

// get returns the number of a key, and whether it has one.
func (t *keyTable) get(k Key) (uint32, bool) {
	if t.n == 0 {
		return 0, false
	}
	at := t.slot(k)
	return t.values[at], t.keys[at] == k && k != 0
}

// add gives a key its number unless it has one, and reports whether it had none.
func (t *keyTable) add(k Key, value uint32) bool {
	if k == 0 {
		return false
	}
	if t.n*4 >= len(t.keys)*3 {
		t.grow()
	}
	at := t.slot(k)
	if t.keys[at] == k {
		return false
	}
	t.keys[at], t.values[at] = k, value
	t.n++
	return true
}

// mark adds a key as add does, and sets the given bits of the number that it has.
func (t *keyTable) mark(k Key, value, bits uint32) {
	if !t.add(k, value|bits) && k != 0 {
		t.values[t.slot(k)] |= bits
	}
}

// slot returns the place of a key, or the empty one where it would lie.
func (t *keyTable) slot(k Key) uint64 {
	mask := uint64(len(t.keys) - 1)
	for at := mix(k^Key(t.seed)) & mask; ; at = (at + 1) & mask {
		if t.keys[at] == k || t.keys[at] == 0 {
			return at
		}
	}
}

func (t *keyTable) grow() {
	old := *t
	if t.seed == 0 {
		t.seed = maphash.Bytes(maphash.MakeSeed(), nil)
	}
	size := max(2*len(old.keys), firstSlots)
	if size < fastSlots {
		size *= 4
	}
	t.keys, t.values = make([]Key, size), make([]uint32, size)
	for k, v := range old.all() {
		at := t.slot(k)
		t.keys[at], t.values[at] = k, v
	}
}

// all gives each key with its number, in no order.
func (t *keyTable) all() iter.Seq2[Key, uint32] {
	return func(yield func(Key, uint32) bool) {
		for i, k := range t.keys {
			if k != 0 && !yield(k, t.values[i]) {
				return
			}
		}
	}
}

// clone returns a copy.
func (t *keyTable) clone() keyTable {
	c := *t
	c.keys, c.values = slices.Clone(t.keys), slices.Clone(t.values)
	return c
}

// size is how many bytes of memory the table takes.
func (t *keyTable) size() int64 { return 12 * int64(len(t.keys)) }

// reset empties the table and keeps its room.
func (t *keyTable) reset() {
	if t.n > 0 {
		clear(t.keys)
		t.n = 0
	}
}
