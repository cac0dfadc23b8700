package pdf

import (
	"cmp"
	"slices"
	"strings"
)

// block is a stretch of a page: running text, or lines that stand in columns.
type block struct {
	place string
	text  string
	table *tableBlock // nil for running text
}

// tableBlock is lines that stand in columns.
type tableBlock struct {
	canvas *canvas
	lines  []line
	gaps   []gap
}

// minRows is how many lines make a table.
const minRows = 3

// blocks cuts lines into tables and running text.
func (c *canvas) blocks(place string, lines []line) []block {
	var out []block
	var prose []byte
	flush := func() {
		if len(prose) > 0 {
			out = append(out, block{place: place, text: string(prose)})
			prose = nil
		}
	}
	tell := func(lines []line) {
		for _, l := range lines {
			for _, base := range l.baselines() {
				prose = append(c.appendText(prose, base.words), '\n')
			}
		}
	}
	look := newLookout(lines)
	for len(lines) > 0 {
		at := len(look.lines) - len(lines)
		s := look.at(at)
		if skip := look.titles(at); skip > 0 {
			tell(lines[:skip])
			lines = lines[skip:]
			continue
		}
		if s.lines < minRows {
			tell(lines[:1])
			lines = lines[1:]
			continue
		}
		t := &tableBlock{canvas: c, lines: lines[:s.lines], gaps: s.gaps}
		t.tidy()
		skip := t.trim()
		keep := len(t.lines)
		tell(lines[:skip])
		switch {
		case len(t.lines) < minRows:
			tell(lines[skip : skip+keep])
		case t.prose():
			prose = t.appendColumns(prose)
		case t.labels():
			tell(t.lines)
		default:
			flush()
			out = append(out, block{place: place, table: t})
		}
		lines = lines[skip+keep:]
	}
	flush()
	return out
}

// cell returns the words of a line in one column.
func (t *tableBlock) cell(l line, col int) []word {
	from, to := 0, len(l.words)
	if col > 0 {
		from = l.at(t.gaps[col-1].b)
	}
	if col < len(t.gaps) {
		to = max(from, l.at(t.gaps[col].b))
	}
	return l.words[from:to]
}

// tidy joins a column that holds one word in a single line, such as the second
// word of a heading, to the nearer of its neighbours.
func (t *tableBlock) tidy() {
	for col := 1; col < len(t.gaps) && len(t.lines) > minRows; col++ {
		var only []word
		n, at := 0, 0
		for i, l := range t.lines {
			if words := t.cell(l, col); len(words) > 0 {
				n, at, only = n+1, i, words
			}
		}
		if n > 1 {
			continue
		}
		drop := col
		left, right := t.cell(t.lines[at], col-1), t.cell(t.lines[at], col+1)
		if n == 1 && len(left) > 0 && (len(right) == 0 ||
			only[0].x0-left[len(left)-1].x1 < right[0].x0-only[len(only)-1].x1) {
			drop = col - 1
		}
		t.gaps = slices.Delete(slices.Clone(t.gaps), drop, drop+1)
		col--
	}
}

// filled counts the columns of a line that hold anything.
func (t *tableBlock) filled(l line) int {
	n, at, last := 0, 0, -1
	for _, w := range l.words {
		for at < len(t.gaps) && w.x0 >= t.gaps[at].b-0.01 {
			at++
		}
		if at != last {
			n, last = n+1, at
		}
	}
	return n
}

// trim takes rows with a single cell, such as titles, off the top and the
// bottom, and returns how many lines went off the top.
func (t *tableBlock) trim() int {
	wrapped := t.wraps()
	single := func(from, to int) bool {
		var all line
		for _, l := range t.lines[from:to] {
			all.words = append(all.words, l.words...)
		}
		slices.SortStableFunc(all.words, func(a, b word) int { return cmp.Compare(a.x0, b.x0) })
		return t.filled(all) < 2
	}
	top := 0
	for n := 0; top < len(t.lines); top = n {
		for n = top + 1; n < len(t.lines) && wrapped[n]; n++ {
		}
		if !single(top, n) {
			break
		}
	}
	end := len(t.lines)
	for end > top {
		n := end - 1
		for n > top && wrapped[n] {
			n--
		}
		if !single(n, end) {
			break
		}
		end = n
	}
	t.lines = t.lines[top:end]
	return top
}

// prose tells text set in newspaper columns: few columns and many words in
// each of them.
func (t *tableBlock) prose() bool {
	if len(t.gaps) > 2 {
		return false
	}
	for col := range len(t.gaps) + 1 {
		cells, words := 0, 0
		for _, l := range t.lines {
			if n := len(t.cell(l, col)); n > 0 {
				cells, words = cells+1, words+n
			}
		}
		if words < 5*cells {
			return false
		}
	}
	return true
}

// appendColumns writes the columns one below the other.
func (t *tableBlock) appendColumns(b []byte) []byte {
	for col := range len(t.gaps) + 1 {
		for _, l := range t.lines {
			for _, base := range l.baselines() {
				if words := t.cell(base, col); len(words) > 0 {
					b = append(t.canvas.appendText(b, words), '\n')
				}
			}
		}
	}
	return b
}

// labels tells lines of the form "label:  value", which are no rows.
func (t *tableBlock) labels() bool {
	if len(t.gaps) != 1 {
		return false
	}
	n := 0
	for _, l := range t.lines {
		if words := t.cell(l, 0); len(words) > 0 {
			w := words[len(words)-1]
			if strings.HasSuffix(string(t.canvas.text[w.from:w.to]), ":") {
				n++
			}
		}
	}
	return 5*n >= 3*len(t.lines)
}

// accepts tells whether the columns of t fit the lines of u, the table on the
// next page, say; if so t's gaps are narrowed to what is free in both.
func (t *tableBlock) accepts(u *tableBlock) bool {
	if d := len(t.gaps) - len(u.gaps); d > max(1, len(t.gaps)/3) || -d > max(1, len(t.gaps)/3) {
		return false
	}
	narrowed := make([]gap, len(t.gaps))
	for i, g := range t.gaps {
		for _, l := range u.lines {
			for _, w := range l.words {
				switch {
				case w.x1 <= g.a || w.x0 >= g.b:
				case w.x0 <= g.a && w.x1 < g.b:
					g.a = w.x1
				case w.x1 >= g.b && w.x0 > g.a:
					g.b = w.x0
				default:
					return false
				}
			}
			if g.b-g.a < 0.05*l.em {
				return false
			}
		}
		narrowed[i] = g
	}
	t.gaps = narrowed
	return true
}
