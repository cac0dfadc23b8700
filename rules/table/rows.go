package table

import "encoding/binary"

// Marks of a cell's bytes, or-ed together.
const (
	hasDigit  = 1 << iota // 0-9
	hasLetter             // A-Z, a-z, and all that is not ASCII
	hasSpace
	hasAt    // @
	hasPoint // . , - + : / % and the like, as in numbers and dates
	hasOther // all else
)

// marks holds the mark of each byte.
type marks [256]uint8

func newMarks() *marks {
	var m marks
	for c := range m {
		switch {
		case '0' <= c && c <= '9':
			m[c] = hasDigit
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80:
			m[c] = hasLetter
		case c == ' ':
			m[c] = hasSpace
		case c == '@':
			m[c] = hasAt
		case c == '.' || c == ',' || c == '-' || c == '+' || c == ':' || c == '/' || c == '%' || c == '$':
			m[c] = hasPoint
		default:
			m[c] = hasOther
		}
	}
	return &m
}

// of returns the marks of a value. Eight bytes are read at once.
func (t *marks) of(value []byte) (m uint8) {
	for ; len(value) >= 8; value = value[8:] {
		w := binary.LittleEndian.Uint64(value)
		m |= t[byte(w)] | t[byte(w>>8)] | t[byte(w>>16)] | t[byte(w>>24)] |
			t[byte(w>>32)] | t[byte(w>>40)] | t[byte(w>>48)] | t[byte(w>>56)]
	}
	for _, c := range value {
		m |= t[c]
	}
	return m
}

// cell is a place in the text of rows.
type cell struct {
	start, end int32
	marks      uint8
}

// rows is a stretch of a grid, copied into one buffer that is used again.
type rows struct {
	marks *marks
	text  []byte
	cells []cell
	start []int32 // first cell of each row
	width int     // cells of the widest row
	first int     // number of the first row in the grid
	seen  int     // rows of the grid taken so far
}

// add copies a row, at most limit cells of it.
func (r *rows) add(row [][]byte, limit int) {
	r.seen++
	if len(row) > limit {
		row = row[:limit]
	}
	r.start = append(r.start, int32(len(r.cells)))
	for _, value := range row {
		at := len(r.text)
		value = trim(value)
		r.text = append(r.text, value...)
		r.cells = append(r.cells, cell{int32(at), int32(len(r.text)), r.marks.of(value)})
	}
	r.width = max(r.width, len(row))
}

// maxCells is the most cells of one segment, counted as if all rows were as
// wide as the widest.
const maxCells = 1 << 16

// full reports whether the stretch is to be typed and given away.
func (r *rows) full(lim Limits) bool {
	return len(r.start) >= lim.Rows || len(r.text) >= lim.Bytes || r.width*len(r.start) >= maxCells
}

// reset drops all rows.
func (r *rows) reset() {
	r.text, r.cells, r.start = r.text[:0], r.cells[:0], r.start[:0]
	r.width, r.first = 0, r.seen
}

// len returns the number of rows.
func (r *rows) len() int { return len(r.start) }

// row returns the cells of row i.
func (r *rows) row(i int) []cell {
	if i+1 < len(r.start) {
		return r.cells[r.start[i]:r.start[i+1]]
	}
	return r.cells[r.start[i]:]
}

// at returns the cell in row i and column j, empty past the end of a row.
func (r *rows) at(i, j int) cell {
	row := r.row(i)
	if j < len(row) {
		return row[j]
	}
	return cell{}
}

// value returns the bytes of a cell.
func (r *rows) value(c cell) []byte { return r.text[c.start:c.end] }

func (c cell) empty() bool { return c.start == c.end }
