package table

import (
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// reading is the state of one Typer.Read.
type reading struct {
	typer    *Typer
	lim      Limits
	visit    func(*Segment) error
	labelled bool

	rows   rows
	begun  bool // the header was sought
	turned bool // rows hold a grid that was turned
	head   header
	last   header   // the one that was read last, in whatever grid
	prior  []belief // what the columns of the piece before held
	now    []belief // and what those of this piece do

	old, new profile
	found    []detect.Candidate
	facts    []facts
	best     []detect.Type
	segment  Segment // the one at hand
	view     [][][]byte
	values   [][]byte
}

// belief is the type that a column had, and by how much.
type belief struct {
	kind   detect.Type
	margin float64
}

// empty makes the reading ready for another grid. Its room is kept.
func (r *reading) empty() {
	r.rows.reset()
	r.rows.seen, r.rows.first, r.rows.cut = 0, 0, false
	*r = reading{
		rows: r.rows, last: r.last, prior: r.prior[:0], now: r.now[:0], old: r.old, new: r.new, found: r.found[:0], facts: r.facts,
		best: r.best[:0], segment: Segment{Columns: r.segment.Columns[:0]}, view: r.view[:0], values: r.values[:0],
	}
}

func (r *reading) finish() error { return r.emit(true) }

// emit types the rows held and gives them to visit, in pieces that are each of
// one kind. last says that the grid has ended.
func (r *reading) emit(last bool) error {
	defer r.rows.reset()
	n := r.rows.len()
	if n == 0 {
		return nil
	}
	from := 0
	if !r.begun {
		r.begun = true
		if last && !r.labelled {
			if done, err := r.turn(); done || err != nil {
				return err
			}
		}
		if at := r.findHeader(); at >= 0 {
			if err := r.titles(at); err != nil {
				return err
			}
			r.head = r.newHeader(at)
			from = at + 1
		}
	}
	for from < n {
		to := r.nextHeader(from, n)
		next := to
		cut := r.change(from, to)
		if err := r.give(from, cut); err != nil {
			return err
		}
		switch {
		case cut < to:
			r.prior, next = r.prior[:0], cut
			r.head.weaken()
		case to < n:
			r.prior, next = r.prior[:0], to+1
			r.head = r.newHeader(to)
		}
		from = next
	}
	return nil
}

// titles gives the rows above the header that hold more than one cell: they
// may be records.
func (r *reading) titles(to int) error {
	for i := range to {
		filled := 0
		for _, c := range r.rows.row(i) {
			if !c.empty() {
				filled++
			}
		}
		if filled > 1 {
			return r.give(0, to)
		}
	}
	return nil
}

// weaken takes away most of what the header says: the rows under it have
// become of another kind.
func (h *header) weaken() {
	h.weak = true
	h.headings = slices.Clone(h.headings) // they are those of the last header, too
	for i := range h.headings {
		for kind := range h.headings[i].odds {
			h.headings[i].odds[kind] *= 0.3
		}
	}
}

// give types rows from to to and gives them to visit.
func (r *reading) give(from, to int) error {
	if from >= to {
		return nil
	}
	seg := &r.segment
	*seg = Segment{First: r.rows.first + from, Rows: r.data(from, to), Columns: seg.Columns[:0], Transposed: r.turned, of: r}
	if len(seg.Rows) == 0 {
		return nil
	}
	if r.turned {
		seg.First = r.rows.first
	}
	seg.Columns = r.columns(seg.Columns, seg.Rows)
	seg.Public = r.public(len(seg.Columns))
	err := r.visit(seg)
	r.prior, r.now = r.now, r.prior
	return err
}

// data returns the data rows between from and to, all of one width.
func (r *reading) data(from, to int) [][][]byte {
	r.view, r.values = r.view[:0], r.values[:0]
	width := r.rows.width
	if need := (to - from) * width; cap(r.values) < need {
		r.values = make([][]byte, 0, need)
	}
	for i := from; i < to; i++ {
		if r.idle(i) || r.head.is(&r.rows, i) {
			continue
		}
		at := len(r.values)
		row := r.rows.row(i)
		for _, c := range row {
			r.values = append(r.values, r.rows.value(c))
		}
		for range width - len(row) {
			r.values = append(r.values, nil)
		}
		r.view = append(r.view, r.values[at:len(r.values):len(r.values)])
	}
	return r.view
}

// idle reports whether a row is empty, or only sums up others.
func (r *reading) idle(i int) bool {
	first := void
	var label cell
	filled := 0
	for _, c := range r.rows.row(i) {
		s := c.shape
		if s == void {
			continue
		}
		filled++
		if first == void {
			first, label = s, c
			continue
		}
		if s != numeric {
			return false
		}
	}
	return filled == 0 || first == wordy && filled > 1 && totals(r.rows.value(label))
}

// totals reports whether a cell labels a row of sums.
func totals(label []byte) bool {
	ws := words(string(label))
	if len(ws) == 0 || len(ws) > 2 {
		return false
	}
	switch ws[0] {
	case "total", "totals", "subtotal", "sum", "average", "grand", "gesamt", "gesamtsumme", "summe",
		"zwischensumme", "somme", "suma", "totale", "totaal", "razem", "summa", "合計", "总计", "合计", "小计":
		return true
	}
	return false
}
