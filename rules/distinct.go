package rules

import (
	"hash/maphash"
	"math/bits"
)

// distinct counts different keys of a stretch of rows. Its table is small enough
// for the processor's nearest cache, and is at most half full.
type distinct struct {
	slots []Key
	seed  uint64 // makes where a key lies unknown to whoever chose the values
}

// count returns how many different keys, zero apart, the first rows cells have of
// those that lie step apart, enough at most.
func (d *distinct) count(cells []cellKey, step, rows, enough int) (n int) {
	size := 1 << bits.Len(uint(2*min(rows, enough)))
	if d.seed == 0 {
		d.seed = maphash.Bytes(maphash.MakeSeed(), nil) | 1
	}
	if cap(d.slots) < size {
		d.slots = make([]Key, size)
	}
	slots := d.slots[:size]
	clear(slots)
	shift := 64 - bits.Len(uint(size-1))
	for i := 0; i < rows && n < enough; i++ {
		k := cells[i*step].key
		if k == 0 {
			continue
		}
		at := uint64(k) * d.seed >> shift
		for slots[at] != k && slots[at] != 0 {
			at = (at + 1) & uint64(size-1)
		}
		if slots[at] != k {
			slots[at] = k
			n++
		}
	}
	return n
}
