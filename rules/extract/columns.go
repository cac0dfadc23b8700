package extract

import (
	"bytes"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// columnGrid reads a row whose cells hold a column each, in lines, as the rows
// that a reader sees.
type columnGrid struct {
	g     table.Grid
	lines [][][]byte // of each cell of the row that is being given
	at    int
	row   [][]byte
}

// minColumnLines is how many lines the cells have at least: fewer are an
// address.
const minColumnLines = 3

func (c *columnGrid) Next() ([][]byte, error) {
	if c.lines == nil {
		row, err := c.g.Next()
		if err != nil || !columnsInLines(row) {
			return row, err
		}
		for _, cell := range row {
			c.lines = append(c.lines, bytes.Split(bytes.TrimSpace(cell), []byte("\n")))
		}
		c.at = 0
	}
	c.row = c.row[:0]
	for _, l := range c.lines {
		if c.at < len(l) {
			c.row = append(c.row, l[c.at])
		} else {
			c.row = append(c.row, nil)
		}
	}
	if c.at++; c.at == len(c.lines[0]) {
		c.lines = nil
	}
	return c.row, nil
}

// columnsInLines tells a row of several cells, all of the same number of lines.
func columnsInLines(row [][]byte) bool {
	if len(row) < 2 || bytes.IndexByte(row[0], '\n') < 0 {
		return false
	}
	lines := 0
	for _, cell := range row {
		n := bytes.Count(bytes.TrimSpace(cell), []byte("\n")) + 1
		if lines == 0 {
			lines = n
		}
		if n != lines || n < minColumnLines {
			return false
		}
	}
	return true
}

// heldGrid gives rows that were read ahead, then the rest.
type heldGrid struct {
	rows [][][]byte
	g    table.Grid
	err  error
}

func (h *heldGrid) Next() ([][]byte, error) {
	if len(h.rows) > 0 {
		row := h.rows[0]
		h.rows = h.rows[1:]
		return row, nil
	}
	if h.err != nil {
		return nil, h.err
	}
	return h.g.Next()
}

// ahead reads so many rows ahead.
func (h *heldGrid) ahead(n int) {
	for len(h.rows) < n && h.err == nil {
		var row [][]byte
		if row, h.err = h.g.Next(); h.err != nil {
			return
		}
		kept := make([][]byte, len(row))
		for i, c := range row {
			kept[i] = bytes.Clone(c)
		}
		h.rows = append(h.rows, kept)
	}
}

// oneColumn tells a table that is text in lines: its first rows have one cell
// each, with as many of some delimiter.
func (h *heldGrid) oneColumn() bool {
	if h.ahead(1); len(h.rows) == 0 || len(h.rows[0]) != 1 {
		return false
	}
	for _, d := range []byte("\t|;,") {
		n := bytes.Count(h.rows[0][0], []byte{d})
		if n < minPartings {
			continue
		}
		h.ahead(minParted)
		alike := len(h.rows) >= minParted
		for _, row := range h.rows {
			alike = alike && len(row) == 1 && bytes.Count(row[0], []byte{d}) >= n
		}
		return alike
	}
	return false
}

// gridLines reads a grid as text, a line for each row.
type gridLines struct {
	g   table.Grid
	out []byte
}

func (l *gridLines) Read(p []byte) (int, error) {
	for len(l.out) == 0 {
		row, err := l.g.Next()
		if err != nil {
			return 0, err
		}
		l.out = append(bytes.Join(row, []byte{'\t'}), '\n')
	}
	n := copy(p, l.out)
	l.out = l.out[n:]
	return n, nil
}
