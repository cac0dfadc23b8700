package ooxml

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// worksheet gives out the cells of a sheet as a table, then what else is
// written on it.
func (rd *reader) worksheet(p *xmlzip.Part, name string) error {
	s, c, err := rd.scan(p)
	if err != nil {
		rd.note(err)
		return nil
	}
	defer c.Close()
	g := &sheetGrid{rd: rd, s: s}
	if first, err := g.Next(); err != nil || first == nil {
		g.ended = true
	} else {
		g.again = true
		if err := rd.out.Table(name, g); err != nil {
			return err
		}
	}
	if g.row.Cut() || rd.cutString {
		rd.note(fmt.Errorf("cell of more than %d bytes: %w", sheet.MaxCellBytes, document.ErrTooBig))
	}
	if g.cut {
		rd.note(fmt.Errorf("text beside the cells of a sheet: %w", document.ErrTooBig))
	}
	if len(g.notes) == 0 {
		return nil
	}
	return rd.out.Text(name, bytes.NewReader(g.notes))
}

// sheetGrid reads the rows of a sheet as they come. Rows that are left out
// are one empty row together: they part tables that share a sheet.
type sheetGrid struct {
	rd      *reader
	s       *xmlzip.Scanner
	row     sheet.Row
	number  []byte // scratch of a number under its format
	notes   []byte // headers, footers, lists of choices and hints
	formula []byte // of the cell at hand
	cut     bool   // notes or a formula found no room
	rowAt   int    // number of the last row that was given out
	gap     bool   // an empty row goes first
	again   bool   // the row at hand was looked at, not given out
	ended   bool
	started bool
}

// maxNotes bounds the text beside the cells of one sheet.
const maxNotes = 1 << 20

// Next implements table.Grid.
func (g *sheetGrid) Next() ([][]byte, error) {
	if g.again {
		g.again = false
		return g.row.Cells(), nil
	}
	if g.gap {
		g.gap = false
		return g.row.Cells(), nil
	}
	if g.ended {
		return nil, io.EOF
	}
	for {
		g.row.Reset()
		err := g.readRow()
		g.ended = err != nil
		if err != nil {
			g.rd.note(err)
			if ctxErr := g.rd.ctx.Err(); ctxErr != nil {
				return nil, ctxErr
			}
		}
		if cells := g.row.Cells(); len(cells) > 0 {
			if !g.rd.count(len(cells)) {
				g.ended = true
				return nil, io.EOF
			}
			if g.gap && g.started {
				return [][]byte{}, nil
			}
			g.started, g.gap = true, false
			return cells, nil
		}
		if g.ended {
			return nil, io.EOF
		}
	}
}

// readRow collects the next row with cells. A row that is full is given out in pieces.
func (g *sheetGrid) readRow() error {
	for {
		kind, err := g.s.Next()
		if err != nil {
			return err
		}
		if kind == xmlzip.Text {
			continue
		}
		name := g.s.Name()
		if kind == xmlzip.End {
			if string(name) == "row" && len(g.row.Cells()) > 0 {
				return nil
			}
			continue
		}
		switch string(name) {
		case "c", "cell": // cell: of an external sheet that is no longer there
			if err := g.readCell(); err != nil || g.row.Full() {
				return err
			}
		case "row":
			g.startRow()
		case "oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter", "formula1", "formula2", "f":
			if err := g.note(string(name)); err != nil {
				return err
			}
		case "dataValidation", "hyperlink":
			g.hint()
		}
	}
}

// hint keeps what is shown when a cell is pointed at or chosen.
func (g *sheetGrid) hint() {
	for {
		name, value, ok := g.s.NextAttr()
		if !ok {
			return
		}
		switch string(name) {
		case "prompt", "promptTitle", "error", "tooltip", "display":
			if g.cut = g.cut || len(g.notes) >= maxNotes; !g.cut {
				g.notes = append(append(g.notes, value...), '\n')
			}
		}
	}
}

// startRow takes the row's number. A missing one means the next row.
func (g *sheetGrid) startRow() {
	at := 0
	if r := g.s.Attr("r"); r != nil {
		at = atoi(r)
	}
	if at <= 0 {
		at = g.rowAt + 1
	}
	if at > g.rowAt+1 {
		g.gap = true
	}
	g.rowAt = at
}

// note keeps the text of an element beside the cells: what is printed above
// and below a page, and lists of choices.
func (g *sheetGrid) note(element string) error {
	before := len(g.notes)
	for {
		kind, err := g.s.Next()
		if err != nil {
			return err
		}
		if kind == xmlzip.End && string(g.s.Name()) == element {
			break
		}
		if kind == xmlzip.Text {
			if g.cut = g.cut || len(g.notes) >= maxNotes; !g.cut {
				g.notes = append(g.notes, g.s.Text()...)
			}
		}
	}
	text := g.notes[before:]
	list := element == "f" || strings.HasPrefix(element, "formula")
	if len(text) == 0 || list && text[0] != '"' { // a reference, not a list
		g.notes = g.notes[:before]
	} else if list {
		g.notes = append(append(g.notes[:before], literal(bytes.Clone(text))...), '\n')
	} else {
		g.notes = append(g.notes, '\n')
	}
	return nil
}

