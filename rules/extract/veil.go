package extract

import "bytes"

// within is an element that is open, with those of its name inside it.
type within struct {
	name string
	deep int // 0: none is open
}

func (s *within) open(name string) {
	if s.deep == 0 {
		s.name = name
	}
	if s.name == name {
		s.deep++
	}
}

// close reports whether the end tag closes the element.
func (s *within) close(name string) bool {
	if s.deep == 0 || s.name != name {
		return false
	}
	s.deep--
	return s.deep == 0
}

// veil keeps text apart that a page has and does not show in the middle of
// text that it shows, as decoys between the letters of a word. A cell or line
// that has nothing else is what it says.
type veil struct {
	within
	text []byte
}

// inline tells the elements inside a line that can be hidden as a decoy is.
func inline(name string) bool {
	switch name {
	case "span", "b", "i", "u", "s", "em", "strong", "font", "small", "big", "sub", "sup", "code", "tt", "label", "ins", "del", "mark", "":
		return true
	}
	return false
}

// styled begins what an element's style asks for.
func (m *markup) styled(name string, l look) {
	if voidElement(name) {
		return
	}
	switch {
	case m.veil.deep > 0 && m.veil.name == name, l.hidden && inline(name) && m.veil.deep == 0:
		m.veil.open(name)
	}
	if m.turn.deep > 0 && m.turn.name == name || l.turned() && m.turn.deep == 0 {
		m.turn.open(name)
	}
}

// unstyled ends it.
func (m *markup) unstyled(name string) {
	m.veil.close(name)
	if m.turn.close(name) && m.turning {
		m.turning = false
		m.mark([]byte(endOverride), true)
	}
}

func voidElement(name string) bool {
	switch name {
	case "br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "param", "source", "track", "wbr":
		return true
	}
	return false
}

// lift ends hidden text with the cell or line that it stands in. open is what
// that shows.
func (m *markup) lift(open []byte) []byte {
	m.veil.deep, m.turning = 0, false
	if len(m.veil.text) == 0 {
		return open
	}
	if len(bytes.TrimSpace(open)) == 0 {
		open = append(open, m.veil.text...)
	} else {
		m.shadow.value(m.veil.text)
		m.shadow.end()
	}
	m.veil.text = m.veil.text[:0]
	return open
}

// mark adds a mark to the open cell or line, before or behind the white space
// that came last.
func (m *markup) mark(b []byte, before bool) {
	t := m.table()
	switch {
	case t != nil:
		t.write(m, b, before)
	case before:
		m.line = append(m.line, b...)
	default:
		m.line, m.space = collapse(m.line, b, m.space)
	}
}

// turnText marks text that a page turns around, so that it is folded as text
// with the mark of Unicode is.
func (m *markup) turnText(b []byte) []byte {
	if len(bytes.TrimSpace(b)) == 0 {
		return b
	}
	if !m.turning {
		m.turning = true
		m.mark([]byte(override), false)
	}
	if i := bytes.IndexByte(bytes.TrimSpace(b), '\n'); i >= 0 {
		return bytes.ReplaceAll(b, []byte("\n"), []byte("\n"+override))
	}
	return b
}
