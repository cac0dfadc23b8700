package table

import (
	"bytes"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

const (
	turnedRows = 256 // fields of a turned table, at most
	turnedRead = 64  // rows looked at to tell that it is one
)

// turn reads a whole grid whose fields run down and whose records run across,
// if it is one, and gives its records. Of two columns, where the labels come
// again, it makes a record of each round: a form filled in for many people.
func (r *reading) turn() (bool, error) {
	n := r.rows.len()
	if n < 2 || r.rows.width < 2 || !r.labelledDown() {
		return false, nil
	}
	upright := r.rows
	r.rows = rows{marks: upright.marks, first: upright.first}
	if upright.width == 2 {
		upright.fold(&r.rows, r.lim.Columns)
	} else if n <= turnedRows {
		upright.transpose(&r.rows, r.lim.Columns)
	}
	defer func() { r.rows, r.turned = upright, false }()
	if r.rows.len() < 2 {
		return false, nil
	}
	r.head, r.turned = r.newHeader(0), true
	return true, r.give(1, r.rows.len())
}

// labelledDown reports whether the first column names fields, rather than the
// first row.
func (r *reading) labelledDown() bool {
	n := min(r.rows.len(), turnedRead)
	down, sure, filled := 0, 0, 0
	kinds := map[detect.Type]bool{}
	for i := range n {
		c := r.rows.at(i, 0)
		if c.empty() {
			continue
		}
		filled++
		if s := c.shape; s == numeric || s == address || c.end-c.start > 40 {
			return false
		}
		if h := r.typer.lexicon.read(string(r.rows.value(c))); h.known {
			down++
			if h.strongest() > 3 {
				sure++
				kinds[h.kind()] = true
			}
		}
	}
	across, wide := r.knownLabels(0)
	if sure < 2 || down*10 < filled*7 && (down*10 < filled*4 || !r.evenAcross(n)) || r.rows.width > 2 && len(kinds)*3 < sure {
		return false // labels that all say the same number the rows: "rec-17-org"
	}
	// The corner cell names a field either way.
	return across < 2 || across*filled < down*wide
}

// evenAcross reports whether the first rows hold each cells of one shape
// beside their first, and not all of the same: fields run down.
func (r *reading) evenAcross(rows int) bool {
	even := 0
	var seen [numShapes]bool
	for i := range rows {
		var counts [numShapes]int
		filled := 0
		for j, c := range r.rows.row(i) {
			if j > 0 && !c.empty() {
				counts[c.shape]++
				filled++
			}
		}
		for s, n := range counts {
			if filled >= 3 && n*10 >= filled*8 {
				seen[s] = true
				even++
			}
		}
	}
	kinds := 0
	for _, s := range seen {
		if s {
			kinds++
		}
	}
	return even*10 >= rows*8 && kinds >= 2
}

// knows reports whether the lexicon knows a cell well as a label.
func (r *reading) knows(c cell) bool {
	h := r.typer.lexicon.read(string(r.rows.value(c)))
	return h.strongest() > 3
}

// transpose adds the columns of r to out as rows.
func (r *rows) transpose(out *rows, limit int) {
	row := make([][]byte, 0, r.len())
	for j := range r.width {
		row = row[:0]
		for i := range r.len() {
			if r.at(i, 0).empty() && r.at(i, j).empty() {
				continue
			}
			row = append(row, r.value(r.at(i, j)))
		}
		out.add(row, limit)
	}
}

// fold makes rows of label and value pairs; a row ends where the first label
// comes again.
func (r *rows) fold(out *rows, limit int) {
	var labels [][]byte
	place := map[string]int{}
	for i := range r.len() {
		label := r.value(r.at(i, 0))
		if _, ok := place[string(label)]; !ok && len(label) > 0 {
			place[string(label)] = len(labels)
			labels = append(labels, label)
		}
	}
	if len(labels) == 0 {
		return
	}
	out.add(labels, limit)
	row := make([][]byte, len(labels))
	some := false
	for i := range r.len() {
		label := r.value(r.at(i, 0))
		if some && bytes.Equal(label, labels[0]) {
			out.add(row, limit)
			clear(row)
		}
		if len(label) > 0 {
			row[place[string(label)]] = r.value(r.at(i, 1))
			some = true
		}
	}
	out.add(row, limit)
}
