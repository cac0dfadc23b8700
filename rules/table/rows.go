package table

import (
	"encoding/binary"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
)

// Marks of a cell's bytes, or-ed together.
const (
	hasDigit  = 1 << iota // 0-9
	hasLetter             // A-Z, a-z, and all that is not ASCII
	hasSpace
	hasAt    // @
	hasPoint // . , - + : / % and the like, as in numbers and dates
	hasOther // all else
)

// allMarks is more than any or-ed marks.
const allMarks = 1 << 6

// marks holds the mark of each byte, and the shape of each set of marks.
type marks struct {
	bytes  [256]uint8
	shapes [allMarks]shape
}

func newMarks() *marks {
	var m marks
	for c := range m.bytes {
		switch {
		case '0' <= c && c <= '9':
			m.bytes[c] = hasDigit
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80:
			m.bytes[c] = hasLetter
		case c == ' ':
			m.bytes[c] = hasSpace
		case c == '@':
			m.bytes[c] = hasAt
		case c == '.' || c == ',' || c == '-' || c == '+' || c == ':' || c == '/' || c == '%' || c == '$':
			m.bytes[c] = hasPoint
		default:
			m.bytes[c] = hasOther
		}
	}
	for marks := range m.shapes {
		m.shapes[marks] = shapeOf(uint8(marks))
	}
	return &m
}

// of returns the marks of a value. Eight bytes are read at once.
func (t *marks) of(value []byte) (m uint8) {
	for ; len(value) >= 8; value = value[8:] {
		w := binary.LittleEndian.Uint64(value)
		m |= t.bytes[byte(w)] | t.bytes[byte(w>>8)] | t.bytes[byte(w>>16)] | t.bytes[byte(w>>24)] |
			t.bytes[byte(w>>32)] | t.bytes[byte(w>>40)] | t.bytes[byte(w>>48)] | t.bytes[byte(w>>56)]
	}
	for _, c := range value {
		m |= t.bytes[c]
	}
	return m
}

// cell returns a part of a text as a cell, without the spaces around it.
func (t *marks) cell(text []byte, from, to int) cell {
	value := text[from:to]
	if trimmed := trim(value); len(trimmed) < len(value) {
		if len(trimmed) > 0 {
			from += cap(value) - cap(trimmed)
		}
		value = trimmed
	}
	return cell{int32(from), int32(from + len(value)), t.shapes[t.of(value)%allMarks]}
}

// cell is a place in the text of rows.
type cell struct {
	start, end int32
	shape      shape
}

// rows is a stretch of a grid, copied into one buffer that is used again.
type rows struct {
	marks *marks
	text  []byte
	cells []cell
	list  []rowPlace
	size  int  // bytes of the cells
	width int  // cells of the widest row
	first int  // number of the first row in the grid
	seen  int  // rows of the grid taken so far
	cut   bool // a row had more cells than were taken
}

// rowPlace is a row among the cells.
type rowPlace struct {
	start int32 // its first cell
	// form holds the shapes of the row's cells and how many they are, so that two
	// rows of one form, as most of a table are, need not be compared cell by cell;
	// 0 for a row of more cells than it holds.
	form uint64
}

// add copies a row, at most limit cells of it.
func (r *rows) add(row [][]byte, limit int) {
	if len(row) > limit {
		for _, value := range row[limit:] {
			r.cut = r.cut || len(trim(value)) > 0
		}
		row = row[:limit]
	}
	start := len(r.cells)
	for _, value := range row {
		at := len(r.text)
		r.text = append(r.text, trim(value)...)
		r.cells = append(r.cells, r.marks.cell(r.text, at, len(r.text)))
	}
	size, form := sum(r.cells[start:])
	r.end(start, size, form)
}

// addLine copies a row of width cells, which stand in a line parted by delim. It
// adds nothing, and reports so, if the line has another number of cells, or is
// for the most part the space around them.
func (r *rows) addLine(line []byte, delim byte, width int) bool {
	start, base := len(r.cells), len(r.text)
	text, cells := append(r.text, line...), r.cells
	from, i := base, base
	for ; i+8 <= len(text); i += 8 {
		for found := lanes.Equal(binary.LittleEndian.Uint64(text[i:]), delim); found != 0; found &= found - 1 {
			at := i + lanes.First(found)
			cells = append(cells, r.marks.cell(text, from, at))
			from = at + 1
		}
	}
	for ; i < len(text); i++ {
		if text[i] == delim {
			cells = append(cells, r.marks.cell(text, from, i))
			from = i + 1
		}
	}
	cells = append(cells, r.marks.cell(text, from, len(text)))
	size, form := sum(cells[start:])
	r.text, r.cells = text[:base], cells[:start] // and their room
	if len(cells)-start != width || len(line) > 2*(size+width) {
		return false
	}
	r.text, r.cells = text, cells
	r.end(start, size, form)
	return true
}

// shapeBits is how many bits of a row's form a shape takes.
const shapeBits = 3

// end makes a row of the cells from start on, of so many bytes and such a form.
func (r *rows) end(start, size int, form uint64) {
	n := len(r.cells) - start
	if n > 63/shapeBits {
		form = 0
	}
	r.list = append(r.list, rowPlace{int32(start), form})
	r.size += size
	r.width = max(r.width, n)
	r.seen++
}

// sum returns how many bytes cells have, and their form.
func sum(row []cell) (size int, form uint64) {
	form = 1
	for _, c := range row {
		size += int(c.end - c.start)
		form = form<<shapeBits | uint64(c.shape)
	}
	return size, form
}

// alike reports whether two rows are known to have cells of the same shapes.
func (r *rows) alike(i, k int) bool {
	return r.list[i].form == r.list[k].form && r.list[i].form != 0
}

// maxCells is the most cells of one segment, counted as if all rows were as
// wide as the widest.
const maxCells = 1 << 16

// full reports whether the stretch is to be typed and given away.
func (r *rows) full(lim Limits) bool {
	return len(r.list) >= lim.Rows || r.size >= lim.Bytes || r.width*len(r.list) >= maxCells
}

// reset drops all rows.
func (r *rows) reset() {
	r.text, r.cells, r.list = r.text[:0], r.cells[:0], r.list[:0]
	r.size, r.width, r.first = 0, 0, r.seen
}

// len returns the number of rows.
func (r *rows) len() int { return len(r.list) }

// row returns the cells of row i.
func (r *rows) row(i int) []cell {
	if i+1 < len(r.list) {
		return r.cells[r.list[i].start:r.list[i+1].start]
	}
	return r.cells[r.list[i].start:]
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
