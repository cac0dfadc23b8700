package pdf

import (
	"bytes"
	"math"
)

// rows writes the lines of a table as rows, one cell a column. Lines that are
// one row because a cell of it is wrapped are put together.
func (t *tableBlock) rows(gaps []gap) [][][]byte {
	cut := &tableBlock{canvas: t.canvas, lines: t.lines, gaps: gaps}
	var rows [][][]byte
	var last []line
	flush := func() {
		if len(last) > 0 {
			rows = append(rows, cut.row(last))
		}
		last = nil
	}
	wrapped := cut.wraps()
	for i, l := range t.lines {
		if !wrapped[i] {
			flush()
		}
		last = append(last, l)
	}
	flush()
	return rows
}

func (t *tableBlock) row(lines []line) [][]byte {
	row := make([][]byte, len(t.gaps)+1)
	for _, l := range lines {
		for _, base := range l.baselines() {
			for col := range row {
				words := t.cell(base, col)
				for i, w := range words {
					s := t.canvas.text[w.from:w.to]
					if len(row[col]) > 0 && (i > 0 || !broken(row[col], s, len(words) == 1)) {
						row[col] = append(row[col], ' ')
					}
					row[col] = append(row[col], s...)
				}
			}
		}
	}
	return row
}

// broken tells whether a mail address goes on from the end of one line of a
// cell to the next: narrow cells break it anywhere. alone says that next is all
// there is on its line.
func broken(cell, next []byte, alone bool) bool {
	last := cell[bytes.LastIndexByte(cell, ' ')+1:]
	at := bytes.IndexByte(last, '@')
	if at < 0 {
		return next[0] == '@' && len(next) > 1
	}
	if last[len(last)-1] == '.' || bytes.IndexByte(last[at:], '.') < 0 && bytes.IndexByte(next, '.') >= 0 {
		return true
	}
	// The end of a domain's last part.
	const longest = 4
	for _, c := range next {
		alone = alone && c >= 'a' && c <= 'z'
	}
	return alone && len(next) <= longest
}

// The lines of one row: a bound, and how many are usual.
const (
	maxWrapped = 12
	fewLines   = 3
)

// wraps tells for each line whether it goes on with the row of the line
// before: by the rules between rows where the table has them, else by the
// room between rows where that is wider than between lines.
func (t *tableBlock) wraps() []bool {
	if out := t.parts(0.9, t.parted); out != nil {
		return out
	}
	tight := math.Inf(1)
	for i := 1; i < len(t.lines); i++ {
		tight = min(tight, t.lines[i-1].y-t.lines[i].top)
	}
	out := t.parts(0.8, func(above, below line) bool {
		return above.y-below.top > 1.2*max(tight, crowded*below.em)
	})
	if out == nil {
		out = make([]bool, len(t.lines))
	}
	return out
}

// parts cuts the lines into rows wherever apart says so. It returns nil if
// that makes no rows, or if the parts are groups of whole rows: a wrapped row
// has few lines and a first cell in one of them, or leaves so many of the other
// cells empty that no more than a share of them is full.
func (t *tableBlock) parts(share float64, apart func(above, below line) bool) []bool {
	out := make([]bool, len(t.lines))
	rows, run, firsts := 1, 1, t.firstCells(0)
	wrapped, filled, whole := 0, 0, false
	for i := 1; i < len(t.lines); i++ {
		if out[i] = !apart(t.lines[i-1], t.lines[i]); !out[i] {
			rows, run, firsts = rows+1, 0, 0
		}
		firsts += t.firstCells(i)
		if run++; run > maxWrapped {
			return nil
		}
		whole = whole || firsts > 1 || run > fewLines
	}
	for i, l := range t.lines {
		if out[i] || i+1 < len(out) && out[i+1] {
			wrapped++
			filled += t.filled(l) - t.firstCells(i)
		}
	}
	if rows < minRows || whole && float64(filled) > share*float64(wrapped*len(t.gaps)) {
		return nil
	}
	return out
}

// firstCells returns 1 if the i-th line has something in the first column.
func (t *tableBlock) firstCells(i int) int { return min(1, len(t.cell(t.lines[i], 0))) }

// parted tells whether a rule under most of the lines' width stands between
// them.
func (t *tableBlock) parted(above, below line) bool {
	first, last := below.words[0], below.words[len(below.words)-1]
	if first.turn != 0 {
		return false // rules are kept for upright text only
	}
	x0, x1 := min(first.x0, above.words[0].x0), max(last.x1, above.words[len(above.words)-1].x1)
	covered := 0.0
	for _, r := range t.canvas.rulesBetween(below.top+0.3*below.em, above.y) {
		covered += max(0, min(r.x1, x1)-max(r.x0, x0))
	}
	return covered >= 0.6*(x1-x0)
}
