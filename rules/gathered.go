package rules

import (
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/similar"
)

// gathered is what was found in some of a message: in one part, or in all of
// it. What was gathered of parts merges, in their order, into what was gathered
// of the whole; so a part that was read in one message need not be read again
// in the next.
//
// The collections of a gathered that is kept for other messages are frozen:
// whoever merges it shares them, and copies them before adding to them.
type gathered struct {
	findings     []Finding
	records      int64
	largestTable int64
	bodyIsTable  bool
	unread       []extract.Unread // past the bounds of tables
	// allowedTables are the entries of the allow list by which rows were not
	// looked at, each once.
	allowedTables []string

	people   *people
	contacts *keySet // e-mail addresses and phone numbers
	cards    *keySet
	national *keySet
	known    known // records of the exact-match index

	contents []content // to compare bodies with attachments

	sketch similar.Sketch
}

func newGathered() *gathered {
	g := &gathered{people: newPeople()}
	sets := new([5]keySet) // most stay empty: one piece of memory does for all
	for i, set := range g.sets() {
		sets[i].bound = maxContacts
		*set = &sets[i]
	}
	g.known.sure.bound, g.known.likely.bound = maxKnown, maxKnown
	return g
}

func (g *gathered) find(f Finding) {
	if len(g.findings) < maxFindings {
		g.findings = append(g.findings, f)
	}
}

// add takes a record of a person; see people.add.
func (g *gathered) add(ids []identifier, strongest int, r record) {
	g.ownPeople().add(ids, strongest, r)
}

// ownPeople returns the people as they may be added to.
func (g *gathered) ownPeople() *people {
	if g.people.frozen {
		g.people = g.people.clone()
	}
	return g.people
}

// addTo adds a key to one of the sets.
func (g *gathered) addTo(set **keySet, k Key, domain uint32) {
	if (*set).frozen {
		*set = (*set).clone()
	}
	(*set).add(k, domain)
}

// freeze makes g one that is shared and not changed any more.
func (g *gathered) freeze() {
	g.people.frozen = true
	for _, set := range g.sets() {
		(*set).frozen = true
		(*set).count()
	}
	// Estimating settles a sketch, which is only read from then on.
	if g.people.more != nil {
		g.people.more.frozen = true
		g.people.more.count()
	}
}

func (g *gathered) sets() [5]**keySet {
	return [5]**keySet{&g.contacts, &g.cards, &g.national, &g.known.sure, &g.known.likely}
}

// merge takes what was gathered of a part. Where only one part has people, or
// contacts, they are shared and not copied.
func (g *gathered) merge(part *gathered) {
	for _, f := range part.findings {
		g.find(f)
	}
	g.records += part.records
	g.largestTable = max(g.largestTable, part.largestTable)
	g.bodyIsTable = g.bodyIsTable || part.bodyIsTable
	g.unread = append(g.unread, part.unread...)
	for _, id := range part.allowedTables {
		if !slices.Contains(g.allowedTables, id) {
			g.allowedTables = append(g.allowedTables, id)
		}
	}
	g.contents = append(g.contents, part.contents[:min(len(part.contents), maxContents-len(g.contents))]...)
	switch {
	case part.people.empty():
	case g.people.empty():
		g.people = part.people
	default:
		g.ownPeople().merge(part.people)
	}
	theirs := part.sets()
	for i, set := range g.sets() {
		switch {
		case (*theirs[i]).empty():
		case (*set).empty():
			*set = *theirs[i]
		default:
			if (*set).frozen {
				*set = (*set).clone()
			}
			(*set).merge(*theirs[i])
		}
	}
	g.known.looked += part.known.looked
	g.sketch.Merge(&part.sketch)
}

// size is roughly how many bytes of memory g takes.
func (g *gathered) size() int64 {
	n := int64(2 << 10)
	for _, f := range g.findings {
		n += 128
		for _, c := range f.Columns {
			n += 64
			for _, clue := range c.Clues {
				n += 16 + int64(len(clue))
			}
		}
		for _, row := range f.Sample {
			for _, cell := range row {
				n += 16 + int64(len(cell))
			}
		}
	}
	n += 24*int64(len(g.contents)) + g.people.size()
	for _, set := range g.sets() {
		n += (*set).size()
	}
	return n
}
