package extract

import (
	"bytes"
	"cmp"
	"math"
	"slices"
)

// placed gathers text that a page puts at places of its own, as SVG and
// absolutely positioned elements do, in whatever order: it is read in lines
// from the top, and what stands below each other is a column.
type placed struct {
	within
	pieces []placedText
	size   int
	x, y   float64
	open   bool // text goes into the last piece
	depth  int  // of the blocks that were open when the first one came

	svg    int // depth of svg elements
	shifts []shift
	deeper int // groups within more than maxShifts
}

type placedText struct {
	x, y float64
	text []byte
}

// shift is by how much a group of an SVG, with those around it, moves what is
// inside it.
type shift struct{ x, y float64 }

const (
	maxPlaced     = 20_000
	maxPlacedSize = 4 << 20
	maxShifts     = 1024 // groups within one another
	// lineHeight is how far two pieces of one line may be apart, in pixels.
	lineHeight = 3
	// maxPlacedColumns is how many places in a line can be columns.
	maxPlacedColumns = 64
)

// at begins a piece.
func (p *placed) at(m *markup, x, y float64) {
	if len(p.pieces) >= maxPlaced || p.size > maxPlacedSize {
		p.flush(m)
	}
	if len(p.pieces) == 0 {
		p.depth = len(m.blocks.stack)
	}
	p.x, p.y, p.open = x, y, true
	p.pieces = append(p.pieces, placedText{x: x, y: y})
}

// write adds to the open piece.
func (p *placed) write(b []byte) {
	last := &p.pieces[len(p.pieces)-1]
	space := len(b) > 0 && blankByte(b[0])
	before := len(last.text)
	last.text, _ = collapse(last.text, b, space)
	if n := len(b); n > 0 && blankByte(b[n-1]) && len(last.text) > before {
		last.text = append(last.text, ' ')
	}
	p.size += len(last.text) - before
}

// flush gives the lines.
func (p *placed) flush(m *markup) {
	pieces := slices.DeleteFunc(p.pieces, func(t placedText) bool { return len(bytes.TrimSpace(t.text)) == 0 })
	p.pieces, p.size = nil, 0
	if len(pieces) == 0 {
		return
	}
	slices.SortStableFunc(pieces, func(a, b placedText) int { return cmp.Compare(a.y, b.y) })
	columns := placedColumns(pieces)
	m.grids++
	for len(pieces) > 0 {
		n := 1
		for n < len(pieces) && pieces[n].y-pieces[n-1].y < lineHeight {
			n++
		}
		line := pieces[:n]
		pieces = pieces[n:]
		slices.SortStableFunc(line, func(a, b placedText) int { return cmp.Compare(a.x, b.x) })
		if len(line) == 1 || columns == nil {
			m.emit(joinPlaced(line), true)
			continue
		}
		row := m.newRow(m.grids)
		for _, c := range columns {
			var cell []byte
			for len(line) > 0 && line[0].x <= c {
				cell = append(append(cell, ' '), line[0].text...)
				line = line[1:]
			}
			row.addCell(bytes.TrimSpace(cell))
		}
		m.add(row)
	}
}

// placedColumns returns the end of the places where pieces begin, nil if they
// are too many to be columns.
func placedColumns(pieces []placedText) []float64 {
	xs := make([]float64, len(pieces))
	for i, p := range pieces {
		xs[i] = p.x
	}
	slices.Sort(xs)
	var columns []float64
	for _, x := range xs {
		if n := len(columns); n > 0 && x-columns[n-1] < lineHeight {
			columns[n-1] = x
		} else {
			columns = append(columns, x)
		}
	}
	if len(columns) < 2 || len(columns) > maxPlacedColumns {
		return nil
	}
	return columns
}

