package pdf

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
	for col := range row {
		for _, l := range lines {
			words := t.cell(l, col)
			if len(words) == 0 {
				continue
			}
			if len(row[col]) > 0 {
				row[col] = append(row[col], ' ')
			}
			for i, w := range words {
				if i > 0 {
					row[col] = append(row[col], ' ')
				}
				row[col] = append(row[col], t.canvas.text[w.from:w.to]...)
			}
		}
	}
	return row
}

// wraps tells for each line whether it goes on with the row of the line
// before: by the rules between rows where the table has them, else by a first
// column that is empty and a line that is nearer than rows are.
func (t *tableBlock) wraps() []bool {
	if w := t.ruled(); w != nil {
		return w
	}
	out := make([]bool, len(t.lines))
	widest := 0.0
	for i := 1; i < len(t.lines); i++ {
		widest = max(widest, t.lines[i-1].y-t.lines[i].y)
	}
	for i := 1; i < len(t.lines); i++ {
		l, step := t.lines[i], t.lines[i-1].y-t.lines[i].y
		near := step <= 1.45*l.em && widest >= 1.2*step
		out[i] = near && len(t.cell(l, 0)) == 0 && 2*t.filled(l) <= len(t.gaps)+1
	}
	return out
}

// maxWrapped bounds the lines of one row.
const maxWrapped = 12

// ruled finds the rows by the rules between them. It returns nil where the
// table has none or they part groups of rows: the lines of a wrapped row
// leave columns empty, whole rows do not.
func (t *tableBlock) ruled() []bool {
	if t.lines[0].words[0].turn != 0 {
		return nil
	}
	out := make([]bool, len(t.lines))
	bands, wrapped, filled, longest, run := 1, 0, 0, 1, 1
	for i := 1; i < len(t.lines); i++ {
		if t.parted(t.lines[i-1], t.lines[i]) {
			bands, run = bands+1, 1
			continue
		}
		out[i] = true
		run++
		longest = max(longest, run)
		wrapped++
	}
	for i, l := range t.lines {
		if out[i] || i+1 < len(out) && out[i+1] {
			filled += t.filled(l)
			if !out[i] {
				wrapped++
			}
		}
	}
	cells := wrapped * (len(t.gaps) + 1)
	if bands < minRows || longest > maxWrapped || 10*filled > 7*cells {
		return nil
	}
	return out
}

// parted tells whether a rule under most of the lines' width stands between
// them.
func (t *tableBlock) parted(above, below line) bool {
	first, last := below.words[0], below.words[len(below.words)-1]
	x0, x1 := min(first.x0, above.words[0].x0), max(last.x1, above.words[len(above.words)-1].x1)
	covered := 0.0
	for _, r := range t.canvas.rulesBetween(below.y+0.3*below.em, above.y) {
		covered += max(0, min(r.x1, x1)-max(r.x0, x0))
	}
	return covered >= 0.6*(x1-x0)
}
