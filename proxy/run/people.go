package run

import (
	"github.com/axiomhq/hyperloglog"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// maxExact is how many people of a run are told apart one by one; beyond it
// they are estimated, with a standard error of 0.81 %.
const maxExact = 100_000

// people are the distinct third-party people of a run's copies.
type people struct {
	exact    map[rules.Key]struct{}
	sketch   *hyperloglog.Sketch // nil up to maxExact
	contents contents
	most     int64 // that one copy had, or the ledger has
}

func newPeople() *people { return &people{exact: map[rules.Key]struct{}{}, contents: contents{}} }

// add takes the people of one copy, and calls fresh with those that are new and
// told apart.
func (p *people) add(s *rules.Subjects, fresh func(rules.Key)) {
	p.most = max(p.most, s.Count())
	p.contents.each(s, func(k rules.Key) {
		if p.insert(k) {
			fresh(k)
		}
	})
}

// insert takes one of them, and returns whether it is new and told apart.
func (p *people) insert(k rules.Key) bool {
	if p.sketch != nil {
		p.sketch.InsertHash(spread(k))
		return false
	}
	before := len(p.exact)
	p.exact[k] = struct{}{}
	if len(p.exact) <= maxExact {
		return len(p.exact) > before
	}
	p.sketch = hyperloglog.New14()
	for k := range p.exact {
		p.sketch.InsertHash(spread(k))
	}
	p.exact = nil
	return false
}

// count returns how many distinct people there are.
func (p *people) count() int64 {
	n := int64(len(p.exact))
	if p.sketch != nil {
		n = int64(p.sketch.Estimate())
	}
	return max(n, p.most)
}

// settle keeps the number only: nobody is to be added any more.
func (p *people) settle() {
	most := p.count()
	*p = *newPeople()
	p.most = most
}

// spread mixes a key for a sketch, which takes its register from the leading
// bits (the finaliser of MurmurHash3).
func spread(k rules.Key) uint64 {
	h := uint64(k)
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
