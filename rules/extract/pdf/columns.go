package pdf

import (
	"math"
	"slices"
)

// Widths in units of the font's size.
const (
	thinGap = 0.15 // the narrowest room between two columns
	wideGap = 1.0  // room that no space between words takes
	nearby  = 0.12 // edges as near as this are aligned
	tall    = 8.0  // room between lines that ends a table
)

// gap is a stretch of a line, or of all lines of a table, without text. What
// was seen of it on the way down tells whether it parts columns.
type gap struct {
	a, b   float64
	real   int     // lines with words on both sides
	fresh  int     // ... whose word on the right was placed on its own
	room   float64 // sum of the widths on these lines, in units of the font's size
	starts edges   // left edges of the words on the right
	ends   edges   // right edges of the words on the left
}

// edges counts how many edges stand at the place that is met most often, by
// keeping a few candidates.
type edges struct {
	x [3]float64
	n [3]int
}

func (e *edges) add(x, em float64) {
	weakest := 0
	for i := range e.x {
		if e.n[i] > 0 && math.Abs(e.x[i]-x) <= nearby*em {
			e.n[i]++
			return
		}
		if e.n[i] < e.n[weakest] {
			weakest = i
		}
	}
	e.x[weakest], e.n[weakest] = x, 1
}

func (e *edges) most() int { return max(e.n[0], e.n[1], e.n[2]) }

// strong tells whether the gap parts two columns: it is wider than a space on
// every line, or its words are aligned where running text would not be.
func (g *gap) strong(em float64) bool {
	if g.real < 2 {
		return false
	}
	if g.b-g.a >= wideGap*em {
		return true
	}
	// Where cells are empty the next word stands further right: the more lines
	// there are, the fewer of them need to be aligned.
	share := 0.7
	if g.real >= 5 {
		share = 0.4
	}
	aligned := float64(max(g.starts.most(), g.ends.most())) / float64(g.real)
	apart := float64(g.fresh) >= 0.6*float64(g.real)
	return g.real >= 3 && apart && aligned >= share ||
		g.real >= 4 && aligned >= 0.8 && g.room >= 1.2*float64(g.real)
}

// gaps returns the free stretches of a line, the margins among them.
func (l line) gaps() []gap {
	out := make([]gap, 0, len(l.words)+1)
	from := math.Inf(-1)
	for i, w := range l.words {
		if w.x0-from >= thinGap*w.em {
			g := gap{a: from, b: w.x0}
			if i > 0 {
				g.real, g.room = 1, (w.x0-from)/w.em
				// A space and no more room than it takes is running text.
				if w.fresh && (!w.spaced || g.room > 0.45) {
					g.fresh = 1
				}
				g.starts.add(w.x0, w.em)
				g.ends.add(from, w.em)
			}
			out = append(out, g)
		}
		from = max(from, w.x1)
	}
	return append(out, gap{a: from, b: math.Inf(1)})
}

// cross appends to out what is free both in the lines so far and in the next
// one.
func cross(out, above, below []gap, em float64) []gap {
	for i, j := 0, 0; i < len(above) && j < len(below); {
		p, q := &above[i], &below[j]
		if from, to := max(p.a, q.a), min(p.b, q.b); to-from >= thinGap*em {
			g := *p
			g.a, g.b = from, to
			g.real += q.real
			g.fresh += q.fresh
			g.room += q.room
			if q.real > 0 {
				g.starts.add(q.b, em)
				g.ends.add(q.a, em)
			}
			out = append(out, g)
		}
		if p.b < q.b {
			i++
		} else {
			j++
		}
	}
	return out
}

// stretch is a run of lines with the same columns.
type stretch struct {
	lines int
	gaps  []gap // what parts the columns
}

func (s stretch) score() int { return s.lines * len(s.gaps) }

// patience is how many lines may go by before a gap looks strong.
const patience = 12

// stretchAt finds the longest run of lines from the i-th on that keeps its
// columns.
func (k *lookout) stretchAt(i int) stretch {
	lines := k.lines[i:]
	free := append(k.spare[0][:0], k.gaps(i)...)
	next := k.spare[1][:0]
	best := stretch{gaps: k.spare[2][:0]}
	for n := 1; n < len(lines) && k.steps > 0; n++ {
		l := lines[n]
		if lines[n-1].y-l.top > tall*max(l.em, lines[n-1].em) || n >= 2 && runsOn(l, best.gaps) {
			break
		}
		below := k.gaps(i + n)
		k.steps -= len(free) + len(below)
		next = cross(next[:0], free, below, l.em)
		free, next = next, free
		strong := countStrong(free, l.em)
		if strong == 0 && (len(free) <= 2 || n > patience) || n >= 3 && closed(best.gaps, free) {
			break
		}
		// A gap may look weak for a few lines: under a centred header, say.
		if n >= 2 && (n+1)*strong >= best.score() {
			best.lines, best.gaps = n+1, best.gaps[:0]
			for _, g := range free {
				if g.strong(l.em) {
					best.gaps = append(best.gaps, g)
				}
			}
		}
	}
	k.spare = [3][]gap{free, next, best.gaps}
	if len(best.gaps) == 0 {
		return stretch{}
	}
	return stretch{lines: best.lines, gaps: slices.Clone(best.gaps)}
}

func countStrong(free []gap, em float64) int {
	n := 0
	for i := range free {
		if free[i].strong(em) {
			n++
		}
	}
	return n
}

// runsOn tells whether a line is running text that only happens to leave the
// gaps between columns free: its words are no further apart there than
// anywhere else, where those of the other lines are.
func runsOn(l line, gaps []gap) bool {
	crossed, i, left := 0, 0, math.Inf(-1)
	for _, g := range gaps {
		for i < len(l.words) && l.words[i].x0 < g.b-0.01 {
			left = max(left, l.words[i].x1)
			i++
		}
		if i == 0 || i == len(l.words) {
			continue
		}
		space := 0.45
		if l.words[i].spaced && !l.words[i].fresh {
			space = 0.65 // as wide as in fonts of fixed width
		}
		if l.words[i].x0-left > space*l.em || g.room < 0.8*float64(g.real) {
			return false
		}
		crossed++
	}
	return crossed > 0 && len(l.words) > 3
}

// closed tells whether a gap is no longer free anywhere.
func closed(gaps, free []gap) bool {
	i := 0
	for _, g := range gaps {
		for i < len(free) && (free[i].b <= g.a || free[i].real == 0) {
			i++
		}
		if i == len(free) || free[i].a >= g.b {
			return true
		}
	}
	return false
}
