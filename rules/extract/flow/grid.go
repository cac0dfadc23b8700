package flow

import "io"

// grid gives out the rows of the outermost open table as they are written. It
// ends early where inner tables wait in too great a number; the rest of the
// rows is another grid then.
type grid struct {
	f *Flow
	l *level
	// given: the row at hand was given out and may be overwritten.
	given bool
}

// Next implements table.Grid.
func (g *grid) Next() ([][]byte, error) {
	if g.given {
		g.given = false
		if g.l.repeat--; g.l.repeat <= 0 {
			g.l.row.Reset()
			g.l.done = false
		}
	}
	if !g.l.done && !g.advance() {
		if err := g.f.ctx.Err(); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
	if g.l.gap && g.l.any {
		g.l.gap = false
		return [][]byte{}, nil
	}
	cells := g.l.row.Cells()
	if !g.f.count(len(cells)) {
		g.f.err, g.l.done = io.EOF, false
		return nil, io.EOF
	}
	g.given, g.l.any, g.l.gap = true, true, false
	return cells, nil
}

// advance goes on until a row is complete; false if there is none in this stretch.
func (g *grid) advance() bool {
	f := g.f
	for !g.l.done && !g.l.closed && f.err == nil && f.nested <= maxNested {
		if f.err = f.step(); f.err != nil && !g.l.done {
			f.deeper = 0
			for len(f.levels) > 1 {
				f.CloseTable()
			}
			f.CloseRow(1) // what there is of a row that was cut off
		}
	}
	return g.l.done
}

// rows gives out an inner table.
type rows struct {
	f    *Flow
	left [][][]byte
}

// Next implements table.Grid.
func (r *rows) Next() ([][]byte, error) {
	if len(r.left) == 0 || !r.f.count(len(r.left[0])) {
		return nil, io.EOF
	}
	row := r.left[0]
	r.left = r.left[1:]
	return row, nil
}
