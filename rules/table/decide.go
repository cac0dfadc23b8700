package table

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// columns tells what each column of rows holds, in the room of columns.
func (r *reading) columns(columns []Column, rows [][][]byte) []Column {
	width := len(rows[0])
	if cap(r.facts) < width {
		r.facts = make([]facts, width)
	}
	r.facts = r.facts[:width]
	around := r.surroundings(width)
	for j := range width {
		f := &r.facts[j]
		r.look(f, rows, j)
		f.weigh()
		for t, odds := range r.head.heading(j).odds {
			f.score[t] += odds
		}
		r.silence(j)
		f.numbered(r.head.heading(j))
		f.born(r.head.heading(j))
		for _, t := range []detect.Type{detect.PersonName, detect.PersonGiven, detect.PersonFamily} {
			f.score[t] += around
		}
		if j < len(r.prior) && r.prior[j].kind != detect.None {
			f.score[r.prior[j].kind] += min(r.prior[j].margin*0.4, 2)
		}
		f.rarity()
	}
	best := slices.Grow(r.best[:0], width)[:width]
	r.best = best
	for j := range best {
		best[j], _, _ = r.facts[j].best()
	}
	r.support(best)
	r.amongPeople(best)
	r.alone(best)
	r.lonePhones(best)
	columns = slices.Grow(columns, width)[:width]
	r.now = slices.Grow(r.now[:0], width)[:width]
	for j := range columns {
		columns[j], r.now[j] = r.column(j)
	}
	return columns
}

// rarity takes off what a type must first make up for, being rare.
func (f *facts) rarity() {
	for t := detect.None + 1; t < detect.NumTypes; t++ {
		switch t.Category() {
		case detect.Sensitive:
			f.score[t] -= 1.2
		case detect.Direct, detect.Indirect:
			f.score[t] -= 0.6
		case detect.Context:
		}
	}
	f.score[detect.Text] += 0.2
}

// best returns the likeliest type, its score, and the next score.
func (f *facts) best() (kind detect.Type, score, next float64) {
	score, next = math.Inf(-1), math.Inf(-1)
	if f.distinct == 0 {
		return detect.None, 0, 0
	}
	for t := detect.None + 1; t < detect.NumTypes; t++ {
		switch s := f.score[t]; {
		case s > score:
			kind, score, next = t, s, score
		case s > next:
			next = s
		}
	}
	return kind, score, next
}

// column makes the final judgement on column j.
func (r *reading) column(j int) (Column, belief) {
	f := &r.facts[j]
	col := Column{Header: r.head.show(j)}
	kind, score, next := f.best()
	if kind == detect.None {
		if kind, score = r.named(j); kind != detect.None {
			score *= 0.3 // by its header alone, all cells are empty
		}
		next = 0
	}
	margin := score - max(next, 0)
	col.Type = kind
	if kind != detect.None {
		col.Confidence = 1 / (1 + math.Exp(-(0.9*margin + 0.2)))
	}
	if !r.head.weak {
		col.Named = max(r.head.heading(j).odds[kind], 0)
		col.Served = r.head.heading(j).served
	}
	return col, belief{kind, max(margin, 0)}
}

// named returns the type that the header of an empty column says most for.
func (r *reading) named(j int) (kind detect.Type, odds float64) {
	for t := detect.None + 1; t < detect.NumTypes; t++ {
		if o := r.head.heading(j).odds[t]; o > max(odds, 3) {
			kind, odds = t, o
		}
	}
	return kind, odds
}

// clues says in words why a column is taken for kind.
func (r *reading) clues(j int, kind detect.Type) []Clue {
	if kind == detect.None {
		return nil
	}
	var all []Clue
	f := &r.facts[j]
	if odds := r.head.heading(j).odds[kind]; odds > 0 {
		all = append(all, Clue{fmt.Sprintf("header %q", r.head.show(j)), odds})
	}
	if hits := int(f.hits[kind]); hits > 0 {
		all = append(all, Clue{
			fmt.Sprintf("%d %% of the cells read as %s", 100*hits/f.distinct, kind),
			float64(f.sum[kind]) / float64(hits),
		})
	}
	if odds := f.near[kind]; odds > 0 {
		all = append(all, Clue{"the columns beside it", odds})
	}
	if j < len(r.prior) && r.prior[j].kind == kind {
		all = append(all, Clue{"the rows before", min(r.prior[j].margin*0.4, 2)})
	}
	sort.SliceStable(all, func(a, b int) bool { return all[a].LogOdds > all[b].LogOdds })
	return all
}
