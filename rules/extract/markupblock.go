package extract

import "bytes"

// blockStack finds the tables that are made of blocks inside blocks: where
// two blocks that follow each other have the same number of lines, each in a
// block of its own, they are rows.
type blockStack struct {
	stack  []openBlock
	group  [][]byte // the lines of a closed block that may be a row
	depth  int      // how deep it stood
	grid   int      // the grid that it was given to, 0 for none yet
	inGrid bool
}

// openBlock is a block element whose end has not come.
type openBlock struct {
	name  string
	keeps bool     // it keeps white space
	lines [][]byte // of the blocks inside it
	size  int
	mixed bool // it has text or blocks beside plain lines
}

const (
	maxBlocks    = 512
	maxGroupLine = 64
	maxGroupSize = 16 << 10
)

func rowBlock(name string) bool {
	return name == "div" || name == "li" || name == "ul" || name == "section" || name == "article"
}

func (s *blockStack) open(m *markup, name string) {
	if !rowBlock(name) || m.table() != nil || len(s.stack) >= maxBlocks {
		return
	}
	s.stack = append(s.stack, openBlock{name: name})
}

// keep notes that the innermost block keeps white space.
func (s *blockStack) keep() {
	if n := len(s.stack); n > 0 {
		s.stack[n-1].keeps = true
	}
}

// close handles the end of a block outside tables.
func (s *blockStack) close(m *markup, name string) {
	n := len(s.stack)
	if !rowBlock(name) || n == 0 || s.stack[n-1].name != name {
		m.breakLine()
		return
	}
	b := s.stack[n-1]
	line := bytes.TrimSpace(m.line)
	if b.keeps {
		m.pre = max(m.pre-1, 0)
	}
	switch {
	case len(b.lines) == 0 && !b.mixed && len(line) > 0 && n > 1 && !s.stack[n-2].mixed && m.pre == 0:
		// A block of one line: it waits for what its parent proves to be.
		p := &s.stack[n-2]
		p.lines = append(p.lines, bytes.Clone(line))
		p.size += len(line)
		m.line, m.space = m.line[:0], false
		s.stack = s.stack[:n-1]
		if len(p.lines) > maxGroupLine || p.size > maxGroupSize {
			s.flush(m)
		}
	case len(b.lines) > 1 && !b.mixed && len(line) == 0:
		s.stack = s.stack[:n-1]
		s.row(m, b.lines)
	default:
		m.breakLine()
		if len(s.stack) == n {
			s.flush(m)
			s.stack = s.stack[:n-1]
		}
	}
}

// row takes a closed block of several lines.
func (s *blockStack) row(m *markup, cells [][]byte) {
	depth := len(s.stack)
	same := s.group != nil && s.depth == depth && len(s.group) == len(cells)
	switch {
	case same && s.inGrid:
		m.add(&item{kind: itemRow, cells: cells, grid: s.grid})
	case same:
		m.grids++
		s.grid, s.inGrid = m.grids, true
		m.add(&item{kind: itemRow, cells: s.group, grid: s.grid})
		m.add(&item{kind: itemRow, cells: cells, grid: s.grid})
	default:
		s.giveGroup(m)
	}
	s.group, s.depth = cells, depth
	if !same {
		s.inGrid = false
	}
}

// giveGroup gives the block that waits as lines, if it was given as no row.
func (s *blockStack) giveGroup(m *markup) {
	if s.group != nil && !s.inGrid {
		for _, l := range s.group {
			m.emit(l, true)
		}
	}
	s.group, s.inGrid = nil, false
}

// flush gives whatever waits, since something else comes: the blocks that are
// open are no rows.
func (s *blockStack) flush(m *markup) {
	s.giveGroup(m)
	for i := range s.stack {
		b := &s.stack[i]
		for _, l := range b.lines {
			m.emit(l, true)
		}
		b.lines, b.mixed = nil, true
	}
}
