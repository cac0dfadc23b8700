package ole

import (
	"bytes"
	"fmt"
	"io"
	"math"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
)

// sheet gives out one sheet: its cells as a table, then the texts beside them.
func (w *workbook) sheet(s boundSheet) error {
	if s.at < 0 || s.at >= w.in.size {
		return nil
	}
	w.in.pos = s.at
	w.notes = w.notes[:0]
	g := &sheetGrid{w: w, at: -1}
	if row, err := g.Next(); err == nil && row != nil {
		g.again = true
		if err := w.rd.out.Table(s.name, g); err != nil {
			return err
		}
	}
	if len(bytes.TrimSpace(w.notes)) == 0 {
		return nil
	}
	return w.rd.out.Text(s.name, bytes.NewReader(w.notes))
}

// sheetGrid reads the cells of a sheet row by row.
type sheetGrid struct {
	w       *workbook
	row     sheet.Row
	at      int // number of the row under way, -1 for none yet
	held    record
	hold    bool // held begins the next row
	depth   int  // sheets and charts open
	gap     bool // rows were left out before the row at hand
	again   bool
	ended   bool
	formula struct {
		column int
		due    bool // its string comes in a record of its own
	}
	scratch []byte
	kept    []byte // the held record's data
	texts   int    // bytes of a note that are still to come
}

// Next implements table.Grid.
func (g *sheetGrid) Next() ([][]byte, error) {
	if g.again {
		g.again = false
		return g.row.Cells(), nil
	}
	if g.gap { // an empty row parts tables that share a sheet
		g.gap = false
		return [][]byte{}, nil
	}
	g.row.Reset()
	if g.hold {
		g.hold = false
		g.cell(g.held)
	}
	for !g.ended {
		rec, err := g.w.in.next()
		if err != nil {
			g.w.rd.note(err)
			g.ended = true
			break
		}
		if row, ok := g.rowOf(rec); ok && row != g.at {
			old := g.at
			g.at = row
			if len(g.row.Cells()) > 0 && old >= 0 {
				g.kept = append(g.kept[:0], rec.data...)
				g.held, g.hold, g.gap = record{rec.id, g.kept}, true, row > old+1
				break
			}
		}
		g.record(rec)
		if g.row.Full() {
			break
		}
	}
	if err := g.w.rd.ctx.Err(); err != nil {
		return nil, err
	}
	n := len(g.row.Cells())
	if n == 0 || !g.w.rd.count(n) {
		g.ended = true
		return nil, io.EOF
	}
	return g.row.Cells(), nil
}

// rowOf returns the row that a record of a cell is in.
func (g *sheetGrid) rowOf(rec record) (int, bool) {
	switch rec.id {
	case recFormula, recFormula3, recFormula4, recMulRK, recRString, recLabelSST, recNumber, recLabel, recBoolErr, recRK, recRK2,
		recNumber2, recInteger2, recLabel2, recBoolErr2:
		if len(rec.data) >= 6 {
			return int(le.Uint16(rec.data)), true
		}
	}
	return 0, false
}

// record takes any record of a sheet.
func (g *sheetGrid) record(rec record) {
	if _, ok := g.rowOf(rec); ok {
		g.cell(rec)
		return
	}
	w := g.w
	switch {
	case isBOF(rec.id):
		g.depth++
		if g.depth == 1 && w.version == 0 {
			w.begin(rec)
		}
	case rec.id == recEOF:
		if g.depth--; g.depth <= 0 {
			g.ended = true
		}
	case (rec.id == recString || rec.id == recString2) && g.formula.due:
		g.formula.due = false
		text := w.longString(rec.data)
		if w.version == 2 {
			text = w.shortString(rec.data)
		}
		g.set(g.formula.column, text)
	case rec.id == recHeader || rec.id == recFooter:
		text := w.shortString
		if w.version == 8 {
			text = w.longString
		}
		w.note(text(rec.data))
	case rec.id == recTXO && len(rec.data) >= 12 && w.version == 8:
		g.texts = int(le.Uint16(rec.data[10:]))
	case rec.id == recContinue && g.texts > 0 && len(rec.data) > 1:
		flags := rec.data[0]
		n := min(g.texts<<(flags&flagWide), len(rec.data)-1)
		g.texts -= n >> (flags & flagWide)
		w.note(appendChars(nil, flags, rec.data[1:1+n]))
	case rec.id == recNote && w.version < 8 && len(rec.data) > 6:
		w.note(w.text.append(nil, rec.data[6:]))
	case rec.id == recHLink:
		w.link(rec.data)
	case rec.id == recCodePage || rec.id == recDateMode || rec.id == recXF3 || rec.id == recXF4 || rec.id == recFilePass:
	}
}

// note keeps a text beside the cells.
func (w *workbook) note(text []byte) {
	switch {
	case len(text) == 0:
	case len(w.notes)+len(text) < maxNotes:
		w.notes = append(append(w.notes, text...), '\n')
	default:
		w.rd.note(fmt.Errorf("text beside the cells of a workbook: %w", document.ErrTooBig))
	}
}

