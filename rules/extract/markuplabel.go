package extract

import "bytes"

const (
	labelSize  = 40  // bytes of a label, at most
	shortLabel = 16  // bytes of one that is cut short: "Cell."
	labelled   = 120 // bytes of what it names, at most
)

// labels finds the labels that only their look tells: bold words at the
// beginning of a short line, and the terms of a description list. A colon is put
// behind them, as their reader would say it.
type labels struct {
	open bool // an element that began its line is open
	end  int  // of the label in the open line, 0 for none
	term bool // the line is a term, whose description comes next
}

// begin handles the start tag of an element whose text may be a label.
func (l *labels) begin(m *markup) {
	l.open = m.table() == nil && len(m.line) == 0
}

// finish handles the end tag of one.
func (l *labels) finish(m *markup) {
	if n := len(m.line); l.open && m.table() == nil && n > 0 && n <= labelSize && (!ending(m.line[n-1]) || m.line[n-1] == '.' && n <= shortLabel) {
		l.end = n
	}
	l.open = false
}

// ending reports whether a character ends a label or a sentence already.
func ending(c byte) bool { return c == ':' || c == '.' || c == ',' || c == '!' || c == '?' || c == ' ' }

// spell writes the colon of a label into a line that is complete.
func (l *labels) spell(line []byte) []byte {
	at := l.end
	l.end, l.term = 0, false
	if at == 0 || at >= len(line) || line[at] != ' ' || len(line)-at > labelled || bytes.IndexByte(line[at:], ':') == 1 {
		return line
	}
	line = append(line, 0)
	copy(line[at+1:], line[at:])
	line[at] = ':'
	return line
}

// closeTerm handles the end of a term, and reports whether its line stays
// open.
func (l *labels) closeTerm(m *markup) bool {
	n := len(m.line)
	if m.table() != nil || n == 0 || n > labelSize {
		return false
	}
	if m.line[n-1] != ':' {
		m.line = append(m.line, ':')
	}
	m.space, l.term = true, true
	return true
}

// describes reports whether an element is the description of the term in the
// open line.
func (l *labels) describes(name string) bool {
	term := l.term
	l.term = false
	return term && name == "dd"
}
