package extract

import "bytes"

// tableState is a table while its tags are read.
type tableState struct {
	id     int
	row    *item // the open row, nil before its first cell
	cell   []byte
	space  bool
	inCell bool
	cols   int // colspan of the open cell
	rows   int // rowspan of the open cell
	above  []spanned
	held   []*item // rows of a nested table that may yet be part of a cell
	size   int     // bytes in held
	broad  bool    // has given a row of several cells
	nested bool
	loose  bool // held back no more
}

// spanned is a cell that reaches down into the next rows.
type spanned struct {
	text []byte
	left int
}

const (
	// heldRows and heldSize bound a nested table that is kept to see whether it
	// is part of a cell's layout.
	heldRows = 64
	heldSize = 64 << 10
	// maxCells bounds the cells of a row.
	maxCells = 4096
	// A page may have freeFill empty cells for what spans several columns or
	// rows, and fillRatio for each cell that it writes. Past that a cell stands
	// in one column: a page could ask for a hundred with few bytes.
	freeFill, fillRatio = 4096, 8
)

// mayFill reports whether the page may have another cell that it does not write.
func (m *markup) mayFill() bool {
	if m.filled >= freeFill+fillRatio*m.written {
		return false
	}
	m.filled++
	return true
}

// table is the innermost open table.
func (m *markup) table() *tableState {
	if len(m.tables) == 0 {
		return nil
	}
	return m.tables[len(m.tables)-1]
}

func (m *markup) startTable() {
	if m.table() == nil {
		m.breakLine()
		m.blocks.flush(m)
	}
	m.grids++
	m.tables = append(m.tables, &tableState{id: m.grids, nested: len(m.tables) > 0})
}

// endTable closes the innermost table. A nested one of a single row or a
// single column is layout inside its cell; any other is a table of its own.
func (m *markup) endTable() {
	t := m.table()
	t.endRow(m)
	m.tables = m.tables[:len(m.tables)-1]
	outer := m.table()
	if outer == nil {
		return
	}
	if t.loose || t.broad && len(t.held) > 1 {
		outer.part(m)
		m.items = append(m.items, t.held...)
		return
	}
	for _, it := range t.held {
		for _, c := range it.cells {
			outer.newline()
			outer.write(m, c, true)
		}
	}
}

// part gives what the table has of the open row, because another table comes
// inside it.
func (t *tableState) part(m *markup) {
	t.endCell(m)
	if t.nested && !t.loose {
		t.loose = true
		m.items = append(m.items, t.held...)
		t.held = nil
	}
	t.endRow(m)
}

func (t *tableState) write(m *markup, b []byte, keep bool) {
	switch {
	case keep:
		t.cell = append(t.cell, b...)
	case t.inCell || len(bytes.TrimSpace(b)) > 0:
		t.cell, t.space = collapse(t.cell, b, t.space)
	}
	if len(t.cell) > heldSize {
		t.spill(m)
	}
}

// spill gives what a cell has too much of as running text, in whole lines where
// it has any.
func (t *tableState) spill(m *markup) {
	n := bytes.LastIndexByte(t.cell, '\n') + 1
	if n == 0 {
		n = bytes.LastIndexByte(t.cell, ' ') + 1
	}
	if n == 0 || len(t.cell)-n > heldSize/2 {
		n = len(t.cell)
	}
	m.emit(t.cell[:n], false)
	t.cell = t.cell[:copy(t.cell, t.cell[n:])]
}

func (t *tableState) newline() {
	if n := len(t.cell); n > 0 && t.cell[n-1] != '\n' {
		t.cell = append(t.cell, '\n')
	}
	t.space = false
}

func (t *tableState) startCell(m *markup, cols, rows int) {
	t.endCell(m)
	t.inCell, t.cols, t.rows = true, cols, rows
}

// endCell moves the open cell into the row.
func (t *tableState) endCell(m *markup) {
	t.cell = m.lift(t.cell)
	text := bytes.TrimSpace(t.cell)
	if !t.inCell && len(text) == 0 {
		return
	}
	if !t.inCell {
		t.cols, t.rows = 1, 1
	}
	if t.row == nil {
		t.row = m.newRow(t.id)
	}
	t.fromAbove(m, false)
	m.written++
	m.cut = m.cut || len(t.row.cells) >= maxCells && len(text) > 0
	for i := 0; i < t.cols && len(t.row.cells) < maxCells; i++ {
		if i > 0 {
			if text = nil; !m.mayFill() {
				break
			}
		}
		at := len(t.row.cells)
		t.row.addCell(text)
		if t.rows > 1 {
			for len(t.above) <= at {
				t.above = append(t.above, spanned{})
			}
			t.above[at] = spanned{bytes.Clone(text), t.rows} // this row counts as the first
		}
	}
	t.cell, t.space, t.inCell = t.cell[:0], false, false
}

// addCell copies a cell into the row.
func (it *item) addCell(text []byte) {
	start := len(it.arena)
	it.arena = append(it.arena, text...)
	it.cells = append(it.cells, it.arena[start:len(it.arena):len(it.arena)])
}

// fromAbove fills the columns that a cell of an earlier row reaches into.
func (t *tableState) fromAbove(m *markup, toEnd bool) {
	for len(t.row.cells) < len(t.above) && len(t.row.cells) < maxCells {
		at := len(t.row.cells)
		down := t.above[at].left > 0
		if !down && (!toEnd || !t.reaches(at)) || !m.mayFill() {
			return
		}
		if down {
			t.row.addCell(t.above[at].text)
			continue
		}
		t.row.addCell(nil)
	}
}

func (t *tableState) reaches(from int) bool {
	for _, s := range t.above[from:] {
		if s.left > 0 {
			return true
		}
	}
	return false
}

// endRow gives the open row.
func (t *tableState) endRow(m *markup) {
	t.endCell(m)
	it := t.row
	if it == nil {
		return
	}
	t.fromAbove(m, true)
	for i := range t.above {
		t.above[i].left = max(t.above[i].left-1, 0)
	}
	t.broad = t.broad || len(it.cells) > 1
	t.row = nil
	if !t.nested || t.loose {
		m.add(it)
		return
	}
	t.held = append(t.held, it)
	for _, c := range it.cells {
		t.size += len(c)
	}
	if len(t.held) > heldRows || t.size > heldSize {
		t.loosen(m)
	}
}

// loosen gives up holding a nested table back: it is one of its own.
func (t *tableState) loosen(m *markup) {
	for i, outer := range m.tables {
		if outer == t {
			if i > 0 {
				m.tables[i-1].part(m)
			}
			break
		}
	}
	m.items = append(m.items, t.held...)
	t.held, t.loose = nil, true
}
