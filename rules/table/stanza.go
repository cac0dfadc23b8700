package table

import "io"

const (
	stanzaSample = 4  // stanzas looked at to tell a list of them
	stanzaLines  = 24 // lines of one, at most
	stanzaWidth  = 80 // bytes of a line, at most
)

// stanzas is a Grid over blocks of equally many short lines, parted by blank
// lines, with a value a line: what a form, an address list or a table pasted
// cell by cell looks like. Each block is a row.
type stanzas struct {
	s     *splitter
	lines int // of each stanza
	row   [][]byte
}

// stanzas recognises a list of stanzas that begins with line l: the lines of
// the first ones agree in what stands in each place, and not all of it is
// words, as it would be in verse, nor labelled, as in key-value blocks.
func (s *splitter) stanzas(l *seen) func() error {
	if len(l.line) > stanzaWidth || !s.afterBlank() {
		return nil
	}
	if p, ok := pairOf(trim(l.text)); ok && headerWord(p.key) > 0 {
		return nil // the head of a mail that is quoted
	}
	lines := s.stanza(0)
	if lines < 2 || !s.alike(lines) {
		return nil
	}
	even, pairs, telling := 0, 0, false
	for place := range lines {
		text := s.look(place).text
		if _, ok := pairOf(text); ok {
			pairs++
		}
		form := lineShape(text)
		agreed := true
		for block := 1; block < stanzaSample && agreed; block++ {
			agreed = lineShape(s.look(block*(lines+1)+place).text) == form
		}
		if agreed {
			even++
			telling = telling || form != wordy
		}
	}
	if pairs*2 >= lines || !telling || even*10 < lines*6 {
		return nil
	}
	return func() error { return s.give(Stanzas, &stanzas{s: s, lines: lines}) }
}

// alike reports whether the next stanzas have the same number of lines and
// are parted by one blank line each.
func (s *splitter) alike(lines int) bool {
	for block := 1; block < stanzaSample; block++ {
		if s.stanza(block*(lines+1)) != lines {
			return false
		}
	}
	return true
}

// stanza counts the lines of the stanza that begins with the i-th line from
// the reading position, 0 if there is none.
func (s *splitter) stanza(i int) (lines int) {
	for ; ; lines++ {
		l := s.look(i + lines)
		switch {
		case l == nil && s.src.eof, l != nil && l.kind == blankLine:
			return lines
		case l == nil, l.kind == borderLine, len(l.line) > stanzaWidth, lines == stanzaLines:
			return 0
		}
	}
}

// afterBlank reports whether the reading position follows a blank line or
// begins the text.
func (s *splitter) afterBlank() bool {
	before := s.src.buf[:s.src.pos]
	if len(before) == 0 {
		return s.src.past == 0
	}
	n := lastBreak(before[:len(before)-1])
	return blank(unquote(trimCR(before[n+1 : len(before)-1])))
}

// lineShape returns the coarse form of a whole line.
func lineShape(line []byte) shape {
	letters, digits := false, false
	for _, c := range line {
		switch {
		case c == '@':
			return address
		case '0' <= c && c <= '9':
			digits = true
		case 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80:
			letters = true
		}
	}
	switch {
	case !letters:
		return numeric
	case !digits:
		return wordy
	}
	return mixed
}

// Next implements Grid. The list ends before the first block of another
// number of lines.
func (g *stanzas) Next() ([][]byte, error) {
	if err := g.s.refill(); err != nil {
		return nil, err
	}
	at := 0
	g.row = g.row[:0]
	for {
		line, next, ok := g.s.src.peek(at)
		if text := unquote(line); ok && !blank(text) {
			if len(g.row) == g.lines {
				return nil, io.EOF
			}
			g.row = append(g.row, trim(text))
		} else if len(g.row) > 0 || !ok {
			break
		}
		at = next
	}
	if len(g.row) != g.lines {
		return nil, io.EOF
	}
	g.s.pass(at)
	return g.row, nil
}
