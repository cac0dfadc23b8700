package pdf

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// line is the words on one baseline, from left to right, or on several that
// are nearer to each other than lines are: the cells of a row, centred.
type line struct {
	words []word
	y     float64 // of the lowest baseline
	top   float64 // of the highest
	em    float64
	parts []line // the baselines, if there are several
}

// baselines returns the line's parts, itself if it has none.
func (l line) baselines() []line {
	if l.parts != nil {
		return l.parts
	}
	return []line{l}
}

// at returns the first word that begins at x or behind it.
func (l line) at(x float64) int {
	return sort.Search(len(l.words), func(i int) bool { return l.words[i].x0 >= x-0.01 })
}

// lines sorts the words of a page into lines, from the top down; words of
// other directions than the first follow in their own lines.
func (c *canvas) lines() [][]line {
	byTurn := map[int16][]word{}
	var turns []int16
	for _, w := range c.words {
		if byTurn[w.turn] == nil {
			turns = append(turns, w.turn)
		}
		byTurn[w.turn] = append(byTurn[w.turn], w)
	}
	slices.SortStableFunc(turns, func(a, b int16) int { return len(byTurn[b]) - len(byTurn[a]) })
	pages := make([][]line, 0, len(turns))
	for _, t := range turns {
		pages = append(pages, c.baselines(byTurn[t]))
	}
	return pages
}

// baselines groups words of one direction.
func (c *canvas) baselines(words []word) []line {
	slices.SortStableFunc(words, func(a, b word) int { return cmp.Compare(b.y, a.y) })
	var lines []line
	for start := 0; start < len(words); {
		first := words[start]
		end := start + 1
		for end < len(words) && first.y-words[end].y < 0.4*min(first.em, words[end].em) {
			end++
		}
		row := words[start:end]
		slices.SortStableFunc(row, func(a, b word) int { return cmp.Compare(a.x0, b.x0) })
		l := line{words: c.join(row), y: first.y, top: first.y}
		for _, w := range row {
			l.em = max(l.em, w.em)
		}
		lines = append(lines, l)
		start = end
	}
	return bands(lines)
}

// join puts together what kerning has parted, drops what was drawn twice to
// look bold, and cuts words at the next one where they run into it: the cell
// that they stand in is clipped there.
func (c *canvas) join(row []word) []word {
	out := row[:0:0]
	for _, w := range row {
		if len(out) == 0 {
			out = append(out, w)
			continue
		}
		last := &out[len(out)-1]
		em := min(last.em, w.em)
		gap := (w.x0 - last.x1) / em
		switch {
		case math.Abs(w.x0-last.x0) < 0.3*em && string(c.text[w.from:w.to]) == string(c.text[last.from:last.to]):
			continue
		case gap < wordGap && gap > backStep && !w.spaced && w.turn == last.turn:
			if last.to != len(c.text) {
				from := len(c.text)
				c.text = append(c.text, c.text[last.from:last.to]...)
				last.from = from
			}
			c.text = append(c.text, c.text[w.from:w.to]...)
			last.x1, last.to = max(last.x1, w.x1), len(c.text)
			continue
		case gap < 0:
			last.x1 = max(last.x0, w.x0-0.2*em)
		}
		out = append(out, w)
	}
	return out
}

// crowded is how near baselines are, in units of the font's size, where the
// lines would touch each other if they stood in one column.
const crowded = 0.75

// bands joins lines that stand too near to each other for running text.
// Longer chains of them are columns that go their own ways, not one row.
func bands(lines []line) []line {
	var out []line
	for start := 0; start < len(lines); {
		end := start + 1
		for end < len(lines) && lines[end-1].y-lines[end].y < crowded*min(lines[end-1].em, lines[end].em) {
			end++
		}
		group := lines[start:end]
		start = end
		if len(group) == 1 || len(group) > maxWrapped {
			out = append(out, group...)
			continue
		}
		band := line{parts: group, top: group[0].y, y: group[len(group)-1].y}
		for _, l := range group {
			band.words = append(band.words, l.words...)
			band.em = max(band.em, l.em)
		}
		slices.SortStableFunc(band.words, func(a, b word) int { return cmp.Compare(a.x0, b.x0) })
		out = append(out, band)
	}
	return out
}

// appendText writes words with a space between them, two where the gap is
// wider than a space can be.
func (c *canvas) appendText(b []byte, words []word) []byte {
	for i, w := range words {
		if i > 0 {
			b = append(b, ' ')
			if w.x0-words[i-1].x1 > wideGap*w.em {
				b = append(b, ' ')
			}
		}
		b = append(b, c.text[w.from:w.to]...)
	}
	return b
}
