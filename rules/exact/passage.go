package exact

import (
	"cmp"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// Found is a value: what it is, and where it stands.
type Found struct {
	Type       detect.Type
	Start, End int // bytes of a passage's text, or numbers of a row's cells
}

// Passage is lines of text that belong together.
type Passage struct {
	Text []byte
	// Lines are the ends of the lines, each behind its line end; the last is
	// len(Text).
	Lines []int
	// Found are the values found in it, by their start. Values that are to
	// count for nothing are left out.
	Found []Found
	// Mute reports lines whose words are not looked up, as those of a
	// signature; nil is none.
	Mute func(line int) bool
}

// Bounds of the work on a passage.
const (
	maxWords  = 5  // of one value in a text
	nearLines = 3  // that are read word by word above and below a line with a hit
	maxToken  = 64 // bytes of a word
)

// Passage finds the records that the values of a passage agree on. Values on
// one line are tried by themselves first, since in a list each line is a
// person. Values that a detector found and words with digits are looked up
// everywhere; around a hit every word and sequence of words is, so that a
// customer is found whose name no list of names has.
func (m *Matcher) Passage(p Passage) []Match {
	m.reset(2 * len(p.Lines))
	start, rest := 0, p.Found
	for i, end := range p.Lines {
		m.line, m.pass = i, i
		n := 0
		for n < len(rest) && rest[n].Start < end {
			n++
		}
		m.known(p.Text, span{int32(start), int32(end)}, rest[:n])
		start, rest = end, rest[n:]
	}
	m.answer()
	if len(m.hits) == 0 {
		return nil
	}
	m.around(p)
	m.answer()
	return m.agreed(len(p.Lines))
}

// known looks up what detectors found on a line, and the words with digits
// between.
func (m *Matcher) known(text []byte, line span, found []Found) {
	at := line.from
	for _, f := range found {
		from, to := int32(f.Start), min(int32(f.End), int32(len(text)))
		if from > at {
			m.between(text, span{at, from})
		}
		if c := classOf(f.Type); c != noClass {
			m.at = span{from, to}
			m.look(c, text[from:to])
		}
		at = max(at, to)
	}
	if at < line.to {
		m.between(text, span{at, line.to})
	}
}

// between looks up the words with digits as codes and as user names.
func (m *Matcher) between(text []byte, within span) {
	if m.set.lengths[codes].longest == 0 && m.set.lengths[texts].longest == 0 {
		return
	}
	for at := within.from; at < within.to; at++ {
		if !isDigit(text[at]) {
			continue
		}
		from := at
		for from > within.from && !parts(text[from-1]) {
			from--
		}
		for at < within.to && !parts(text[at]) {
			at++
		}
		if word := trimWord(text, span{from, at}); word.to-word.from <= maxToken {
			m.at = word
			m.look(codes, text[word.from:word.to])
			m.look(texts, text[word.from:word.to])
		}
	}
}

// around looks up all words near the hits.
func (m *Matcher) around(p Passage) {
	near := make([]bool, len(p.Lines))
	for _, h := range m.hits {
		for i := max(0, h.line-nearLines); i < min(len(near), h.line+nearLines+1); i++ {
			near[i] = true
		}
	}
	var words []span
	start := 0
	for i, end := range p.Lines {
		if near[i] && (p.Mute == nil || !p.Mute(i)) {
			m.line, m.pass = i, len(p.Lines)+i
			words = splitWords(words[:0], p.Text, span{int32(start), int32(end)})
			m.sequences(p.Text, words)
		}
		start = end
	}
}

// sequences looks up every sequence of a few words on a line.
func (m *Matcher) sequences(text []byte, words []span) {
	for i := range words {
		for n := 1; n <= maxWords && i+n <= len(words); n++ {
			m.at = span{words[i].from, words[i+n-1].to}
			if m.at.to-m.at.from > maxText {
				break
			}
			value := text[m.at.from:m.at.to]
			f := formOf(value)
			switch {
			case f.digits == 0 && n > 1:
				m.look(names, value)
			case f.digits > 0 && n > 1 && n <= 3:
				m.look(codes, value)
			}
			if f.digits >= 3 && n <= 3 {
				m.look(dates, value)
			}
			if f.digits == 0 || n > 1 {
				m.look(texts, value)
			}
		}
	}
}

// agreed finds the sure matches of each line, then those of the passage, then
// in the same manner those that are not sure.
func (m *Matcher) agreed(lines int) (all []Match) {
	slices.SortStableFunc(m.hits, func(a, b hit) int { return cmp.Compare(a.line, b.line) })
	hits := slices.Clone(m.hits)
	apart := slices.Clone(m.tried)
	together := make([]tally, len(apart))
	for pass := range 2 {
		var sum tally
		for _, t := range apart[pass*lines : (pass+1)*lines] {
			for c, n := range t {
				sum[c] += n
			}
		}
		for i := range lines {
			together[pass*lines+i] = sum
		}
	}
	for _, least := range [...]float64{sureBits, weakBits} {
		m.tried = append(m.tried[:0], apart...)
		for from := 0; from < len(hits); {
			to := from + 1
			for to < len(hits) && hits[to].line == hits[from].line {
				to++
			}
			all = m.matches(hits[from:to], least, all)
			from = to
		}
		m.tried = append(m.tried[:0], together...)
		m.hits = append(m.hits[:0], hits...)
		all = m.matches(m.hits, least, all)
	}
	return all
}

// splitWords appends the words of a line.
func splitWords(dst []span, text []byte, line span) []span {
	for at := line.from; at < line.to; {
		for at < line.to && parts(text[at]) {
			at++
		}
		from := at
		for at < line.to && !parts(text[at]) {
			at++
		}
		if word := trimWord(text, span{from, at}); word.from < word.to && word.to-word.from <= maxToken {
			dst = append(dst, word)
		}
	}
	return dst
}

// parts reports whether a byte stands between words.
func parts(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ',', ';', ':', '|', '(', ')', '[', ']', '{', '}', '<', '>', '"', '=', '!', '?', '*', '`', '#':
		return true
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// trimWord cuts punctuation off a word.
func trimWord(text []byte, at span) span {
	for at.from < at.to && punctuation(text[at.from]) {
		at.from++
	}
	for at.from < at.to && punctuation(text[at.to-1]) {
		at.to--
	}
	return at
}

// punctuation reports an ASCII character that is neither letter nor digit.
func punctuation(c byte) bool {
	return c < 0x80 && !isDigit(c) && !('a' <= c|0x20 && c|0x20 <= 'z')
}
