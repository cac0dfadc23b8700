package table

import (
	"bytes"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

const (
	headerDepth = 8  // first rows among which the header is sought
	belowRows   = 24 // rows under a header with which it is compared
)

// header is the row that names the columns.
type header struct {
	names    []string
	shown    []string // the names as they may be shown
	headings []heading
	row      [][]byte // as written, to know it again
	weak     bool     // the rows have changed under it

	unnamed heading // says nothing
}

// newHeader reads row i as a header. One that was read last is not read again:
// the parts of a long table have the same, and so have the lines of a log.
func (r *reading) newHeader(i int) header {
	if r.last.is(&r.rows, i) {
		return r.last
	}
	var h header
	for _, c := range r.rows.row(i) {
		value := string(r.rows.value(c))
		h.names = append(h.names, value)
		h.shown = append(h.shown, clean(value))
		h.headings = append(h.headings, r.typer.lexicon.read(value))
		h.row = append(h.row, []byte(value))
	}
	r.last = h
	return h
}

// is reports whether row i repeats the header.
func (h *header) is(r *rows, i int) bool {
	row := r.row(i)
	if len(h.row) == 0 || len(row) != len(h.row) {
		return false
	}
	for j, c := range row {
		if !bytes.Equal(r.value(c), h.row[j]) {
			return false
		}
	}
	return true
}

// heading returns what the header says about column j.
func (h *header) heading(j int) *heading {
	if j < len(h.headings) {
		return &h.headings[j]
	}
	return &h.unnamed
}

func (h *header) name(j int) string {
	if j < len(h.names) {
		return h.names[j]
	}
	return ""
}

// show returns the name of column j as it may be shown.
func (h *header) show(j int) string {
	if j < len(h.shown) {
		return h.shown[j]
	}
	return ""
}

// findHeader returns the number of the header among the first rows, -1 if
// none of them is one.
func (r *reading) findHeader() int {
	if r.labelled {
		return 0
	}
	best, at := 0.6, -1
	for i := 0; i < min(headerDepth, r.rows.len()-1); i++ {
		if s := r.headerScore(i); s > best {
			best, at = s, i
		}
		if at >= 0 && i > at+1 {
			break
		}
	}
	return at
}

// headerScore says how much row i looks like the header of the rows below it.
func (r *reading) headerScore(i int) float64 {
	to := min(i+1+belowRows, r.rows.len())
	r.old.reset(r.rows.width)
	r.old.addRows(&r.rows, i+1, to)
	row := r.rows.row(i)
	sum, filled, used := 0.0, 0, 0
	for j := range r.rows.width {
		under := r.old[j]
		if int(under[void]) < to-i-1 {
			used++
		}
		if j >= len(row) || row[j].empty() {
			continue
		}
		filled++
		sum += r.labelScore(row[j], r.old.usual(j))
		for k := i + 1; k < min(to, i+6); k++ {
			if bytes.Equal(r.rows.value(r.rows.at(k, j)), r.rows.value(row[j])) {
				sum -= 1.5
				break
			}
		}
	}
	if filled == 0 || filled*2 < used {
		return 0
	}
	if n := r.repeated(row); n*2 > filled && filled > 3 {
		return 0 // "Response, Response, …": the second row of a survey's header
	}
	return sum / float64(filled)
}

// repeated returns how many cells of a row say the same as the one before.
func (r *reading) repeated(row []cell) (n int) {
	for j := 1; j < len(row); j++ {
		if !row[j].empty() && bytes.Equal(r.rows.value(row[j]), r.rows.value(row[j-1])) {
			n++
		}
	}
	return n
}

// labelScore says how much a cell looks like the name of a column whose cells
// are usually of shape under.
func (r *reading) labelScore(c cell, under shape) float64 {
	value := r.rows.value(c)
	switch s := c.shape; {
	case s == address:
		return -4
	case s == numeric:
		return -1.5
	case value[len(value)-1] == '?':
		return 1.5 // a survey's question
	case len(value) > 80:
		return -1
	}
	score := 0.0
	if under == numeric || under == address || under == mixed && c.shape == wordy {
		score += 1.5
	}
	if bytes.IndexByte(value, '_') > 0 {
		score++
	}
	h := r.typer.lexicon.read(string(value))
	if h.known {
		return score + min(0.5*h.strongest(), 2.5)
	}
	r.found = r.typer.values.Classify(r.found[:0], value)
	for _, f := range r.found {
		if f.LogOdds < 1.2 {
			continue
		}
		if f.Type.Category() != detect.Context {
			return score - 1.5
		}
		switch f.Type {
		case detect.AddressCity, detect.AddressCountry, detect.AddressRegion, detect.Date, detect.FinanceAmount, detect.Geo:
			return score - 1
		}
	}
	return score
}

// nextHeader returns the first row after from, and before to, that names
// columns anew; to if none does. Only rows unlike the one before are looked
// at.
func (r *reading) nextHeader(from, to int) int {
	for i := from + 1; i < to-1; i++ {
		if !r.breaks(i) || !r.plainWords(i) || r.head.is(&r.rows, i) {
			continue
		}
		if known, filled := r.knownLabels(i); known >= 2 && known*5 >= filled*3 {
			return i
		}
	}
	return to
}

// breaks reports whether the cells of row i are of other shapes than those of
// the row before.
func (r *reading) breaks(i int) bool {
	if r.rows.alike(i, i-1) {
		return false
	}
	row := r.rows.row(i)
	for j, c := range r.rows.row(i - 1) {
		if j < len(row) && row[j].shape != c.shape && row[j].shape == wordy {
			return true
		}
	}
	return false
}

// plainWords reports whether a row has at least two filled cells and none
// with a digit at its start or an at sign.
func (r *reading) plainWords(i int) bool {
	filled := 0
	for _, c := range r.rows.row(i) {
		if c.empty() {
			continue
		}
		filled++
		if c.shape == address || c.shape == numeric || c.end-c.start > 60 {
			return false
		}
	}
	return filled >= 2
}

// knownLabels counts the cells of a row that the lexicon knows well.
func (r *reading) knownLabels(i int) (known, filled int) {
	for _, c := range r.rows.row(i) {
		if c.empty() {
			continue
		}
		filled++
		if r.knows(c) {
			known++
		}
	}
	return known, filled
}
