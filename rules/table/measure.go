package table

import "bytes"

// measures remembers the lines after the reading position, measured as
// records of one form: a text of which each line might begin a table is
// looked at once, not once for each line before.
type measures struct {
	lines []measured // those from first on follow each other
	first int
	one   measured // a line that is not remembered
}

// measures returns what is remembered of a form at the reading position.
func (s *splitter) measures(f *form) *measures {
	m := &s.forms[bytes.IndexByte([]byte(delimiters), f.delim)]
	here := s.src.past + int64(s.src.pos)
	for m.first < len(m.lines) && m.lines[m.first].at < here {
		m.first++
	}
	if m.first == len(m.lines) || m.lines[m.first].at != here || !f.rememberable() {
		m.lines, m.first = m.lines[:0], 0
	}
	if m.first > 2*sniffRecords {
		m.lines = m.lines[:copy(m.lines, m.lines[m.first:])]
		m.first = 0
	}
	return m
}

// rememberable reports whether lines measured in form f are of use to the
// lines after: the other forms depend on where they begin.
func (f *form) rememberable() bool { return !f.drawn && f.quote == '"' }

// at returns the i-th line from the reading position on, which begins off
// bytes after it. ok is false past the last line that stands whole in the
// window.
func (m *measures) at(i int, s *splitter, f *form, off int) (_ *measured, ok bool) {
	here := s.src.past + int64(s.src.pos)
	if i += m.first; i < len(m.lines) && m.lines[i].at == here+int64(off) {
		return &m.lines[i], true
	}
	line, next, ok := s.src.peek(off)
	if !ok {
		return nil, false
	}
	m.one = s.measure(unquote(line), next, f)
	m.one.at = here + int64(off)
	if i != len(m.lines) || m.one.quoted || !f.rememberable() {
		return &m.one, true
	}
	m.lines = append(m.lines, m.one)
	return &m.lines[i], true
}

// measure measures a line and the record that begins with it; next is the
// offset after the line.
func (s *splitter) measure(line []byte, next int, f *form) (m measured) {
	here := s.src.past + int64(s.src.pos)
	m.end = here + int64(next)
	switch {
	case blank(line):
		m.kind = blankLine
		return m
	case border(line):
		m.kind = borderLine
		return m
	}
	g := &s.probe
	g.s, g.form = s, *f
	row, end := g.record(line, next)
	m.end = here + int64(end)
	m.quoted = bytes.IndexByte(line, f.quote) >= 0
	m.width = len(row)
	m.hollow = len(row[0]) == 0
	m.stump = len(row[len(row)-1]) == 0
	m.clear = bytes.IndexByte(trim(line), ' ') < 0
	for _, cell := range row {
		if len(cell) > 0 {
			m.words += 1 + bytes.Count(cell, []byte{' '})
		}
	}
	for i := 0; i < len(line); i++ {
		if line[i] != f.delim {
			continue
		}
		m.delims++
		if i+1 < len(line) && line[i+1] == ' ' {
			m.spaced++
		}
		if i > 0 && i+1 < len(line) && digit(line[i-1]) && digit(line[i+1]) {
			m.between++
		}
	}
	return m
}
