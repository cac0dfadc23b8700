package sqlite

import "strings"

// lexeme is a word, a quoted name or a single sign of SQL. The end of the
// text is an empty word that is not quoted.
type lexeme struct {
	word   string
	quoted bool
}

// is tells whether the lexeme is one of the keywords.
func (t lexeme) is(keywords ...string) bool {
	if t.quoted {
		return false
	}
	for _, k := range keywords {
		if strings.EqualFold(t.word, k) {
			return true
		}
	}
	return false
}

// scanner cuts SQL into lexemes.
type scanner struct {
	sql string
	pos int
}

func (s *scanner) next() lexeme {
	s.skip()
	if s.pos >= len(s.sql) {
		return lexeme{}
	}
	c := s.sql[s.pos]
	switch c {
	case '"', '\'', '`':
		return s.quoted(c)
	case '[':
		return s.quoted(']')
	}
	start := s.pos
	for s.pos < len(s.sql) && wordByte(s.sql[s.pos]) {
		s.pos++
	}
	if s.pos == start {
		s.pos++
	}
	return lexeme{word: s.sql[start:s.pos]}
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// skip skips white space and comments.
func (s *scanner) skip() {
	for s.pos < len(s.sql) {
		rest := s.sql[s.pos:]
		switch {
		case strings.IndexByte(" \t\r\n\f", rest[0]) >= 0:
			s.pos++
		case strings.HasPrefix(rest, "--"):
			s.until(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			s.until(rest, "*/")
		default:
			return
		}
	}
}

func (s *scanner) until(rest, end string) {
	if i := strings.Index(rest, end); i >= 0 {
		s.pos += i + len(end)
	} else {
		s.pos = len(s.sql)
	}
}

// quoted reads a quoted name; a doubled quote stands for itself.
func (s *scanner) quoted(end byte) lexeme {
	var b strings.Builder
	for s.pos++; s.pos < len(s.sql); s.pos++ {
		if s.sql[s.pos] == end {
			if s.pos+1 >= len(s.sql) || s.sql[s.pos+1] != end || end == ']' {
				s.pos++
				break
			}
			s.pos++
		}
		b.WriteByte(s.sql[s.pos])
	}
	return lexeme{word: b.String(), quoted: true}
}

// item reads the lexemes up to a comma or the closing bracket of the list that
// the scanner is in. more tells that a comma ended it.
func (s *scanner) item() (item []lexeme, more bool) {
	for depth := 0; ; {
		t := s.next()
		if !t.quoted {
			switch t.word {
			case "":
				return item, false
			case "(":
				depth++
			case ")":
				if depth--; depth < 0 {
					return item, false
				}
			case ",":
				if depth == 0 {
					return item, true
				}
			}
		}
		item = append(item, t)
	}
}
