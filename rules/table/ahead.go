package table

import "bytes"

// seen is a line of the window that was looked at.
type seen struct {
	at    int64  // where it begins in the text
	next  int    // bytes to the line after it
	line  []byte // without its line end
	text  []byte // without reply marks
	marks uint16 // of text
	kind  lineKind

	counted uint8 // the delimiter that was counted last, from 1; 0 for none
	delims  int   // how many of it there are
}

// count returns how many of the i-th delimiter the line has. The lines above it
// ask for the same.
func (l *seen) count(i int) int {
	if int(l.counted) != i+1 {
		l.counted, l.delims = uint8(i+1), bytes.Count(l.text, []byte{delimiters[i]})
	}
	return l.delims
}

// lineKind is what a line is to a table.
type lineKind uint8

const (
	recordLine lineKind = iota
	blankLine
	borderLine
)

// ahead remembers the lines from the reading position on, so that each is
// looked at once however many lines before it look ahead.
type ahead struct {
	lines []seen // those from first on follow each other
	first int
}

// keep is how many lines that were passed are kept before they make room.
const keep = 64

// look returns the i-th line from the reading position on, nil if it does not
// stand whole in the window. It is valid until the window moves.
func (s *splitter) look(i int) *seen {
	a, here := &s.ahead, s.src.past+int64(s.src.pos)
	for a.first < len(a.lines) && a.lines[a.first].at < here {
		a.first++
	}
	if a.first == len(a.lines) || a.lines[a.first].at != here {
		a.lines, a.first = a.lines[:0], 0
	}
	if a.first > keep {
		a.lines = a.lines[:copy(a.lines, a.lines[a.first:])]
		a.first = 0
	}
	for a.first+i >= len(a.lines) {
		at := here
		if n := len(a.lines); n > 0 {
			at = a.lines[n-1].at + int64(a.lines[n-1].next)
		}
		line, next, ok := s.src.peek(int(at - here))
		if !ok {
			return nil
		}
		l := seen{at: at, next: next - int(at-here), line: line, text: unquote(line)}
		l.marks = s.traits.line(l.text)
		switch {
		case blank(l.text):
			l.kind = blankLine
		case border(l.text):
			l.kind = borderLine
		}
		a.lines = append(a.lines, l)
	}
	return &a.lines[a.first+i]
}

// forget drops the lines: the window moves.
func (a *ahead) forget() { a.lines, a.first = a.lines[:0], 0 }

// after finds the first two lines after the current one that are neither
// blank nor a border, among the next four, and returns how many there are.
func (s *splitter) after(lines *[2]*seen) int {
	found := 0
	for i := 1; i <= 4 && found < len(lines); i++ {
		l := s.look(i)
		if l == nil {
			break
		}
		if l.kind == recordLine {
			lines[found] = l
			found++
		}
	}
	return found
}

// likely reports whether the lines after one have about as many of the i-th
// delimiter. A line with quotes may be any part of a record.
func likely(line *seen, after []*seen, i int) bool {
	if line.marks&hasQuote != 0 || bytes.HasPrefix(trim(line.text), []byte{'\''}) {
		return true
	}
	for _, next := range after {
		if next.marks>>i&1 == 0 {
			return false
		}
	}
	n := line.count(i)
	for _, next := range after {
		m := next.count(i)
		if m != n && next.marks&hasQuote == 0 && (n < 3 || m-n > n/2 || n-m > n/2) {
			return false
		}
	}
	return true
}