// readCell takes a cell with all it holds.
func (g *sheetGrid) readCell() error {
	column, xf := g.row.Next(), 0
	var typ byte // the first letter, 'S' for a formula's string
	for {
		name, value, ok := g.s.NextAttr()
		if !ok {
			break
		}
		if len(name) != 1 || len(value) == 0 {
			continue
		}
		switch name[0] {
		case 'r':
			if c := columnOf(value); c >= 0 {
				column = c
			}
		case 's':
			xf = atoi(value)
		case 't':
			if typ = value[0]; typ == 's' && len(value) > 1 {
				typ = 'S'
			}
		}
	}
	err := g.readValue()
	if len(g.row.Pending()) == 0 && len(g.formula) > 0 && g.formula[0] == '"' { // never computed, but it says what it gives
		g.row.Append(literal(g.formula))
		typ = 'S'
	}
	g.setCell(column, xf, typ)
	return err
}

// literal is what a formula of strings alone gives: "a"&"b" is ab.
func literal(formula []byte) []byte {
	var out []byte
	for inside, i := false, 0; i < len(formula); i++ {
		switch c := formula[i]; {
		case c == '"' && inside && i+1 < len(formula) && formula[i+1] == '"':
			out = append(out, c)
			i++
		case c == '"':
			inside = !inside
		case inside:
			out = append(out, c)
		}
	}
	return out
}

// readValue collects the text of the cell's value up to the cell's end.
func (g *sheetGrid) readValue() error {
	inValue, inFormula, phonetic := false, false, false
	g.formula = g.formula[:0]
	for {
		kind, err := g.s.Next()
		if err != nil {
			return err
		}
		if kind == xmlzip.Text {
			switch {
			case inValue && !phonetic:
				g.row.Append(g.s.Text())
			case inFormula && len(g.formula) < maxNotes:
				g.formula = append(g.formula, g.s.Text()...)
			case inFormula:
				g.cut = true
			}
			continue
		}
		switch name := g.s.Name(); string(name) {
		case "v", "t":
			inValue = kind == xmlzip.Start
		case "f":
			inFormula = kind == xmlzip.Start
		case "rPh":
			phonetic = kind == xmlzip.Start
		case "c", "cell", "row":
			return nil
		}
	}
}

// setCell turns the collected text into what the cell shows.
func (g *sheetGrid) setCell(column, xf int, typ byte) {
	text := g.row.Pending()
	if len(text) == 0 {
		return
	}
	switch typ {
	case 's':
		i := atoi(bytes.TrimSpace(text))
		g.row.Drop()
		if shared := g.rd.shared(i); len(shared) > 0 {
			g.row.Set(column, shared)
		}
		return
	case 0, 'n':
		style := g.rd.style(xf)
		g.number = style.AppendText(g.number[:0], text, g.rd.date1904)
		g.row.Drop()
		g.row.Append(g.number)
	case 'b':
		word := "FALSE"
		if text[0] == '1' || text[0] == 't' {
			word = "TRUE"
		}
		g.row.Drop()
		g.row.Append([]byte(word))
	case 'd':
		if day, ok := bytes.CutSuffix(text, []byte("T00:00:00")); ok {
			g.number = append(g.number[:0], day...)
			g.row.Drop()
			g.row.Append(g.number)
		}
	default:
		if clean := unescapeX(text); len(clean) < len(text) {
			g.number = append(g.number[:0], clean...)
			g.row.Drop()
			g.row.Append(g.number)
		}
	}
	g.row.Close(column)
}

// columnOf returns the column of a reference such as AB12, from 0, or -1.
func columnOf(ref []byte) int {
	n := 0
	for _, c := range ref {
		switch {
		case c >= 'A' && c <= 'Z':
			n = n*26 + int(c-'A') + 1
		case c >= 'a' && c <= 'z':
			n = n*26 + int(c-'a') + 1
		default:
			return n - 1
		}
		if n > sheet.MaxColumns {
			return -1
		}
	}
	return n - 1
}

// atoi returns the number at the start of b, -1 if there is none or it is too large.
func atoi(b []byte) int {
	n := 0
	for i, c := range b {
		if c < '0' || c > '9' {
			if i == 0 {
				return -1
			}
			break
		}
		if n = n*10 + int(c-'0'); n > 1<<31 {
			return -1
		}
	}
	if len(b) == 0 {
		return -1
	}
	return n
}
