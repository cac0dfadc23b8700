package exact

import (
	"cmp"
	"math"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// Match is a record that two or more fields agreed on.
type Match struct {
	Record Record
	// Fields are those that agreed, the most telling first.
	Fields []Found
	// Sure is true if chance explains the match in less than one row of
	// strangers in 10^9; else it does in one of 10^6 at most, and the match
	// should count only beside others.
	Sure bool
}

// Matcher finds the records that the fields of one row, or of one passage of
// text, agree on. It is for one goroutine.
type Matcher struct {
	set     *Set
	form    []byte
	posts   []post
	at      span // of the present field
	line    int  // of the present field
	pass    int  // which of the tallies counts the present look-ups
	hits    []hit
	tried   []tally // by pass
	queries []query
	touched byte     // so that what is read ahead is read
	used    []span   // of the fields that spoke for a match
	rare    []uint64 // keys of the hits of rare values
	kept    []hit
	picks   []hit
}

// span is the place of a field in its row or passage.
type span struct{ from, to int32 }

func (s span) overlaps(o span) bool { return s.from < o.to && o.from < s.to }

// tally counts the look-ups of each class: the more were tried, the more
// chance explains.
type tally [numClasses]int32

// hit is a field that has the value of a record.
type hit struct {
	index  int
	number uint32
	column uint8
	at     span
	line   int
	pass   int
	bits   float64
	rare   bool // few records have the value
}

// key orders hits by their record.
func (h *hit) key() uint64 { return uint64(h.index)<<32 | uint64(h.number) }

// fewPosts is how many records a rare value has at most.
const fewPosts = 4

// Matcher returns a new matcher.
func (s *Set) Matcher() *Matcher { return &Matcher{set: s} }

// reset begins a new row or passage, with so many tallies.
func (m *Matcher) reset(passes int) {
	m.hits, m.used, m.queries, m.line, m.pass = m.hits[:0], m.used[:0], m.queries[:0], 0, 0
	m.tried = slices.Grow(m.tried[:0], passes)[:passes]
	clear(m.tried)
}

// Row finds the records that the cells of a row agree on, from the surest. Cell
// i is of the type types[i]; None means that it is not known.
func (m *Matcher) Row(row [][]byte, types []detect.Type) []Match {
	m.reset(1)
	for i, cell := range row[:min(len(row), len(types))] {
		if len(cell) > 0 && len(cell) <= maxText {
			m.at = span{int32(i), int32(i + 1)}
			m.cell(types[i], cell)
		}
	}
	m.answer()
	return m.matches(m.hits, weakBits, nil)
}

// score is what speaks for a record.
type score struct {
	bits  float64
	picks []hit
}

// matches appends the records that two or more of the hits agree on with at
// least so many bits. A field speaks for one record only: the one that most
// speaks for.
func (m *Matcher) matches(hits []hit, least float64, dst []Match) []Match {
	if !m.worthwhile(hits, least) {
		return dst
	}
	hits = m.near(hits)
	slices.SortFunc(hits, func(a, b hit) int {
		if a, b := a.key(), b.key(); a != b {
			return cmp.Compare(a, b)
		}
		return cmp.Or(cmp.Compare(b.bits, a.bits), cmp.Compare(a.at.from, b.at.from), cmp.Compare(a.at.to, b.at.to), cmp.Compare(a.column, b.column))
	})
	for {
		best := m.best(hits)
		if len(best.picks) < 2 || best.bits < least {
			return dst
		}
		x := m.set.indexes[best.picks[0].index]
		match := Match{Record: x.record(best.picks[0].number), Sure: best.bits >= sureBits}
		for _, h := range best.picks {
			m.used = append(m.used, h.at)
			match.Fields = append(match.Fields, Found{x.Columns[h.column].kind, int(h.at.from), int(h.at.to)})
		}
		dst = append(dst, match)
	}
}

// worthwhile reports whether the hits could be enough for a match, if all of
// them spoke for the same record.
func (m *Matcher) worthwhile(hits []hit, least float64) bool {
	need, sum := math.Inf(1), 0.0
	fields := 0
	var most float64 // of the present field, whose hits stand together
	for i := range hits {
		h := &hits[i]
		if i == 0 || h.at != hits[i-1].at {
			sum += most
			most = 0
			fields++
		}
		most = max(most, h.bits)
		need = min(need, least+m.set.indexes[h.index].weight)
	}
	return fields > 1 && sum+most >= need
}

// near keeps the hits of records that some rare value speaks for. Where no
// value is rare, it keeps all.
func (m *Matcher) near(hits []hit) []hit {
	m.rare = m.rare[:0]
	for i := range hits {
		if hits[i].rare {
			m.rare = append(m.rare, hits[i].key())
		}
	}
	m.kept = m.kept[:0]
	if len(m.rare) == 0 {
		m.kept = append(m.kept, hits...)
		return m.kept
	}
	slices.Sort(m.rare)
	for i := range hits {
		if _, found := slices.BinarySearch(m.rare, hits[i].key()); found {
			m.kept = append(m.kept, hits[i])
		}
	}
	return m.kept
}

// best returns the record that most speaks for.
func (m *Matcher) best(hits []hit) (best score) {
	for from := 0; from < len(hits); {
		to := from + 1
		for to < len(hits) && hits[to].key() == hits[from].key() {
			to++
		}
		if to-from > 1 {
			if s := m.score(hits[from:to]); len(s.picks) > 1 && s.bits > best.bits {
				best = score{s.bits, append(best.picks[:0], s.picks...)}
			}
		}
		from = to
	}
	return best
}

// score weighs the hits of one record, which are in the order of their bits.
// Each piece of the text counts once, and each fact once, since a given name
// says nothing beside the full name.
func (m *Matcher) score(hits []hit) score {
	x := m.set.indexes[hits[0].index]
	var told [maxFacts]bool
	sum := -x.weight
	m.picks = m.picks[:0]
	for _, h := range hits {
		kind := x.Columns[h.column].kind
		fact := factOf(kind, int(h.column))
		if told[fact] || m.taken(h.at) {
			continue
		}
		bits := h.bits
		if tried := m.tried[h.pass][classOf(kind)]; tried > 1 {
			bits -= math.Log2(float64(tried))
		}
		if bits <= 0 {
			continue
		}
		told[fact] = true
		sum += bits
		m.picks = append(m.picks, h)
	}
	return score{sum, m.picks}
}

// taken reports whether a place overlaps one that has spoken already.
func (m *Matcher) taken(at span) bool {
	for _, u := range m.used {
		if at.overlaps(u) {
			return true
		}
	}
	for _, p := range m.picks {
		if at.overlaps(p.at) {
			return true
		}
	}
	return false
}

// maxFacts is the number of facts: the two that several columns tell, and one
// for each column.
const maxFacts = 2 + MaxColumns

// factOf returns the fact that a column tells.
func factOf(t detect.Type, column int) int {
	switch t {
	case detect.PersonName, detect.PersonGiven, detect.PersonFamily:
		return 0
	case detect.AddressFull, detect.AddressStreet, detect.AddressPostcode:
		return 1
	}
	return 2 + column
}
