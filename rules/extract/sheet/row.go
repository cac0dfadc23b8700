// Package sheet is what the readers of spreadsheets have in common, whatever
// the file format: the row under construction, and how a number in a cell
// reads under its number format.
//
// What is always true: a row's memory is bounded, however far apart its cells
// stand and however long they are.
package sheet

import "bytes"

// Bounds of a row.
const (
	// MaxGap is the number of empty columns that are kept between two cells. A
	// wider gap becomes a single empty column.
	MaxGap = 1024
	// MaxColumns is the number of cells of a row; Excel's own bound.
	MaxColumns = 16384
	// MaxRowBytes is where a row counts as full.
	MaxRowBytes = 4 << 20
	// MaxCellBytes is where a cell is cut off: 32 times Excel's own bound.
	MaxCellBytes = 1 << 20
)

// Row collects the cells of one row. The zero value is an empty row.
type Row struct {
	cells [][]byte
	buf   []byte
	open  int // where the open cell begins in buf
	next  int // the column after the last one set or skipped
	last  int // the column after the last one set: len(cells) unless a gap was closed up
	wide  bool
	long  bool
}

// Reset empties the row. Cells returned before are no longer valid.
func (r *Row) Reset() {
	r.cells, r.buf = r.cells[:0], r.buf[:0]
	r.open, r.next, r.last, r.wide = 0, 0, 0, false
}

// Cells returns the row.
func (r *Row) Cells() [][]byte { return r.cells }

// Next is the column after the last one that was set.
func (r *Row) Next() int { return r.next }

// Full tells whether the row has reached a bound and should be given out.
func (r *Row) Full() bool { return len(r.cells) >= MaxColumns || len(r.buf) >= MaxRowBytes }

// Cut tells whether any cell, in this row or one before, was cut off at MaxCellBytes.
func (r *Row) Cut() bool { return r.long }

// Append adds to the text of the open cell.
func (r *Row) Append(text []byte) {
	if room := MaxCellBytes - (len(r.buf) - r.open); len(text) > room {
		text = text[:max(room, 0)]
		r.long = true
	}
	r.buf = append(r.buf, text...)
}

// Pending is the text of the open cell so far.
func (r *Row) Pending() []byte { return r.buf[r.open:] }

// Trim drops white space around the text of the open cell.
func (r *Row) Trim() {
	text := bytes.TrimSpace(r.Pending())
	r.buf = append(r.buf[:r.open], text...)
}

// Drop forgets the text of the open cell.
func (r *Row) Drop() { r.buf = r.buf[:r.open] }

// Close sets the open cell, with what was appended to it, at the column.
func (r *Row) Close(column int) {
	text := r.buf[r.open:len(r.buf):len(r.buf)]
	r.open = len(r.buf)
	r.Set(column, text)
}

// Set puts a cell at the column, which counts from 0. The text is kept, not
// copied. A column that was passed already is filled if it is empty, else the
// cell goes to the end.
func (r *Row) Set(column int, text []byte) {
	if column < r.next {
		if !r.wide && column >= 0 && column < len(r.cells) && len(r.cells[column]) == 0 {
			r.cells[column] = text
			return
		}
		column = r.next
	}
	gap := column - r.last
	if gap > MaxGap {
		gap, r.wide = 1, true
	}
	for range gap {
		r.cells = append(r.cells, nil)
	}
	r.cells = append(r.cells, text)
	r.next, r.last = column+1, column+1
}

// Skip passes so many columns that are empty.
func (r *Row) Skip(columns int) {
	r.next += max(columns, 0)
}
