package rules

import (
	"hash/maphash"
	"iter"
	"slices"
)

// keyTable maps keys to numbers of 32 bits, in 12.8 bytes a place: an
// open-addressing table of buckets, each of one line of the processor's cache, so
// that a key is found or added with one read of memory. It is at most three
// quarters full. Zero is no key. The zero value is an empty table.
type keyTable struct {
	buckets []bucket
	n       int
	// seed makes where a key lies unknown to whoever chose the values, so that
	// none can be chosen to lie in one place. What is found does not depend on
	// it.
	seed uint64
}

// bucket holds keys from the first place on. What does not fit into a bucket lies
// in those after it.
type bucket struct {
	keys   [perBucket]Key
	values [perBucket]uint32
	_      uint32
}

const (
	perBucket  = 5
	bucketSize = 64
)

// Up to fastBuckets, 512 KiB, a table grows to eight times its size: a key of a
// long list of people is moved a few times instead of a dozen times.
//
// One of coldBuckets, 256 KiB, does not stay in the processor's nearest cache.
const (
	coldBuckets  = 4 << 10
	firstBuckets = 16
	fastBuckets  = 8 << 10
)

// get returns the number of a key, and whether it has one.
func (t *keyTable) get(k Key) (uint32, bool) {
	if t.n == 0 {
		return 0, false
	}
	b, i := t.place(k)
	return b.values[i], b.keys[i] == k && k != 0
}

// add gives a key its number unless it has one, and reports whether it had none.
func (t *keyTable) add(k Key, value uint32) bool {
	_, added := t.put(k, value)
	return added
}

// mark adds a key as add does, and sets the given bits of the number that it has.
func (t *keyTable) mark(k Key, value, bits uint32) {
	if at, added := t.put(k, value|bits); at != nil && !added {
		*at |= bits
	}
}

// put is add that returns where the key's number is, nil for no key.
func (t *keyTable) put(k Key, value uint32) (at *uint32, added bool) {
	if k == 0 {
		return nil, false
	}
	if t.n*4 >= len(t.buckets)*perBucket*3 {
		t.grow()
	}
	b, i := t.place(k)
	if b.keys[i] == k {
		return &b.values[i], false
	}
	b.keys[i], b.values[i] = k, value
	t.n++
	return &b.values[i], true
}

// place returns the place of a key, or the empty one where it would lie.
func (t *keyTable) place(k Key) (*bucket, int) {
	mask := uint64(len(t.buckets) - 1)
	for at := mix(k^Key(t.seed)) & mask; ; at = (at + 1) & mask {
		b := &t.buckets[at]
		for i := range perBucket {
			if there := b.keys[i]; there == k || there == 0 {
				return b, i
			}
		}
	}
}

// cold reports whether the table is too large for the processor's nearest cache.
func (t *keyTable) cold() bool { return len(t.buckets) >= coldBuckets }

// warm reads where a key lies or would, and returns something of it. Where many
// are asked for one by one, reading their places first has the processor fetch
// them side by side.
func (t *keyTable) warm(k Key) Key {
	return t.buckets[mix(k^Key(t.seed))&uint64(len(t.buckets)-1)].keys[0]
}

func (t *keyTable) grow() {
	old := *t
	if t.seed == 0 {
		t.seed = maphash.Bytes(maphash.MakeSeed(), nil)
	}
	size := max(2*len(old.buckets), firstBuckets)
	if firstBuckets < size && size < fastBuckets {
		size *= 4
	}
	t.buckets = make([]bucket, size)
	for k, v := range old.all() {
		b, i := t.place(k)
		b.keys[i], b.values[i] = k, v
	}
}

// all gives each key with its number, in no order.
func (t *keyTable) all() iter.Seq2[Key, uint32] {
	return func(yield func(Key, uint32) bool) {
		for at := range t.buckets {
			b := &t.buckets[at]
			for i := range perBucket {
				if k := b.keys[i]; k != 0 && !yield(k, b.values[i]) {
					return
				}
			}
		}
	}
}

// clone returns a copy.
func (t *keyTable) clone() keyTable {
	c := *t
	c.buckets = slices.Clone(t.buckets)
	return c
}

// size is how many bytes of memory the table takes.
func (t *keyTable) size() int64 { return bucketSize * int64(len(t.buckets)) }
