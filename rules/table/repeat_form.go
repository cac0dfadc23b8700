package table

import (
	"bytes"
	"encoding/binary"
	"net/url"
	"slices"
)

const repeatTokens = 128 // of a line, at most

// repeatForm is what lines have in common.
type repeatForm struct {
	anchors  [][]byte // in order
	closing  int      // how many of the last anchors end each line
	query    bool     // the cells are those of a query, as in a web server's log
	ordinal  bool     // each line begins with a number of its own: "12. Anna Weber"
	used     []bool   // the cells that hold something
	joined   []bool   // and those that belong to the cell before
	labels   [][]byte // their headers, empty for none
	labelled bool     // some have one

	marks  []anchorMark // made when first asked for
	tokens [][]byte     // of the line at hand
	row    [][]byte
	own    []byte // the anchors, once they are kept
	kept   bool
	spelt  []byte // labels of several words

	// Of the sample: the cells of its first line, those that are never empty,
	// and those that are not always the same.
	first           [][]byte
	always, differs []bool
}

// reset forgets what the lines had in common. The room is kept.
func (f *repeatForm) reset() {
	*f = repeatForm{
		anchors: f.anchors[:0], ordinal: true, used: f.used[:0], joined: f.joined[:0], labels: f.labels[:0], marks: f.marks[:0],
		tokens: f.tokens[:0], row: f.row[:0], own: f.own[:0], spelt: f.spelt[:0], first: f.first[:0], always: f.always[:0], differs: f.differs[:0],
	}
}

// emptied returns n zero values in the room of s.
func emptied[T any](s []T, n int) []T {
	s = slices.Grow(s[:0], n)[:n]
	clear(s)
	return s
}

// settle finds out which cells are filled, and what they are called. It
// reports false if the anchors part fewer than two cells that are filled in
// every line and differ from line to line.
func (f *repeatForm) settle(sample [][]byte) bool {
	f.closing = len(f.anchors)
	for _, line := range sample {
		f.tokens = tokensOf(f.tokens[:0], line)
		n := 0
		for n < f.closing && bytes.Equal(f.tokens[len(f.tokens)-1-n], f.anchors[len(f.anchors)-1-n]) {
			n++
		}
		f.closing = n
	}
	f.unite(sample)
	for _, a := range f.anchors {
		f.query = f.query || len(a) == 1 && a[0] == '&'
	}
	n := len(f.anchors) + 1
	f.used, f.always, f.differs, f.first = emptied(f.used, n), emptied(f.always, n), emptied(f.differs, n), emptied(f.first, n)
	for i, line := range sample {
		if !f.fits(line) {
			return false
		}
		for j, cell := range f.row {
			if i == 0 {
				f.first[j], f.always[j] = cell, true
			}
			f.used[j] = f.used[j] || len(cell) > 0
			f.always[j] = f.always[j] && len(cell) > 0
			f.differs[j] = f.differs[j] || !bytes.Equal(cell, f.first[j])
		}
	}
	telling := 0
	for j := range n {
		if f.always[j] && f.differs[j] {
			telling++
		}
	}
	if telling < 2 {
		return false
	}
	f.name()
	return true
}

// unite joins the cells of names written as "Weber, Anna": a word before the
// comma, and one or two behind.
func (f *repeatForm) unite(sample [][]byte) {
	f.joined = emptied(f.joined, len(f.anchors)+2) // with the cell before
	for i := range len(f.anchors) - f.closing {
		if string(f.anchors[i]) != "," || f.joined[i] {
			continue
		}
		single, fit := 0, true
		for _, line := range sample {
			if fit = f.fits(line) && name(f.row[i], 3) && name(f.row[i+1], 2) && !quoted(f.row[i+1]); !fit {
				break
			}
			if bytes.IndexByte(f.row[i], ' ') < 0 {
				single++
			}
		}
		f.joined[i+1] = fit && single*10 >= len(sample)*6
	}
}

// quoted reports whether a cell begins with a quote.
func quoted(cell []byte) bool { return cell[0] == '\'' || cell[0] == '"' }

// name reports whether a cell can be a part of a name: so many words at most,
// of letters.
func name(cell []byte, words int) bool {
	return len(cell) > 0 && lineShape(cell) == wordy && bytes.Count(cell, []byte{' '}) < words
}

