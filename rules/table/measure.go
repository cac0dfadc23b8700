package table

import "bytes"

// measured is a line and what a sample takes from the record that begins with
// it.
type measured struct {
	at, end int64 // where it begins and ends in the text
	width   int32
	words   int32
	delims  int32
	spaced  int32
	between int32
	kind    lineKind
	clear   bool
	hollow  bool
	stump   bool
	quoted  bool // it depends on more than the line itself
}

// measures remembers the lines after the reading position, measured as
// records of one form: a text of which each line might begin a table is
// looked at once, not once for each line before.
type measures struct {
	lines []measured // those from first on follow each other
	first int
	one   measured // a line that is not remembered

	// run is the sum over the records in lines[from:to], which are of one
	// width.
	run      sample
	records  int
	blanks   int // blank lines at the end of it
	from, to int
}

// measures returns what is remembered of a form at the reading position.
func (s *splitter) measures(f *form) *measures {
	m := &s.forms[bytes.IndexByte([]byte(delimiters), f.delim)]
	here := s.src.past + int64(s.src.pos)
	for m.first < len(m.lines) && m.lines[m.first].at < here {
		m.first++
	}
	if m.first == len(m.lines) || m.lines[m.first].at != here || !f.rememberable() {
		m.lines, m.first, m.from, m.to = m.lines[:0], 0, 0, 0
	}
	if m.first > keep {
		m.lines = m.lines[:copy(m.lines, m.lines[m.first:])]
		m.first, m.from, m.to = 0, 0, 0
	}
	return m
}

// rememberable reports whether lines measured in form f are of use to the
// lines after: the other forms depend on where they begin.
func (f *form) rememberable() bool { return !f.drawn && f.quote == '"' }

// line returns the i-th line from the reading position on, nil if it is not
// remembered.
func (m *measures) line(i int) *measured {
	if i += m.first; i < len(m.lines) {
		return &m.lines[i]
	}
	return nil
}

// even reports whether a whole sample of records of one width follows, as in
// a log, and brings run up to it: by what the lines at its ends count, since it
// moves with the position. It measures one line at most.
func (m *measures) even(s *splitter, f *form) bool {
	if m.from == m.to || m.to < m.first {
		m.run, m.records, m.blanks, m.from, m.to = sample{}, 0, 0, m.first, m.first
	}
	for ; m.from < m.first; m.from++ {
		if m.lines[m.from].kind == recordLine {
			m.run.count(&m.lines[m.from], -1)
			m.records--
		}
	}
	for m.records < sniffRecords {
		if m.to == len(m.lines) && (m.records < sniffRecords-1 || !m.extend(s, f)) || !m.take(&m.lines[m.to]) {
			return false
		}
		m.to++
	}
	return m.lines[m.to-1].at-m.lines[m.first].at < sniffBytes
}

// take adds a line to the run unless it ends one.
func (m *measures) take(l *measured) bool {
	switch l.kind {
	case blankLine:
		m.blanks++
		return m.blanks == 1
	case recordLine:
		if l.quoted || l.width == 1 || l.width != m.lines[m.first].width {
			return false
		}
		m.blanks = 0
		m.records++
		m.run.count(l, 1)
	}
	return true
}

// extend measures the line after those that are remembered.
func (m *measures) extend(s *splitter, f *form) bool {
	n := len(m.lines)
	m.measure(n-m.first, s, f, int(m.lines[n-1].end-s.src.past)-s.src.pos)
	return len(m.lines) > n
}

// measure measures the i-th line from the reading position on, which begins
// off bytes after it, and remembers it where that is of use. It returns nil
// past the last line that stands whole in the window.
func (m *measures) measure(i int, s *splitter, f *form, off int) *measured {
	line, next, ok := s.src.peek(off)
	if !ok {
		return nil
	}
	m.one = s.measure(unquote(line), next, f)
	m.one.at = s.src.past + int64(s.src.pos+off)
	if m.first+i != len(m.lines) || m.one.quoted || !f.rememberable() {
		return &m.one
	}
	m.lines = append(m.lines, m.one)
	return m.line(i)
}

// plain measures a record without quotes, of one line.
func (m *measured) plain(line []byte, delim byte) {
	m.clear = bytes.IndexByte(trim(line), ' ') < 0
	for from := 0; ; {
		end := len(line)
		n := bytes.IndexByte(line[from:], delim)
		if n >= 0 {
			end = from + n
		}
		cell := trim(line[from:end])
		if len(cell) > 0 {
			m.words += int32(1 + bytes.Count(cell, []byte{' '}))
		}
		m.hollow = m.hollow || m.width == 0 && len(cell) == 0
		m.width++
		if n < 0 {
			m.stump = len(cell) == 0
			return
		}
		m.parted(line, end)
		from = end + 1
	}
}

// parted counts the delimiter at i.
func (m *measured) parted(line []byte, i int) {
	m.delims++
	if i+1 < len(line) && line[i+1] == ' ' {
		m.spaced++
	}
	if i > 0 && i+1 < len(line) && digit(line[i-1]) && digit(line[i+1]) {
		m.between++
	}
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
	if !f.drawn && bytes.IndexByte(line, f.quote) < 0 && bytes.Count(line, []byte{f.delim}) < s.lim.Columns {
		m.plain(line, f.delim)
		return m
	}
	g := &s.probe
	g.s, g.form = s, *f
	row, end := g.record(line, next)
	m.end = here + int64(end)
	m.quoted = bytes.IndexByte(line, f.quote) >= 0
	m.width = int32(len(row))
	m.hollow = len(row[0]) == 0
	m.stump = len(row[len(row)-1]) == 0
	m.clear = bytes.IndexByte(trim(line), ' ') < 0
	for _, cell := range row {
		if len(cell) > 0 {
			m.words += int32(1 + bytes.Count(cell, []byte{' '}))
		}
	}
	for i := 0; i < len(line); i++ {
		if line[i] == f.delim {
			m.parted(line, i)
		}
	}
	return m
}
