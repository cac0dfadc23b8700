package rules

import (
	"sync/atomic"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// tally is what the people of a content come to, whoever reads it: the copies of
// a mailing share their people, and each leaves out its own few readers.
type tally struct {
	of      *Policies // whose own domains are left out
	n       int       // people counted
	content Key
	owned   []int // places of people of own domains
	counts
}

// counts are numbers of people: all, strong ones, by category, by field type.
type counts struct {
	people, strong int64
	by             [detect.Sensitive + 1]int64
	fields         [detect.NumTypes]int64
}

// add counts one person, or takes one away.
func (c *counts) add(who *person, sets *[detect.Sensitive + 1]fieldSet, n int64) {
	c.people += n
	if who.strong {
		c.strong += n
	}
	for category := range sets {
		if who.fields.meets(sets[category]) {
			c.by[category] += n
		}
	}
	for t := range who.fields.each() {
		c.fields[t] += n
	}
}

// tallied remembers the last tally.
type tallied struct{ last atomic.Pointer[tally] }

// tally counts the people, or tells what was counted before. It must not be
// called while they change.
func (p *people) tally(of *Policies) *tally {
	if t := p.tallied.last.Load(); t != nil && t.of == of && t.n == len(p.list) {
		return t
	}
	t := &tally{of: of, n: len(p.list)}
	sets := categorySets()
	for i := range p.list {
		who := &p.list[i]
		t.content += Key(mix(who.id)) // in any order
		if of.own[who.domain] {
			t.owned = append(t.owned, i)
		} else {
			t.add(who, &sets, 1)
		}
	}
	p.tallied.last.Store(t)
	return t
}

// without gives the counts less those left out.
func (t *tally) without(p *people, left map[int]bool) counts {
	c := t.counts
	sets := categorySets()
	for i := range left {
		if who := &p.list[i]; !t.of.own[who.domain] {
			c.add(who, &sets, -1)
		}
	}
	return c
}