// richer reports whether more parts the cells than one mark that stands between
// them, or a mark behind a label, as in a delimited table.
func (f *repeatForm) richer() bool {
	if f.ordinal {
		return true
	}
	for _, a := range f.anchors {
		if !bytes.Equal(a, f.anchors[0]) {
			return true
		}
	}
	return false
}

// name gives each used cell the words right before it as its header.
func (f *repeatForm) name() {
	for j, used := range f.used {
		if !used || f.joined[j] {
			continue
		}
		label := f.label(j)
		f.labels = append(f.labels, label)
		f.labelled = f.labelled || len(label) > 0
	}
}

// label returns the words that stand before the j-th cell, after the used cell
// before it: without the marks between.
func (f *repeatForm) label(j int) []byte {
	end := j
	for end > 0 && !word(f.anchors[end-1]) && (end == j || !f.used[end]) {
		end--
	}
	from := end
	for from > 0 && word(f.anchors[from-1]) && (from == j || !f.used[from]) && end-from < 3 {
		from--
	}
	if end-from == 1 {
		return f.anchors[from]
	}
	at := len(f.spelt)
	for i, word := range f.anchors[from:end] {
		if i > 0 {
			f.spelt = append(f.spelt, ' ')
		}
		f.spelt = append(f.spelt, word...)
	}
	return f.spelt[at:len(f.spelt):len(f.spelt)]
}

// fits parts a line at the anchors: the cells before, between and behind
// them. It reports false if an anchor is missing.
func (f *repeatForm) fits(line []byte) bool {
	f.tokens = tokensOf(f.tokens[:0], line)
	f.row = f.row[:0]
	if n := len(f.anchors); f.closing > 0 && string(f.anchors[n-1]) == "," && !bytes.HasSuffix(line, []byte{','}) {
		f.tokens = append(f.tokens, f.anchors[n-1]) // the last line of a list has none
	}
	if len(f.tokens) == 0 || len(f.tokens) > repeatTokens {
		return false
	}
	at := 0
	if f.ordinal {
		if !ordinal(f.tokens[0]) {
			return false
		}
		at = 1 // it counts the lines, and tells nothing of them
	}
	for i, anchor := range f.anchors {
		next := at
		if left := len(f.anchors) - i; left <= f.closing {
			next = max(len(f.tokens)-left, at)
		}
		for next < len(f.tokens) && !bytes.Equal(f.tokens[next], anchor) {
			next++
		}
		if next == len(f.tokens) {
			return false
		}
		f.row = append(f.row, span(line, f.tokens[at:next]))
		at = next + 1
	}
	f.row = append(f.row, span(line, f.tokens[at:]))
	return true
}

// keep copies what the form has of a text, so that it outlives it.
func (f *repeatForm) keep() {
	if f.kept {
		return
	}
	size := 0
	for _, a := range f.anchors {
		size += len(a)
	}
	f.own = slices.Grow(f.own[:0], size)
	for i, a := range f.anchors {
		at := len(f.own)
		f.own = append(f.own, a...)
		f.anchors[i] = f.own[at:len(f.own):len(f.own)]
	}
	f.kept, f.labels = true, f.labels[:0] // of cells that are not asked for again
}

// mayFit reports whether a line has the anchors in order, wherever: what fits
// always tells of a line of the form, at a tenth of its cost. They are looked for
// where they were in the line before first.
func (f *repeatForm) mayFit(line []byte) bool {
	if len(f.marks) != len(f.anchors) {
		f.marks = f.marks[:0]
		for _, anchor := range f.anchors {
			f.marks = append(f.marks, newMark(anchor))
		}
	}
	rest := line
	for i := range f.marks {
		m := &f.marks[i]
		if !m.stands(rest, f.anchors[i]) {
			at := bytes.Index(rest, f.anchors[i])
			if at < 0 {
				return f.inOrder(line)
			}
			m.gap = at
		}
		rest = rest[m.gap+len(f.anchors[i]):]
	}
	return true
}

// anchorMark is how an anchor is looked for where it stood before.
type anchorMark struct {
	gap        int    // bytes before it in the last line, after the anchor before it
	head, mask uint64 // its first eight bytes, and which of them it has
}

