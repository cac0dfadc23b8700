package rules

import "github.com/axiomhq/hyperloglog"

// keySet counts distinct keys: exactly up to a bound, then with a HyperLogLog
// sketch of 2^14 registers, whose standard error is 0.81 %.
type keySet struct {
	bound   int
	exact   keyTable // the hash of the e-mail domain, 0 for none
	sketch  *hyperloglog.Sketch
	frozen  bool // shared, and not to be changed
	allowed allowedIn
}

func newKeySet(bound int) *keySet {
	return &keySet{bound: bound}
}

func (s *keySet) add(k Key, domain uint32) {
	if s.exact.n < s.bound && s.sketch == nil {
		s.exact.add(k, domain)
		return
	}
	if _, known := s.exact.get(k); known {
		return
	}
	s.estimate()
	s.sketch.InsertHash(mix(k))
}

func (s *keySet) empty() bool { return s.exact.n == 0 && s.sketch == nil }

// clone returns a copy that may be changed.
func (s *keySet) clone() *keySet {
	c := &keySet{bound: s.bound, exact: s.exact.clone()}
	if s.sketch != nil {
		c.sketch = s.sketch.Clone()
	}
	return c
}

// merge adds the keys of another set.
func (s *keySet) merge(o *keySet) {
	for k, domain := range o.exact.all() {
		s.add(k, domain)
	}
	if o.sketch == nil {
		return
	}
	s.estimate()
	// Both are of one precision, so that it cannot fail.
	_ = s.sketch.Merge(o.sketch)
}

// estimate makes the sketch, of what is in the set so far.
func (s *keySet) estimate() {
	if s.sketch == nil {
		s.sketch = hyperloglog.New14()
		for key := range s.exact.all() {
			s.sketch.InsertHash(mix(key))
		}
	}
}

// size is roughly how many bytes of memory the set takes.
func (s *keySet) size() int64 {
	n := s.exact.size()
	if s.sketch != nil {
		n += 16 << 10
	}
	return n
}

// count returns the number of distinct keys, and whether it is exact.
func (s *keySet) count() (n int64, exact bool) {
	if s.sketch == nil {
		return int64(s.exact.n), true
	}
	return int64(s.sketch.Estimate()), false
}

// countWithout returns the number of distinct keys that are not among own and
// whose domain is not in domains.
func (s *keySet) countWithout(own map[Key]bool, domains map[uint32]bool) int64 {
	n, _ := s.count()
	for k := range own {
		if d, in := s.exact.get(k); in && !domains[d] {
			n--
		}
	}
	if len(domains) > 0 {
		for _, d := range s.exact.all() {
			if domains[d] {
				n--
			}
		}
	}
	return n
}

// mix spreads a key once more for the sketch, which takes its register from
// the leading bits (the finaliser of MurmurHash3).
func mix(k Key) uint64 {
	h := uint64(k)
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	h ^= h >> 33
	return h
}
