package table

import "bytes"

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
	switch {
	case word("INSERT"), word("REPLACE"):
		_ = word("IGNORE") || word("LOW_PRIORITY") || word("OR REPLACE") || word("OR IGNORE") || word("ALL") || word("FIRST")
		_ = word("INTO") || word("TABLE")
	case word("INTO "): // a further row of Oracle's INSERT ALL
	default:
		return h, false
	}
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
