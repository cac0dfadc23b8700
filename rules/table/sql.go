package table

import (
	"bytes"
	"io"
)

const (
	schemaTables  = 256 // tables whose columns are remembered
	statementHead = 16 << 10
)

// schema remembers the columns of the tables that CREATE TABLE declared.
type schema map[string][][]byte

// insert is the head of an INSERT or COPY statement.
type insert struct {
	table   string
	columns [][]byte // nil if it names none
	size    int      // bytes up to the first tuple or row
}

// insertOf reads the head of an INSERT statement at the start of text.
func insertOf(text []byte) (h insert, ok bool) {
	text = text[:min(len(text), statementHead)]
	at := 0
	word := func(w string) bool {
		at += blanks(text[at:])
		if !hasFold(text[at:], w) {
			return false
		}
		at += len(w)
		return true
	}
	if !word("INSERT") && !word("REPLACE") {
		return h, false
	}
	_ = word("IGNORE") || word("LOW_PRIORITY") || word("OR REPLACE") || word("OR IGNORE")
	_ = word("INTO") || word("TABLE")
	at += blanks(text[at:])
	name, n := identifier(text[at:])
	if n == 0 {
		return h, false
	}
	h.table = name
	at += n
	at += blanks(text[at:])
	if at < len(text) && text[at] == '(' {
		end := closing(text[at:])
		if end < 0 {
			return h, false
		}
		h.columns = names(text[at+1 : at+end])
		at += end + 1
	}
	_ = word("OVERRIDING SYSTEM VALUE")
	if !word("VALUES") && !word("VALUE") {
		return h, false
	}
	at += blanks(text[at:])
	if at >= len(text) || text[at] != '(' {
		return h, false
	}
	h.size = at
	return h, true
}

// copyOf reads the head of a COPY … FROM stdin statement of PostgreSQL.
func copyOf(line []byte) (h insert, ok bool) {
	if !hasFold(line, "COPY ") || !bytes.Contains(bytes.ToLower(line), []byte("from stdin")) {
		return h, false
	}
	name, n := identifier(line[len("COPY "):])
	h.table = name
	if open := bytes.IndexByte(line, '('); open >= 0 {
		if end := closing(line[open:]); end >= 0 {
			h.columns = names(line[open+1 : open+end])
		}
	}
	return h, n > 0
}

// blanks counts the white space and the comments at the start of text.
func blanks(text []byte) int {
	i := 0
	for i < len(text) {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '-' && bytes.HasPrefix(text[i:], []byte("-- ")):
			n := bytes.IndexByte(text[i:], '\n')
			if n < 0 {
				return len(text)
			}
			i += n
		default:
			return i
		}
	}
	return i
}

// identifier reads a table name: its last part, without quotes. n is the
// length of all of it.
func identifier(text []byte) (name string, n int) {
	start := 0
	for n < len(text) {
		switch c := text[n]; {
		case c == '"' || c == '`' || c == '[':
			if c == '[' {
				c = ']'
			}
			end := bytes.IndexByte(text[n+1:], c)
			if end < 0 || end > 128 {
				return "", 0
			}
			n += end + 2
		case c == '.':
			n++
			start = n
		case wordByte(c) || c >= 0x80 || c == '$' || c == '#':
			n++
		default:
			return string(bytes.Trim(text[start:n], "\"`[]")), n
		}
	}
	return string(bytes.Trim(text[start:n], "\"`[]")), n
}

// closing returns the offset of the parenthesis that closes the one at the
// start of text, -1 if it is not there.
func closing(text []byte) int {
	deep := 0
	for i, c := range text {
		switch c {
		case '(':
			deep++
		case ')':
			if deep--; deep == 0 {
				return i
			}
		}
	}
	return -1
}

// names splits a list of column names. They are copies.
func names(list []byte) [][]byte {
	var all [][]byte
	for _, name := range bytes.Split(list, []byte{','}) {
		all = append(all, bytes.Clone(bytes.Trim(trim(name), "\"`[]")))
	}
	return all
}

// declare remembers the columns of a CREATE TABLE statement at the start of
// text.
func (s *splitter) declare(text []byte) {
	text = text[:min(len(text), statementHead)]
	open := bytes.IndexByte(text, '(')
	if open < 0 || open > 256 || len(s.sql) >= schemaTables {
		return
	}
	head := bytes.Fields(text[:open])
	if len(head) < 3 {
		return
	}
	name, _ := identifier(head[len(head)-1])
	end := closing(text[open:])
	if end < 0 || name == "" {
		return
	}
	if s.sql == nil {
		s.sql = schema{}
	}
	s.sql[name] = columnNames(text[open+1 : open+end])
}

// columnNames takes the first word of each definition in a CREATE TABLE.
func columnNames(body []byte) [][]byte {
	var all [][]byte
	deep, start := 0, 0
	for i := 0; i <= len(body); i++ {
		if i < len(body) {
			switch body[i] {
			case '(':
				deep++
				continue
			case ')':
				deep--
				continue
			}
			if body[i] != ',' || deep > 0 {
				continue
			}
		}
		definition := bytes.TrimSpace(body[start:i])
		start = i + 1
		name, _ := identifier(definition)
		switch string(bytes.ToUpper([]byte(name))) {
		case "", "PRIMARY", "KEY", "CONSTRAINT", "UNIQUE", "FOREIGN", "INDEX", "CHECK", "FULLTEXT", "EXCLUDE":
		default:
			all = append(all, []byte(name))
		}
	}
	return all
}

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

// peekByte returns the byte at the reading position; io.EOF at the end.
func (s *splitter) peekByte() (byte, error) {
	if s.src.pos == s.src.end {
		if err := s.refill(); err != nil {
			return 0, err
		}
		if s.src.pos == s.src.end {
			return 0, io.EOF
		}
	}
	return s.src.buf[s.src.pos], nil
}

// ensure makes n bytes available, if the text has so many.
func (s *splitter) ensure(n int) error {
	if s.src.end-s.src.pos >= n {
		return nil
	}
	return s.refill()
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
