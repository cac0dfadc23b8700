package table

import "bytes"

const (
	sniffRecords = 24       // records looked at to tell the form of a table
	sniffBytes   = 16 << 10 // bytes looked at
)

// sniff tells the form of the delimited table that begins with line, if one
// does. It first makes the cheap check that the two lines after have about the
// same number of some delimiter, since it is asked about each line of prose.
func (s *splitter) sniff(line *seen) (form, bool) {
	best, bestScore := form{}, 0.0
	if line.marks&hasBox != 0 && boxed(line.text) {
		f := form{delim: '|', quote: '"', drawn: true}
		return f, s.weigh(&f) > 0
	}
	var after [2]*seen
	found := s.after(&after)
	if found == 0 {
		return best, false
	}
	for i := range len(delimiters) {
		d := delimiters[i]
		if line.marks&(1<<i) == 0 || d == ':' && line.kind == recordLine && colonSpace(line.text) ||
			!likely(line, after[:found], i) {
			continue // what a colon and a space part is never a table of them: see weigh
		}
		f := form{delim: d, quote: '"', drawn: d == '|' && framed(line.text)}
		if score := s.weigh(&f); score > bestScore {
			best, bestScore = f, score
		}
	}
	return best, bestScore > 0
}

// colonSpace reports whether a line has a colon before a space.
func colonSpace(line []byte) bool {
	for {
		n := bytes.IndexByte(line, ':')
		if n < 0 || n+1 == len(line) {
			return false
		}
		if line[n+1] == ' ' {
			return true
		}
		line = line[n+1:]
	}
}

// boxed reports whether a row is drawn with the vertical lines of Unicode.
func boxed(line []byte) bool {
	line = trim(line)
	if len(line) < 3 || line[0] != 0xE2 {
		return false
	}
	for _, box := range boxes() {
		if bytes.HasPrefix(line, []byte(box)) {
			return true
		}
	}
	return false
}

// framed reports whether a row is drawn with '|' at its edge.
func framed(line []byte) bool {
	line = trim(line)
	return len(line) > 0 && (line[0] == '|' || line[len(line)-1] == '|')
}

// sample is what weigh saw of the records in one form.
type sample struct {
	widths  []int // cells of each record
	same    int   // records as wide as the first
	cells   int
	spaced  int // delimiters followed by a space
	words   int // words in cells
	between int // delimiters between two digits
	delims  int
	clear   int // records without any space
	hollow  int // records whose first cell is empty
	stumps  int // records whose last cell is empty
}

// weigh says how much the lines look like a table of form f, 0 for not at
// all, and sets the number of columns.
func (s *splitter) weigh(f *form) float64 {
	if f.delim != '|' && s.singleQuoted(f.delim) {
		f.quote = '\''
	}
	sm := s.take(f)
	n := len(sm.widths)
	if n < 3 && !(n == 2 && f.drawn) {
		return 0
	}
	width, times := mode(sm.widths)
	share := float64(times) / float64(n)
	if width < 2 || 2*sm.widths[0] < width+1 || share < 0.6 || sm.widths[1] < 2 {
		return 0
	}
	f.columns = width
	wordy := float64(sm.words) / float64(sm.cells)
	spaced := float64(sm.spaced) / float64(sm.delims)
	if f.delim == ':' && (width < 3 && sm.clear < n || spaced > 0 || wordy > 1.5 || share < 0.95 || sm.between > sm.delims/2) {
		return 0 // times, labels, sentences
	}
	if width == 2 && (sm.hollow == n || sm.stumps == n) {
		return 0 // indented by a tab; statements that end with a semicolon
	}
	prose := wordy > 2.5 && spaced > 0.8 && (f.delim == ',' || f.delim == ';')
	switch {
	case f.drawn:
	case width == 2 && (share < 1 || n < 4 && f.delim != '\t' && f.delim != '|'):
		return 0
	case width == 2 && f.delim == ',' && (sm.between == sm.delims || wordy > 3 && spaced > 0.5):
		return 0 // decimal commas; sentences
	case width == 2 && wordy > 5:
		return 0
	case prose && (n < 8 || share < 0.95):
		return 0
	}
	score := share*10 + min(float64(width), 8)/4
	if f.delim == ',' && sm.between*10 > sm.delims*8 && width < 4 {
		score -= 3
	}
	if f.delim == ':' {
		score -= 4
	}
	return score
}

// take reads the first records in form f without moving the reading position.
func (s *splitter) take(f *form) sample {
	cut := s.cut
	defer func() { s.cut = cut }() // what a probe leaves out is not left out
	sm := sample{widths: s.widths[:0]}
	ahead := s.measures(f)
	if ahead.even(s, f) {
		sm = ahead.run
		sm.same, sm.widths = sniffRecords, s.widths[:sniffRecords]
		for i := range sm.widths {
			sm.widths[i] = int(ahead.line(0).width)
		}
		return sm
	}
	here := s.src.past + int64(s.src.pos)
	at, empty := here, 0
	for i := 0; len(sm.widths) < sniffRecords && at-here < sniffBytes; i++ {
		if n := len(sm.widths); n >= 4 && sm.same*2 < n {
			break // as uneven as sentences are
		}
		m := ahead.line(i)
		if m == nil || m.at != at {
			if m = ahead.measure(i, s, f, int(at-here)); m == nil {
				break
			}
		}
		at = m.end
		if m.kind == blankLine {
			if empty++; empty > 1 {
				break
			}
			continue
		}
		if m.kind == borderLine {
			continue
		}
		if m.width == 1 && len(sm.widths) >= 3 || empty > 0 && len(sm.widths) > 0 && int(m.width) != sm.widths[0] {
			break
		}
		empty = 0
		sm.add(m)
	}
	return sm
}

func (sm *sample) add(m *measured) {
	sm.widths = append(sm.widths, int(m.width))
	if int(m.width) == sm.widths[0] {
		sm.same++
	}
	sm.count(m, 1)
}

// count adds n times what a record counts; n may be negative.
func (sm *sample) count(m *measured, n int) {
	sm.cells += n * int(m.width)
	sm.words += n * int(m.words)
	sm.delims += n * int(m.delims)
	sm.spaced += n * int(m.spaced)
	sm.between += n * int(m.between)
	if m.hollow {
		sm.hollow += n
	}
	if m.stump {
		sm.stumps += n
	}
	if m.clear {
		sm.clear += n
	}
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// mode returns the most frequent width, the first of equals, and how often it
// occurs.
func mode(widths []int) (width, times int) {
	for i, w := range widths {
		n := 0
		for _, v := range widths[i:] {
			if v == w {
				n++
			}
		}
		if n > times {
			width, times = w, n
		}
		if times >= len(widths)-i-1 {
			break // what is left cannot be more
		}
	}
	return width, times
}

// singleQuoted reports whether the line at the reading position quotes cells
// with apostrophes.
func (s *splitter) singleQuoted(delim byte) bool {
	line, _, ok := s.src.peek(0)
	if !ok {
		return false
	}
	line = trim(unquote(line))
	return len(line) > 2 && line[0] == '\'' && line[len(line)-1] == '\'' &&
		bytes.Contains(line, []byte{'\'', delim})
}
