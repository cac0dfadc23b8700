package pdf

// maxTitles is how many lines above a table may look like a part of it.
const maxTitles = 6

// lookout finds stretches and remembers them.
type lookout struct {
	lines []line
	seen  []*stretch
	free  [][]gap  // of each line, once asked for
	spare [3][]gap // buffers of stretchAt
	steps int      // how much may still be looked at; then all is running text
}

func newLookout(lines []line) *lookout {
	words := 0
	for _, l := range lines {
		words += len(l.words)
	}
	return &lookout{
		lines: lines, seen: make([]*stretch, len(lines)), free: make([][]gap, len(lines)),
		steps: 100*(words+len(lines)) + 100_000,
	}
}

func (k *lookout) gaps(i int) []gap {
	if k.free[i] == nil {
		k.free[i] = k.lines[i].gaps()
	}
	return k.free[i]
}

func (k *lookout) at(i int) stretch {
	if k.seen[i] == nil {
		s := k.stretchAt(i)
		k.seen[i] = &s
	}
	return *k.seen[i]
}

// titles returns how many lines from i on are better left out: a title or a
// sentence above a table leaves room for some of its columns only by chance.
func (k *lookout) titles(i int) int {
	s := k.at(i)
	if s.lines < minRows {
		return 0
	}
	if runsOn(k.lines[i], s.gaps) {
		return 1
	}
	for n := 1; n <= maxTitles && i+n < len(k.lines); n++ {
		below := k.at(i + n)
		if len(below.gaps) > len(s.gaps) && (below.score() > s.score() || 2*below.lines >= s.lines) {
			return n
		}
	}
	return 0
}