// link keeps the address behind a link that leads to a person.
func (w *workbook) link(b []byte) {
	i := bytes.Index(b, []byte("m\x00a\x00i\x00l\x00t\x00o\x00:\x00"))
	if i < 0 {
		return
	}
	address, _, _ := bytes.Cut(sheet.AppendUTF16(nil, b[i+14:]), []byte{0})
	address, _, _ = bytes.Cut(address, []byte("?"))
	w.note(address)
}

// cell takes a record of one cell or of a stretch of them.
func (g *sheetGrid) cell(rec record) {
	d := rec.data
	g.at = int(le.Uint16(d))
	column := int(le.Uint16(d[2:]))
	if w := g.w; w.version == 2 || rec.id == recInteger2 || rec.id == recNumber2 || rec.id == recLabel2 || rec.id == recBoolErr2 {
		if rec.id != recFormula || w.version == 2 {
			g.cell2(rec, column)
			return
		}
	}
	style := g.w.style(int(le.Uint16(d[4:])))
	v := d[6:]
	switch rec.id {
	case recLabelSST:
		if len(v) >= 4 {
			if text := g.w.shared(int(le.Uint32(v))); len(text) > 0 {
				g.row.Set(column, text)
			}
		}
	case recLabel, recRString:
		g.set(column, g.w.longString(v))
	case recNumber:
		if len(v) >= 8 {
			g.number(column, style, math.Float64frombits(le.Uint64(v)))
		}
	case recRK, recRK2:
		if len(v) >= 4 {
			g.number(column, style, sheet.RK(le.Uint32(v)))
		}
	case recMulRK:
		for v = d[4:]; len(v) >= 8; v = v[6:] { // the last column's number ends it
			g.number(column, g.w.style(int(le.Uint16(v))), sheet.RK(le.Uint32(v[2:])))
			column++
		}
	case recBoolErr:
		if len(v) >= 2 {
			g.boolErr(column, v[0], v[1] != 0)
		}
	case recFormula, recFormula3, recFormula4:
		if len(v) >= 8 {
			g.result(column, style, v[:8])
		}
	}
}

// shared returns a shared string, nil if there is none. Each use counts against
// the bounds in bytes: a few long strings in many cells make a bomb.
func (w *workbook) shared(i int) []byte {
	text := w.strings.Get(i)
	rd := w.rd
	rd.spent += int64(len(text))
	switch {
	case rd.spent > rd.lim.Bytes:
		rd.note(fmt.Errorf("cells: %w", document.ErrTooBig))
	case rd.spent > 1<<20 && rd.spent/rd.lim.Ratio > w.in.size:
		rd.note(fmt.Errorf("cells: %w", document.ErrRatio))
	default:
		return text
	}
	return nil
}

// cell2 takes a cell of BIFF2, which has its format in three bytes.
func (g *sheetGrid) cell2(rec record, column int) {
	if len(rec.data) < 8 {
		return
	}
	v := rec.data[7:]
	switch {
	case rec.id == recInteger2 && len(v) >= 2:
		g.number(column, sheet.Style{}, float64(le.Uint16(v)))
	case rec.id == recNumber2 && len(v) >= 8:
		g.number(column, sheet.Style{}, math.Float64frombits(le.Uint64(v)))
	case rec.id == recLabel2:
		g.set(column, g.w.text.append(nil, v[1:min(1+int(v[0]), len(v))]))
	case rec.id == recBoolErr2 && len(v) >= 2:
		g.boolErr(column, v[0], v[1] != 0)
	case rec.id == recFormula && len(v) >= 8:
		g.result(column, sheet.Style{}, v[:8])
	}
}

// result takes the value that a formula had when it was stored.
func (g *sheetGrid) result(column int, style sheet.Style, v []byte) {
	if le.Uint16(v[6:]) != 0xFFFF {
		g.number(column, style, math.Float64frombits(le.Uint64(v)))
		return
	}
	switch v[0] {
	case 0:
		g.formula.column, g.formula.due = column, true
	case 1, 2:
		g.boolErr(column, v[2], v[0] == 2)
	}
}

func (g *sheetGrid) boolErr(column int, v byte, isError bool) {
	word := "FALSE"
	switch {
	case isError:
		word = sheet.Error(v)
	case v != 0:
		word = "TRUE"
	}
	g.set(column, []byte(word))
}

func (g *sheetGrid) number(column int, style sheet.Style, v float64) {
	g.scratch = style.Append(g.scratch[:0], v, g.w.date1904)
	g.set(column, g.scratch)
}

// set puts a copy of the text into the row.
func (g *sheetGrid) set(column int, text []byte) {
	if len(text) > 0 {
		g.row.Append(text)
		g.row.Close(column)
	}
}
