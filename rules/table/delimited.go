package table

import (
	"bytes"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
)

// delimited is a Grid over the delimited rows that begin at the reading
// position.
type delimited struct {
	s    *splitter
	form form
	row  [][]byte
	text []byte // a record of several lines, or one that had to be rewritten
	cut  bool   // whether its quote is closed lies past the window
	box  []byte
}

func (g *delimited) Next() ([][]byte, error) {
	line, next, err := g.line()
	if err != nil {
		return nil, err
	}
	return g.after(line, next)
}

// fill implements filler: a row of the usual width, on one line without quotes,
// is copied as it stands.
func (g *delimited) fill(rows *rows, limit int) error {
	whole := g.form.columns <= limit && !g.form.drawn
	if whole && lanes.Wide() {
		if err := g.s.refill(); err != nil {
			return err
		}
		if next := g.s.cuts.row(g.s.src, &g.form, rows); next > 0 {
			g.s.pass(next)
			return nil
		}
	}
	line, next, err := g.line()
	if err != nil {
		return err
	}
	if whole && bytes.IndexByte(line, g.form.quote) < 0 && rows.addLine(line, g.form.delim, g.form.columns) {
		g.s.pass(next)
		return nil
	}
	row, err := g.after(line, next)
	if err == nil {
		rows.add(row, limit)
	}
	return err
}

// line returns the line at which the next row begins, and the offset after it.
func (g *delimited) line() (line []byte, next int, err error) {
	for {
		if err := g.s.refill(); err != nil {
			return nil, 0, err
		}
		line, next, ok := g.s.src.peek(0)
		if !ok {
			return nil, 0, io.EOF
		}
		line = unquote(line)
		switch {
		case blank(line):
			if !g.resumes(next) {
				return nil, 0, io.EOF
			}
		case !border(line):
			return line, next, nil
		}
		g.s.pass(next)
	}
}

// after reads the row that begins with line.
func (g *delimited) after(line []byte, next int) ([][]byte, error) {
	row, next := g.record(line, next)
	if len(row) != g.form.columns && g.ends(row, next) {
		return nil, io.EOF
	}
	g.s.pass(next)
	return row, nil
}

// record reads the record that begins with line; next is the offset after it.
func (g *delimited) record(line []byte, next int) ([][]byte, int) {
	text := g.form.plain(g.box, line)
	var all bool
	if bytes.IndexByte(text, g.form.quote) < 0 {
		g.row, all = g.form.parts(g.row[:0], text, g.s.lim.Columns)
	} else {
		text, next = g.whole(text, next)
		g.row, all = g.form.cells(g.row[:0], text, g.s.lim.Columns)
	}
	if !all {
		g.s.limit("columns")
	}
	return g.row, next
}

// whole returns the record with quotes that begins with text, in room of its own,
// and the offset after it.
func (g *delimited) whole(text []byte, next int) ([]byte, int) {
	// Cells are undoubled in place; the window must stay as it was read.
	g.text = append(g.text[:0], text...)
	g.cut = false
	if !g.form.open(g.text) {
		return g.text, next
	}
	end, known := g.s.quoted.of(&g.form).closes(g.s.src, &g.form, next)
	g.cut = !known
	for next < end {
		var more []byte
		more, next, _ = g.s.src.peek(next)
		g.text = append(append(g.text, '\n'), unquote(more)...)
	}
	return g.text, next
}

// resumes reports whether the table goes on after a blank line: one of the
// next lines is a row of the usual width.
func (g *delimited) resumes(off int) bool {
	for range 2 {
		line, next, ok := g.s.src.peek(off)
		if !ok {
			return false
		}
		off = next
		line = unquote(line)
		if blank(line) {
			continue
		}
		return g.width(line) == g.form.columns
	}
	return false
}

// ends reports whether a row of another width than the usual ends the table:
// the rows after it are not of the usual width either.
func (g *delimited) ends(row [][]byte, off int) bool {
	same, like := 0, 0
	for range 3 {
		line, next, ok := g.s.src.peek(off)
		if !ok {
			break
		}
		off = next
		switch n := g.width(unquote(line)); {
		case n == g.form.columns:
			same++
		case n == len(row):
			like++
		}
	}
	wide := len(row) > 1 && 2*len(row) > g.form.columns
	switch {
	case same > 0:
		return false
	case wide && like < 2:
		return false // a ragged row, the last ones of the table
	case wide:
		return labels(row) // another table begins without a line between
	}
	return true
}

// width returns the number of cells in a line.
func (g *delimited) width(line []byte) int {
	text := g.form.plain(g.box, line)
	t := tallyOf(text)
	for i := range t {
		if delimiters[i] == g.form.delim {
			return t[i] + 1
		}
	}
	return 1
}

// labels reports whether a row could be a header: no cell has a digit at its
// start, or an at sign.
func labels(row [][]byte) bool {
	for _, cell := range row {
		for i, c := range cell {
			if c == '@' || i == 0 && '0' <= c && c <= '9' {
				return false
			}
		}
	}
	return true
}

// pass moves the reading position, and the end of the prose with it: what
// lies before was given as cells.
func (s *splitter) pass(n int) {
	s.src.pos += n
	s.prose = s.src.pos
}

// limit notes that something was left out.
func (s *splitter) limit(what string) {
	if s.cut == nil {
		s.cut = fmt.Errorf("split text: %s %w", what, ErrLimit)
	}
}

// give hands a grid to the output and reads what the output left of it.
func (s *splitter) give(kind Kind, g Grid) error {
	if err := s.out.Grid(kind, g); err != nil {
		return err
	}
	for {
		if _, err := g.Next(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
