// Package flat turns nested records, as data files hold them, into rows of
// cells, and values into what people write for them. It keeps no state between
// records.
package flat

// Record is one record as it is filled: a cell for each leaf of its schema.
// Where a leaf repeats, as a list of contacts does, its further values stand
// in rows of their own below the first. Make one with New.
type Record struct {
	width int
	cells [][]byte // row after row
	count []int    // values of each column so far
	full  bool
	spill []byte  // what finds no room
	last  *[]byte // the cell given last, whose size is not known before the next
	bytes int     // of the cells before it
	kept  int     // bytes that the cells were given since they were made anew
}

// MaxBytes bounds the values of a record: more find no room.
const MaxBytes = 64 << 20

// MaxCells bounds a record: a list makes a row of every item, as wide as the
// whole table.
const MaxCells = 1 << 20

// New returns an empty record of so many columns, at least one.
func New(width int) *Record {
	return &Record{width: max(width, 1), count: make([]int, max(width, 1))}
}

// Reset empties the record for the next one.
func (r *Record) Reset() {
	r.settle()
	if r.kept += r.bytes; r.kept > MaxBytes { // each cell keeps the room of its longest value
		r.cells, r.spill, r.kept = nil, nil, 0
	}
	r.cells = r.cells[:0]
	r.bytes, r.full = 0, false
	clear(r.count)
}

// Full reports whether values found no room in MaxCells and MaxBytes since the last Reset.
func (r *Record) Full() bool { return r.full }

// Size is the number of cells of all rows.
func (r *Record) Size() int { return len(r.cells) }

// Cell begins the next value of a column, from 0 and below the width, and
// returns it to be appended to. It is valid until the next call. In a full
// record it is lost.
func (r *Record) Cell(column int) *[]byte {
	r.settle()
	row := r.count[column]
	if (row+1)*r.width > MaxCells && row > 0 || r.bytes > MaxBytes {
		r.full, r.spill = true, r.spill[:0]
		return &r.spill
	}
	r.count[column]++
	for len(r.cells) < (row+1)*r.width {
		if len(r.cells) == cap(r.cells) {
			r.cells = append(r.cells, nil)
			continue
		}
		r.cells = r.cells[:len(r.cells)+1] // with the room of a cell used before
		last := &r.cells[len(r.cells)-1]
		*last = (*last)[:0]
	}
	r.last = &r.cells[row*r.width+column]
	return r.last
}

// settle counts the cell given last.
func (r *Record) settle() {
	if r.last != nil {
		r.bytes += len(*r.last)
		r.last = nil
	}
}

// Align has the columns from one up to another go on in one row, that of the
// longest of them: what follows is another item of a list.
func (r *Record) Align(from, to int) {
	most := 0
	for _, n := range r.count[from:to] {
		most = max(most, n)
	}
	for i := from; i < to; i++ {
		r.count[i] = most
	}
}

// Row returns a row of the record, from 0 on, nil behind the last. It is valid
// until the record is reset.
func (r *Record) Row(i int) [][]byte {
	if (i+1)*r.width > len(r.cells) {
		return nil
	}
	return r.cells[i*r.width : (i+1)*r.width]
}
