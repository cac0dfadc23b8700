package ooxml

import (
	"io"
	"math"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// Numbers of the records of cells in XLSB. From shortCells to lastShort come
// the same kinds as from 1 on, in cells that follow their neighbour and do not
// name their column.
const (
	brtRowHdr      = 0
	brtCellRk      = 2
	brtCellError   = 3
	brtCellBool    = 4
	brtCellReal    = 5
	brtCellSt      = 6
	brtCellIsst    = 7
	brtFmlaString  = 8
	brtFmlaNum     = 9
	brtFmlaBool    = 10
	brtFmlaError   = 11
	shortCells     = 12
	lastShort      = 18
	brtCellRString = 62
)

// binarySheet gives out the cells of a sheet of XLSB.
func (rd *reader) binarySheet(p *xmlzip.Part, name string) error {
	r, err := rd.archive.Open(p)
	if err != nil {
		rd.note(err)
		return nil
	}
	defer r.Close()
	return rd.out.Table(name, &binaryGrid{rd: rd, recs: newRecords(r)})
}

// binaryGrid reads the rows of a sheet of XLSB.
type binaryGrid struct {
	rd      *reader
	recs    *records
	row     sheet.Row
	scratch []byte
	column  int // of the cell before
	ended   bool
}

// Next implements table.Grid.
func (g *binaryGrid) Next() ([][]byte, error) {
	g.row.Reset()
	for !g.ended {
		id, data, err := g.recs.next()
		if err != nil {
			g.rd.note(err)
			g.ended = true
			break
		}
		if id == brtRowHdr {
			g.column = -1
			if len(g.row.Cells()) > 0 {
				break
			}
			continue
		}
		g.cell(id, data)
		if g.row.Full() {
			break
		}
	}
	if err := g.rd.ctx.Err(); err != nil {
		return nil, err
	}
	if n := len(g.row.Cells()); n == 0 || !g.rd.count(n) {
		g.ended = true
		return nil, io.EOF
	}
	return g.row.Cells(), nil
}

// cell takes a record if it is a cell with a value.
func (g *binaryGrid) cell(id int, data []byte) {
	if id >= shortCells && id <= lastShort {
		id -= shortCells - 1
		g.column++
	} else if id <= brtFmlaError || id == brtCellRString {
		if len(data) < 4 {
			return
		}
		g.column = int(le.Uint32(data) & 0x3FFF)
		data = data[4:]
	} else {
		return
	}
	if len(data) < 5 {
		return
	}
	style := g.rd.style(int(le.Uint32(data) & 0xFFFFFF))
	value := data[4:]
	switch {
	case id == brtCellRk && len(value) >= 4:
		g.number(style, sheet.RK(le.Uint32(value)))
	case (id == brtCellReal || id == brtFmlaNum) && len(value) >= 8:
		g.number(style, math.Float64frombits(le.Uint64(value)))
	case id == brtCellBool || id == brtFmlaBool:
		word := "FALSE"
		if value[0] != 0 {
			word = "TRUE"
		}
		g.row.Append([]byte(word))
	case id == brtCellError || id == brtFmlaError:
		g.row.Append([]byte(sheet.Error(value[0])))
	case id == brtCellSt || id == brtFmlaString:
		g.text(value)
	case id == brtCellRString:
		g.text(value[1:])
	case id == brtCellIsst && len(value) >= 4:
		if shared := g.rd.shared(int(le.Uint32(value))); len(shared) > 0 {
			g.row.Set(g.column, shared)
		}
		return
	}
	if len(g.row.Pending()) > 0 {
		g.row.Close(g.column)
	}
}

func (g *binaryGrid) number(style sheet.Style, v float64) {
	g.scratch = style.Append(g.scratch[:0], v, g.rd.date1904)
	g.row.Append(g.scratch)
}

func (g *binaryGrid) text(b []byte) {
	wide, _ := wideString(b)
	g.scratch = sheet.AppendUTF16(g.scratch[:0], wide)
	g.row.Append(g.scratch)
}
