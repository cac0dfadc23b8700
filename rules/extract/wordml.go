package extract

import (
	"bytes"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// wordML cuts an office document that is one XML file, of Word 2003 or a
// package in the flat form (ECMA-376 part 2, annex "Flat OPC"), into the rows
// of its tables and the lines between them.
type wordML struct {
	s     *xmlzip.Scanner
	items []*item
	first int
	line  []byte
	row   [][]byte
	cells int // depth of open cells
	grid  int
	words bool
	err   error
}

func (d *wordML) peek() *item {
	for d.first == len(d.items) {
		if d.err != nil {
			return nil
		}
		d.items, d.first = d.items[:0], 0
		d.step()
	}
	return d.items[d.first]
}

func (d *wordML) take() { d.first++ }

func (d *wordML) step() {
	kind, err := d.s.Next()
	if err != nil {
		d.err = err
		d.endLine()
		d.endRow()
		return
	}
	switch kind {
	case xmlzip.Text:
		if t := d.s.Text(); d.words {
			if d.line = append(d.line, t...); len(d.line) > heldSize {
				d.endText()
			}
		} else if t = bytes.TrimSpace(t); len(t) > 0 { // embedded files, and what no reader of the format shows
			d.items = append(d.items, &item{kind: itemText, text: append(bytes.Clone(t), '\n')})
		}
	case xmlzip.Start:
		d.start(string(d.s.Name()))
	case xmlzip.End:
		d.end(string(d.s.Name()))
	}
}

func (d *wordML) start(name string) {
	switch name {
	case "t", "delText", "v", "instrText":
		d.words = true
	case "tab":
		d.line = append(d.line, '\t')
	case "br", "cr":
		d.line = append(d.line, '\n')
	case "tbl":
		d.grid++
	case "tc", "c":
		d.cells++
	}
}

func (d *wordML) end(name string) {
	switch name {
	case "t", "delText", "v", "instrText":
		d.words = false
	case "p", "si":
		d.endLine()
	case "tc", "c":
		d.cells = max(d.cells-1, 0)
		if len(d.row) == maxCells {
			d.endText()
			break
		}
		d.row = append(d.row, bytes.Clone(bytes.TrimSpace(d.line)))
		d.line = d.line[:0]
	case "tr", "row":
		d.endRow()
	}
}

// endLine ends a paragraph: in a cell it is a line of it.
func (d *wordML) endLine() {
	if d.line = bytes.TrimRight(d.line, " \t\r\n"); len(d.line) == 0 { // so that no blanks are looked at again
		return
	}
	d.line = append(d.line, '\n')
	if d.cells == 0 {
		d.endText()
	}
}

// endText gives the line as running text.
func (d *wordML) endText() {
	d.items = append(d.items, &item{kind: itemText, text: bytes.Clone(d.line)})
	d.line = d.line[:0]
}

func (d *wordML) endRow() {
	if len(d.row) > 0 {
		d.items = append(d.items, &item{kind: itemRow, cells: d.row, grid: d.grid})
	}
	d.row = nil
}
