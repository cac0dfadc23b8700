package table

// shape is the coarse form of a cell.
type shape uint8

const (
	void shape = iota
	numeric
	wordy
	address // with an at sign
	mixed
	numShapes
)

// shapeOf returns the shape of a cell by the marks of its bytes.
func shapeOf(marks uint8) shape {
	switch {
	case marks == 0:
		return void
	case marks&hasAt != 0:
		return address
	case marks&hasLetter == 0:
		return numeric
	case marks&hasDigit == 0:
		return wordy
	}
	return mixed
}

// profile counts the shapes in each column.
type profile [][numShapes]uint16

// reset makes the profile empty and of the given width.
func (p *profile) reset(width int) {
	if cap(*p) < width {
		*p = make(profile, width)
		return
	}
	*p = (*p)[:width]
	clear(*p)
}

func (p profile) add(row []cell, times uint16) {
	for j, c := range row[:min(len(row), len(p))] {
		p[j][c.shape] += times
	}
}

// addRows adds the rows from from to to. Rows of one form are added at once.
func (p profile) addRows(r *rows, from, to int) {
	for i := from; i < to; {
		next := i + 1
		for next < to && r.alike(next, i) {
			next++
		}
		p.add(r.row(i), uint16(next-i))
		i = next
	}
}

// usual returns the shape that at least 7 in 10 of a column's filled cells
// have, void if there is none.
func (p profile) usual(j int) shape {
	sum, best := 0, void
	for s := numeric; s < numShapes; s++ {
		sum += int(p[j][s])
		if best == void || p[j][s] > p[j][best] {
			best = s
		}
	}
	if sum == 0 || int(p[j][best])*10 < sum*7 {
		return void
	}
	return best
}

// differs reports whether rows of profile q are of another kind than those of
// p: a column began or ceased to hold addresses, or several columns changed.
func (p profile) differs(q profile) bool {
	changed, known := 0, 0
	for j := range p {
		a, b := p.usual(j), q.usual(j)
		if a == void || b == void {
			continue
		}
		known++
		if a == b {
			continue
		}
		if a == address || b == address {
			return true
		}
		changed++
	}
	return changed >= 2 && changed*5 >= known*2
}

// odd counts the cells of a row whose shape is not the usual one of their
// column.
func (p profile) odd(row []cell) int {
	n := 0
	for j, c := range row[:min(len(row), len(p))] {
		s := c.shape
		if u := p.usual(j); s != void && u != void && s != u {
			n++
		}
	}
	return n
}

// blockRows is how many rows are compared with those before to see whether
// the table changes.
const blockRows = 16

// change returns the first row after from, and before to, at which the rows
// become of another kind; to if they do not.
func (r *reading) change(from, to int) int {
	if to-from < 2*blockRows {
		return to
	}
	at := from + blockRows
	for same := from + 1; same < to && r.rows.alike(same, from); same++ {
		if same+1 == to {
			return to
		}
		at = max(at, from+(same+1-from)/blockRows*blockRows) // no block of one form differs
	}
	width := r.rows.width
	r.old.reset(width)
	r.old.addRows(&r.rows, from, at)
	for ; at+blockRows <= to; at += blockRows {
		r.new.reset(width)
		r.new.addRows(&r.rows, at, at+blockRows)
		if !r.old.differs(r.new) {
			r.old.addRows(&r.rows, at, at+blockRows)
			continue
		}
		for at > from+1 && r.new.odd(r.rows.row(at-1)) < r.old.odd(r.rows.row(at-1)) {
			at--
		}
		for at < to-1 && r.old.odd(r.rows.row(at)) < r.new.odd(r.rows.row(at)) {
			at++
		}
		return at
	}
	return to
}
