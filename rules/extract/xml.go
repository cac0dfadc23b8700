package extract

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/odf"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// xml reads an XML document: a workbook of Excel 2003, a flat OpenDocument
// file, or any other, whose repeated elements are rows.
func (w *walk) xml(n node, br *bufio.Reader, head []byte) error {
	if i := indexFold(head, "<!doctype"); i >= 0 && bytes.IndexByte(head[i:], '[') >= 0 {
		return w.plain(n, br) // declared entities are text like the rest, and not expanded
	}
	if bytes.Contains(head, []byte("<office:document")) {
		if err := w.randomDocument(n, stream(br), odf.Read); err != nil {
			return err
		}
		return nil
	}
	s := xmlzip.NewScanner(br)
	s.AllowDoctype()
	var p pieces
	var failed *error
	if bytes.Contains(head, []byte("urn:schemas-microsoft-com:office:spreadsheet")) {
		d := &sheetML{s: s}
		p, failed = d, &d.err
	} else if bytes.Contains(head, []byte("schemas.microsoft.com/office/word/2003/wordml")) || bytes.Contains(head, []byte("schemas.microsoft.com/office/2006/xmlPackage")) {
		d := &wordML{s: s}
		p, failed = d, &d.err
	} else {
		s.KeepComments()
		d := &records{s: s}
		p, failed = d, &d.err
	}
	if err := w.pieces(n, p); err != nil {
		return err
	}
	if w.cells > w.lim.Cells || errors.Is(*failed, io.EOF) {
		return nil
	}
	// No XML after all, or only in its beginning: the rest is text.
	if err := w.plain(n, br); err != nil {
		return err
	}
	if *failed != nil && n.place == Attachment {
		return *failed
	}
	return nil
}

// sheetML cuts a SpreadsheetML 2003 workbook into its rows.
type sheetML struct {
	s      *xmlzip.Scanner
	items  []*item
	first  int
	sheet  string
	grid   int
	row    [][]byte
	cell   []byte
	inCell bool
	err    error
}

func (d *sheetML) peek() *item {
	for d.first == len(d.items) {
		if d.err != nil {
			return nil
		}
		d.items, d.first = d.items[:0], 0
		d.step()
	}
	return d.items[d.first]
}

func (d *sheetML) take() { d.first++ }

func (d *sheetML) step() {
	kind, err := d.s.Next()
	if err != nil {
		d.err = err
		d.endRow()
		return
	}
	switch kind {
	case xmlzip.Text:
		if t := d.s.Text(); d.inCell && len(d.cell) < heldSize {
			d.cell = append(d.cell, t...)
		} else if t = bytes.TrimSpace(t); len(t) > 0 {
			d.items = append(d.items, &item{kind: itemText, text: append(bytes.Clone(t), '\n')})
		}
	case xmlzip.Start:
		switch string(d.s.Name()) {
		case "Worksheet":
			d.sheet = string(d.s.Attr("Name"))
		case "Table":
			d.grid++
		case "Cell":
			d.startCell()
		case "Comment":
			d.cell = append(d.cell, ' ')
		}
	case xmlzip.End:
		switch string(d.s.Name()) {
		case "Cell":
			d.row = append(d.row, bytes.Clone(bytes.TrimSpace(d.cell)))
			d.inCell = false
		case "Row":
			d.endRow()
		}
	}
}

// startCell begins a cell; ss:Index skips the empty ones before it.
func (d *sheetML) startCell() {
	d.cell, d.inCell = d.cell[:0], true
	index := 0
	for _, c := range d.s.Attr("Index") {
		if c < '0' || c > '9' || index > maxCells {
			break
		}
		index = index*10 + int(c-'0')
	}
	for len(d.row) < min(index-1, maxCells) {
		d.row = append(d.row, nil)
	}
}

func (d *sheetML) endRow() {
	if len(d.row) > 0 {
		d.items = append(d.items, &item{kind: itemRow, cells: d.row, grid: d.grid, name: d.sheet})
	}
	d.row = nil
}
