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
