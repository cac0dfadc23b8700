package table

import (
	"bytes"
	"io"
)

// inserts reads the tuples of INSERT statements into one table, each a record.
type inserts struct {
	s    *splitter
	head insert
	in   bool // between the tuples of a statement
	buf  []byte
}

func (q *inserts) next(r *record) (bool, error) {
	for {
		if err := q.s.refill(); err != nil {
			return false, err
		}
		rest := q.s.src.buf[q.s.src.pos:q.s.src.end]
		n := blanks(rest)
		if n > 0 && n == len(rest) && !q.s.src.eof {
			q.s.pass(n)
			continue
		}
		if n == len(rest) {
			return false, nil
		}
		switch c := rest[n]; {
		case q.in && c == '(':
			q.s.pass(n + 1)
			return true, q.tuple(r)
		case q.in && c == ',':
			q.s.pass(n + 1)
			continue
		case c == ';':
			q.s.pass(n + 1)
			q.in = false
			continue
		}
		head, ok := insertOf(rest[n:])
		if !ok || head.table != q.head.table || !sameNames(head.columns, q.head.columns) {
			return false, nil
		}
		q.s.pass(n + head.size)
		q.in = true
	}
}

func sameNames(a, b [][]byte) bool {
	return bytes.Equal(bytes.Join(a, []byte{','}), bytes.Join(b, []byte{','}))
}

// tuple reads values up to the closing parenthesis.
func (q *inserts) tuple(r *record) error {
	columns := q.head.columns
	if columns == nil {
		columns = q.s.sql[q.head.table]
	}
	for i := 0; ; i++ {
		var key []byte
		if i < len(columns) {
			key = columns[i]
		}
		end, err := q.value()
		if err != nil {
			return err
		}
		if i < q.s.lim.Columns {
			r.add(key, q.buf)
		} else {
			q.s.limit("columns")
		}
		if end {
			return nil
		}
	}
}

// value reads one value into buf; end says that it was the tuple's last.
func (q *inserts) value() (end bool, err error) {
	q.buf = q.buf[:0]
	deep, literal := 0, false
	for {
		c, err := q.s.peekByte()
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return true, err
		}
		q.s.pass(1)
		switch {
		case c == '\'' || c == '"':
			if len(q.buf) <= 2 && deep == 0 {
				q.buf = q.buf[:0] // N'…', E'…', _utf8'…'
			}
			literal = true
			if err := q.quoted(c); err != nil {
				return true, err
			}
			continue
		case c == '(':
			deep++
		case c == ')' && deep == 0, c == ',' && deep == 0:
			q.trimWord(literal)
			return c == ')', nil
		case c == ')':
			deep--
		}
		if !literal && len(q.buf) < cellSize {
			q.buf = append(q.buf, c)
		}
	}
}

func (q *inserts) trimWord(literal bool) {
	if literal {
		return
	}
	q.buf = trim(q.buf)
	if len(q.buf) == 4 && hasFold(q.buf, "NULL") {
		q.buf = q.buf[:0]
	}
}

// quoted reads the rest of a string literal; quotes in it are doubled or have
// a backslash before them.
func (q *inserts) quoted(quote byte) error {
	for {
		c, err := q.s.peekByte()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		rest := q.s.src.buf[q.s.src.pos:q.s.src.end]
		n := 0
		for n < len(rest) && rest[n] != quote && rest[n] != '\\' {
			n++
		}
		q.buf = append(q.buf, rest[:min(n, max(cellSize-len(q.buf), 0))]...)
		if len(q.buf) >= cellSize {
			q.s.limit("bytes of a cell")
		}
		if n > 0 {
			q.s.pass(n)
			continue
		}
		if err := q.s.ensure(2); err != nil {
			return err
		}
		rest = q.s.src.buf[q.s.src.pos:q.s.src.end]
		switch {
		case c == '\\' && len(rest) > 1 && (rest[1] == quote || rest[1] == '\\'), c == quote && len(rest) > 1 && rest[1] == quote:
			q.buf = append(q.buf, rest[1])
			q.s.pass(2)
		case c == quote:
			q.s.pass(1)
			return nil
		default:
			q.buf = append(q.buf, c)
			q.s.pass(1)
		}
	}
}

// copies reads the rows of a COPY block up to its "\.", each a record.
type copies struct {
	s       *splitter
	columns [][]byte
	ended   bool
}

func (c *copies) next(r *record) (bool, error) {
	if c.ended {
		return false, nil
	}
	if err := c.s.refill(); err != nil {
		return false, err
	}
	line, next, ok := c.s.src.peek(0)
	if !ok {
		return false, nil
	}
	c.s.pass(next)
	line = unquote(line)
	if bytes.Equal(line, []byte(`\.`)) {
		c.ended = true
		return false, nil
	}
	for i := 0; ; i++ {
		cell, rest, more := bytes.Cut(line, []byte{'\t'})
		if bytes.Equal(cell, []byte(`\N`)) {
			cell = nil
		}
		var key []byte
		if i < len(c.columns) {
			key = c.columns[i]
		}
		if i < c.s.lim.Columns {
			r.add(key, trim(cell))
		} else {
			c.s.limit("columns")
		}
		if !more {
			return true, nil
		}
		line = rest
	}
}
