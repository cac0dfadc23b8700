package table

import (
	"bytes"
	"io"
	"unicode/utf8"
)

const (
	alignedSample = 40  // lines looked at to find the columns
	alignedWidth  = 512 // characters of a line in which columns are sought
	glueLines     = 6   // lines that tell columns without a blank between them
)

// aligned is a Grid over rows whose columns begin at the same place.
type aligned struct {
	s     *splitter
	stops []int // where columns begin, in characters
	row   [][]byte
}

// turn reports whether a letter follows a digit.
func turn(before, c byte) bool { return digit(before) && (c >= 0x80 || 'a' <= c|0x20 && c|0x20 <= 'z') }

// gaps counts the runs of two spaces or more, or of tabs, inside a line.
func gaps(line []byte) int {
	line = trim(line)
	n := 0
	for i := 0; i+1 < len(line); i++ {
		if line[i] == ' ' && line[i+1] == ' ' {
			n++
			for i < len(line) && line[i] == ' ' {
				i++
			}
		}
	}
	return n
}

// align finds the columns of the lines at the reading position: characters
// that are blank in all of them. It returns nil if they are no such table.
func (s *splitter) align(line []byte) []int {
	if gaps(line) == 0 {
		return nil
	}
	var ink [alignedWidth]uint8   // lines that have something there
	var turns [alignedWidth]uint8 // lines in which a letter follows a digit there
	lines, gapped, width, widest := 0, 0, 0, 0
	off := 0
	for lines < alignedSample {
		text, next, ok := s.src.peek(off)
		if !ok {
			break
		}
		off = next
		if text = unquote(text); blank(text) {
			break
		}
		if border(text) {
			continue
		}
		n := gaps(text)
		if n == 0 && lines > 2 {
			break
		}
		lines++
		if n > 0 {
			gapped++
		}
		if gapped < lines-1 {
			return nil
		}
		width = max(width, mark(&ink, &turns, text))
		widest = max(widest, n)
	}
	if lines < 3 || gapped < lines-1 {
		return nil
	}
	stops := stopsOf(ink[:width], turns[:width], uint8(lines))
	if len(stops) < 2 || len(stops) == 2 && lines < 4 || len(stops) < widest/2 {
		return nil
	}
	return stops
}

// mark notes where a line has characters and returns its length.
func mark(ink, turns *[alignedWidth]uint8, line []byte) int {
	n, before := 0, byte(0)
	for len(line) > 0 && n < alignedWidth {
		r, size := utf8.DecodeRune(line)
		if r != ' ' && r != '\t' && r != 0xA0 {
			if ink[n] < 255 {
				ink[n]++
			}
		}
		if turn(before, line[0]) {
			turns[n]++
		}
		before = line[0]
		line = line[size:]
		n++
	}
	return n
}

// stopsOf returns where the inked stretches begin that are parted by two
// blanks or more, or by one if a column is full right up to it, and where all
// lines turn from digits to letters: a number of fixed width needs no blank.
func stopsOf(ink, turns []uint8, lines uint8) []int {
	var stops []int
	blank := 2
	for i, n := range ink {
		if n == 0 {
			blank++
			continue
		}
		if blank >= 2 || lines >= glueLines && turns[i] == lines {
			stops = append(stops, i)
		}
		blank = 0
	}
	return stops
}

func (g *aligned) Next() ([][]byte, error) {
	for {
		if err := g.s.refill(); err != nil {
			return nil, err
		}
		line, next, ok := g.s.src.peek(0)
		if !ok {
			return nil, io.EOF
		}
		line = unquote(line)
		switch {
		case blank(line):
			if !g.resumes(next) {
				return nil, io.EOF
			}
			g.s.pass(next)
			continue
		case border(line):
			g.s.pass(next)
			continue
		}
		row, fits := g.cut(line)
		if !fits {
			if gaps(line) == 0 || !g.resumes(next) {
				return nil, io.EOF
			}
			row = g.loose(line)
		}
		g.s.pass(next)
		return row, nil
	}
}

// resumes reports whether a line that fits the columns follows.
func (g *aligned) resumes(off int) bool {
	line, _, ok := g.s.src.peek(off)
	if !ok {
		return false
	}
	line = unquote(line)
	if blank(line) || gaps(line) == 0 {
		return false
	}
	_, fits := g.cut(line)
	return fits
}

// cut cuts a line at the columns. It does not fit if a word lies across a
// stop, or if all of it stands in the first column.
func (g *aligned) cut(line []byte) (row [][]byte, fits bool) {
	g.row = g.row[:0]
	at, stop, start, filled := 0, 1, 0, 0
	for i := 0; i < len(line) && stop < len(g.stops); at++ {
		if at == g.stops[stop] {
			if i > 0 && line[i-1] != ' ' && line[i-1] != '\t' && !turn(line[i-1], line[i]) {
				return nil, false
			}
			g.row = append(g.row, trim(line[start:i]))
			start = i
			stop++
		}
		_, size := utf8.DecodeRune(line[i:])
		i += size
	}
	g.row = append(g.row, trim(line[start:]))
	for len(g.row) < len(g.stops) {
		g.row = append(g.row, nil)
	}
	for _, c := range g.row {
		if len(c) > 0 {
			filled++
		}
	}
	return g.row, filled > 1
}

// loose cuts a line at its gaps, where it does not keep to the columns.
func (g *aligned) loose(line []byte) [][]byte {
	g.row = g.row[:0]
	for line = trim(line); len(line) > 0; line = trim(line) {
		n := bytes.Index(line, []byte("  "))
		if n < 0 {
			n = len(line)
		}
		g.row = append(g.row, trim(line[:n]))
		line = line[n:]
	}
	return g.row
}