// joinPlaced writes the pieces of a line after each other, with a tab where the
// gap between them is more than a word's.
func joinPlaced(line []placedText) []byte {
	const letterWidth, tabGap = 7, 14
	var out []byte
	end := math.Inf(1)
	for _, p := range line {
		switch {
		case p.x-end > tabGap:
			out = append(out, '\t')
		case p.x-end > 1:
			out = append(out, ' ')
		}
		out = append(out, bytes.TrimSpace(p.text)...)
		end = p.x + float64(len(p.text))*letterWidth
	}
	return out
}

// startPlaced takes the start of an element that may place its text.
func (m *markup) startPlaced(name string, a *attributes) {
	p := &m.placed
	if p.svg == 0 && p.deep == 0 && !a.look.placed() && name != "svg" {
		return // as nearly all
	}
	switch {
	case name == "svg":
		p.svg++
	case p.svg > 0 && name == "g" && len(p.shifts) == maxShifts:
		p.deeper++
	case p.svg > 0 && name == "g":
		p.shifts = append(p.shifts, shift{p.shift().x + a.shiftX, p.shift().y + a.shiftY})
	case p.svg > 0 && name == "text":
		p.at(m, a.x+a.shiftX+p.shift().x, a.y+a.shiftY+p.shift().y)
	case p.svg > 0 && p.open && name == "tspan" && (a.hasX || a.hasY || a.dy != 0 || a.dx > wordGap):
		x, y := p.x+a.dx, p.y+a.dy
		if a.hasX {
			x = a.x + p.shift().x + a.dx
		}
		if a.hasY {
			y = a.y + p.shift().y + a.dy
		}
		if !a.hasX && a.dx > wordGap {
			x += float64(len(p.pieces[len(p.pieces)-1].text)) * 7
		}
		p.at(m, x, y)
	case p.deep > 0 && p.name == name && !a.look.placed():
		p.deep++
	case p.svg == 0 && a.look.placed() && m.table() == nil && name != "body" && !voidElement(name):
		p.deep = 0
		p.within.open(name)
		p.at(m, a.look.left, a.look.top)
		if rowBlock(name) && len(p.pieces) == 1 {
			p.depth-- // it is a block itself
		}
	}
}

// endPlaced takes the end of one.
func (m *markup) endPlaced(name string) {
	p := &m.placed
	if p.svg == 0 && p.deep == 0 && p.deeper == 0 && len(p.shifts) == 0 {
		return // as nearly all
	}
	switch {
	case name == "svg" && p.svg > 0:
		if p.svg--; p.svg == 0 {
			p.open, p.shifts, p.deeper = false, nil, 0
			m.breakLine()
			p.flush(m)
		}
	case name == "g" && p.deeper > 0:
		p.deeper--
	case name == "g" && len(p.shifts) > 0:
		p.shifts = p.shifts[:len(p.shifts)-1]
	case name == "text" && p.svg > 0:
		p.open = false
	case p.svg == 0 && p.close(name):
		p.open = false
	}
}

// leave gives what was placed inside a block that has ended.
func (p *placed) leave(m *markup) {
	if len(p.pieces) > 0 && p.svg == 0 && !p.open && len(m.blocks.stack) < p.depth {
		p.flush(m)
	}
}

// shift is by how much the open groups move what comes.
func (p *placed) shift() shift {
	if n := len(p.shifts); n > 0 {
		return p.shifts[n-1]
	}
	return shift{}
}

// translation reads what a transform of SVG moves by: "translate(4,8)" or the
// last two of a matrix.
func translation(value []byte) (x, y float64) {
	name, args, ok := bytes.Cut(value, []byte("("))
	if !ok {
		return 0, 0
	}
	args, _, _ = bytes.Cut(args, []byte(")"))
	f := bytes.FieldsFunc(args, func(r rune) bool { return r == ',' || r == ' ' })
	switch {
	case bytes.Contains(name, []byte("translate")) && len(f) > 0:
		x, _ = pixels(f[0])
		if len(f) > 1 {
			y, _ = pixels(f[1])
		}
	case bytes.Contains(name, []byte("matrix")) && len(f) == 6:
		x, _ = pixels(f[4])
		y, _ = pixels(f[5])
	}
	return x, y
}
