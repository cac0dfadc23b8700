package rules

import (
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// indexed looks rows and passages up in the indexes.
type indexed struct {
	matcher *exact.Matcher // nil if there is no index
	types   []detect.Type  // of a stretch's columns
	cells   [][]byte
	part    []detect.Type
	found   []exact.Found
	lines   []int
}

func newIndexed(set *exact.Set) indexed {
	if set == nil {
		return indexed{}
	}
	return indexed{matcher: set.Matcher()}
}

// note takes a value found in running text.
func (x *indexed) note(e detect.Entity) {
	if x.matcher != nil {
		x.found = append(x.found, exact.Found{Type: e.Type, Start: e.Start, End: e.End})
	}
}

// begin takes the columns of a stretch of rows.
func (x *indexed) begin(seg *table.Segment) {
	x.types = x.types[:0]
	for _, c := range seg.Columns {
		if c.Confidence < minConfidence {
			x.types = append(x.types, detect.None)
		} else {
			x.types = append(x.types, c.Type)
		}
	}
}

// lookUp finds the records that a row of the group agrees with. A group that is
// the whole row is looked up with the columns that say nothing of a person by
// their types: the index knows better.
func (r *resolver) lookUp(g *group, row [][]byte, whole bool) {
	r.agreed = nil
	if r.indexed.matcher == nil {
		return
	}
	r.ev.known.looked++
	if whole {
		r.agreed = r.indexed.matcher.Row(row, r.indexed.types)
	} else {
		x := &r.indexed
		x.cells, x.part = x.cells[:0], x.part[:0]
		for _, c := range g.columns {
			if c.at < len(row) {
				x.cells, x.part = append(x.cells, row[c.at]), append(x.part, c.kind)
			}
		}
		r.agreed = x.matcher.Row(x.cells, x.part)
	}
	for i := range r.agreed {
		r.ev.agrees(&r.agreed[i])
	}
}

// claim puts the surest record that a row agrees with before the row's own
// identifiers in r.ids: it tells more than they do. Further records of the row
// are people of their own.
func (r *resolver) claim(strongest int, rec record) (int, record) {
	claimed := false
	for i := range r.agreed {
		m := &r.agreed[i]
		if !m.Sure {
			continue
		}
		id := identifier{key: recordKey(m.Record)}
		if claimed {
			r.ev.add([]identifier{id}, 1, record{fields: fieldsOf(m), strong: true})
			continue
		}
		claimed = true
		r.ids = append(r.ids, identifier{})
		copy(r.ids[1:], r.ids)
		r.ids[0] = id
		strongest++
		rec.fields.union(fieldsOf(m))
		rec.strong = true
	}
	r.agreed = nil
	return strongest, rec
}

// sure reports whether the row at hand agrees with a record beyond doubt.
func (r *resolver) sure() bool {
	for i := range r.agreed {
		if r.agreed[i].Sure {
			return true
		}
	}
	return false
}

// fieldsOf returns the field types that agreed.
func fieldsOf(m *exact.Match) (set fieldSet) {
	for _, f := range m.Fields {
		set.add(f.Type)
	}
	return set
}
