package extract

import (
	"bufio"
	"bytes"
	"io"
)

// sylk is a Grid over a symbolic link file, in which spreadsheets since 1982
// write a line for each cell: "C;Y2;X1;K"Ada"". Y and X stay as they were where
// a line leaves them out.
type sylk struct {
	br   *bufio.Reader
	x, y int
	rowY int
	row  [][]byte
	next []byte // the first cell of the row after
	done bool
	cut  bool // a cell stood behind the last column
}

// isSYLK tells the first two records of one: the first alone may be the names
// of columns, "ID;Phone".
func isSYLK(head []byte) bool {
	first, rest, _ := bytes.Cut(head, []byte("\n"))
	return bytes.HasPrefix(first, []byte("ID;P")) && sylkRecord(rest)
}

// sylkRecord tells a line that begins with a type of record.
func sylkRecord(line []byte) bool {
	kind, _, _ := bytes.Cut(line, []byte(";"))
	switch string(bytes.TrimRight(kind[:min(len(kind), 4)], "\r\n")) {
	case "ID", "B", "C", "P", "F", "O", "NN", "NU", "NE", "W", "E":
		return true
	}
	return false
}

func (g *sylk) Next() ([][]byte, error) {
	g.row = g.row[:0]
	if g.next != nil {
		g.put(g.next)
		g.next = nil
	}
	for !g.done {
		line, err := g.br.ReadSlice('\n')
		g.done = err != nil && err != bufio.ErrBufferFull
		if g.done && err != io.EOF {
			return nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		value, ok := g.cell(line)
		y := g.y
		if !ok && len(line) > 0 && !sylkRecord(line) { // text, or the rest of a record longer than the buffer
			y = min(g.y, 0) - 1 // a row of its own
			value, ok, g.x, g.y = bytes.Clone(line), true, 1, y-1
		}
		switch {
		case !ok:
		case y != g.rowY && len(g.row) > 0:
			g.rowY, g.next = y, value
			return g.row, nil
		default:
			g.rowY = y
			g.put(value)
		}
	}
	if len(g.row) == 0 {
		return nil, io.EOF
	}
	return g.row, nil
}

func (g *sylk) put(value []byte) {
	for len(g.row) < g.x-1 {
		g.row = append(g.row, nil)
	}
	if g.x > 0 && g.x <= len(g.row) {
		g.row[g.x-1] = value
		return
	}
	g.row = append(g.row, value)
}

// cell reads one record. It reports whether it has a value.
func (g *sylk) cell(record []byte) (value []byte, ok bool) {
	if !bytes.HasPrefix(record, []byte("C;")) && !bytes.HasPrefix(record, []byte("F;")) {
		return nil, false
	}
	rest := record[2:]
	for len(rest) > 0 {
		end := fieldEnd(rest)
		field := rest[:end]
		rest = rest[min(end+1, len(rest)):]
		if len(field) < 2 {
			continue
		}
		switch field[0] {
		case 'X':
			g.x = max(decimal(field[1:]), 0)
			if g.x > maxCells {
				g.x, g.cut = maxCells, true
			}
		case 'Y', 'R':
			if n := decimal(field[1:]); n > 0 && record[0] == 'C' || field[0] == 'Y' {
				g.y = n
			}
		case 'K':
			value, ok = bytes.Clone(bytes.ReplaceAll(bytes.Trim(field[1:], `"`), []byte(";;"), []byte(";"))), record[0] == 'C'
		}
	}
	return value, ok
}

// fieldEnd finds the semicolon that ends a field; two are one of the text.
func fieldEnd(b []byte) int {
	for i := 0; i < len(b); i++ {
		if b[i] != ';' {
			continue
		}
		if i+1 < len(b) && b[i+1] == ';' {
			i++
			continue
		}
		return i
	}
	return len(b)
}

// decimal reads a small number, -1 for none.
func decimal(b []byte) int {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' || n > 1<<24 {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}