func newMark(anchor []byte) anchorMark {
	var head [8]byte
	n := copy(head[:], anchor)
	return anchorMark{head: binary.LittleEndian.Uint64(head[:]), mask: ^uint64(0) >> (64 - 8*n)}
}

// stands reports whether the anchor is where it was. It is not asked of the last
// bytes of a line.
func (m *anchorMark) stands(rest, anchor []byte) bool {
	return m.gap+8 <= len(rest) && binary.LittleEndian.Uint64(rest[m.gap:])&m.mask == m.head &&
		(len(anchor) <= 8 || bytes.HasPrefix(rest[m.gap:], anchor))
}

// inOrder is mayFit by the first place of each anchor.
func (f *repeatForm) inOrder(line []byte) bool {
	for _, anchor := range f.anchors {
		at := bytes.Index(line, anchor)
		if at < 0 {
			return false
		}
		line = line[at+len(anchor):]
	}
	return true
}

// cells returns the used cells of the line that was parted last.
func (f *repeatForm) cells() [][]byte {
	n := 0
	for j, used := range f.used {
		if used && !f.joined[j] {
			cell := f.row[j]
			if last := j + 1; f.joined[last] && len(f.row[last]) > 0 {
				cell = cell[:cap(cell)-cap(f.row[last])+len(f.row[last])]
			}
			f.row[n] = bytes.Trim(cell, `'"`)
			if f.query {
				f.row[n] = unescaped(f.row[n])
			}
			n++
		}
	}
	return f.row[:n]
}

// span returns the part of a line from the first of some tokens of it to the
// last, nil for none.
func span(line []byte, tokens [][]byte) []byte {
	if len(tokens) == 0 {
		return nil
	}
	last := tokens[len(tokens)-1]
	from := cap(line) - cap(tokens[0])
	to := cap(line) - cap(last) + len(last)
	return line[from:to]
}

// tokensOf appends the words of a line and the marks at their edges, one more
// than repeatTokens at most.
func tokensOf(tokens [][]byte, line []byte) [][]byte {
	for i := 0; i < len(line) && len(tokens) <= repeatTokens; {
		if line[i] == ' ' {
			i++
			continue
		}
		end := i + 1
		if !aloof(line[i]) {
			for end < len(line) && line[end] != ' ' && !ends(line, end) {
				end++
			}
		}
		tokens = append(tokens, line[i:end])
		i = end
	}
	return tokens
}

// aloof reports whether a character is a token of its own wherever it stands.
func aloof(c byte) bool {
	switch c {
	case '\t', '&', '(', ')', '[', ']', '{', '}', '<', '>', '"', ';', '|', '=', '#', '~', '*':
		return true
	}
	return false
}

// ends reports whether the character at i ends the word before it: a mark, or
// a comma or colon at the end of the word.
func ends(line []byte, i int) bool {
	if aloof(line[i]) {
		return true
	}
	return (line[i] == ',' || line[i] == ':') && (i+1 == len(line) || line[i+1] == ' ')
}

// ordinal reports whether a token numbers a line: "12." or "12)".
func ordinal(token []byte) bool {
	n := len(token) - 1
	if n < 1 || n > 4 || token[n] != '.' && token[n] != ')' {
		return false
	}
	for _, c := range token[:n] {
		if !digit(c) {
			return false
		}
	}
	return true
}

// word reports whether a token is made of letters: it may name what follows.
func word(token []byte) bool { return len(token) > 1 && lineShape(token) == wordy }

// inCommon returns the longest sequence of tokens that both have in order, in
// the place of a.
func inCommon(a, b [][]byte) [][]byte {
	var length [repeatTokens + 1][repeatTokens + 1]uint8
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if bytes.Equal(a[i], b[j]) {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	out := a[:0]
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case bytes.Equal(a[i], b[j]):
			out = append(out, a[i])
			i++
			j++
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	return out
}

// unescaped undoes the escapes of a query (RFC 3986 section 2.1, and plus for a
// space).
func unescaped(cell []byte) []byte {
	if bytes.IndexByte(cell, '%') < 0 && bytes.IndexByte(cell, '+') < 0 {
		return cell
	}
	text, err := url.QueryUnescape(string(cell))
	if err != nil {
		return cell
	}
	return []byte(text)
}
