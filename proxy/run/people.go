package run

import (
	"github.com/axiomhq/hyperloglog"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// maxExact is how many people of a run are told apart one by one; beyond it
// they are estimated, with a standard error of 0.81 %.
const maxExact = 100_000

// maxContents is how many contents of a run are known by name.
const maxContents = 64

// people are the distinct third-party people of a run's copies.
type people struct {
	exact  map[rules.Key]struct{}
	sketch *hyperloglog.Sketch // nil up to maxExact
	// contents are those whose people have been added, and of each the people
	// who were left out in every copy so far: they are readers. So a further
	// copy costs its readers and not its people.
	contents map[rules.Key]map[rules.Key]struct{}
	most     int64 // that one copy had
}

func newPeople() *people {
	return &people{exact: map[rules.Key]struct{}{}, contents: map[rules.Key]map[rules.Key]struct{}{}}
}

// add takes the people of one copy.
func (p *people) add(s *rules.Subjects) {
	p.most = max(p.most, s.Count())
	if s.Content == 0 {
		return
	}
	left := make(map[rules.Key]struct{}, len(s.Left))
	for _, k := range s.Left {
		left[k] = struct{}{}
	}
	if before, known := p.contents[s.Content]; known {
		for k := range before {
			if _, still := left[k]; !still {
				delete(before, k)
				p.insert(k)
			}
		}
		return
	}
	s.Each(p.insert)
	if len(p.contents) < maxContents {
		p.contents[s.Content] = left
	}
}

func (p *people) insert(k rules.Key) {
	if p.sketch != nil {
		p.sketch.InsertHash(spread(k))
		return
	}
	p.exact[k] = struct{}{}
	if len(p.exact) <= maxExact {
		return
	}
	p.sketch = hyperloglog.New14()
	for k := range p.exact {
		p.sketch.InsertHash(spread(k))
	}
	p.exact = nil
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
