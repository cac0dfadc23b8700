package table

import (
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// heading is what a header says about its column.
type heading struct {
	odds   scores
	known  bool // some phrase is in the lexicon
	topics []string
	public bool // it names a role of public people
	served bool // it names a role of people whom somebody serves
	number bool // it names a number: "tourney_id", "id_str"
}

// read looks up the phrases of a header, the longest first. The whole header
// counts in full; a phrase in it counts less the more is said around it, and
// the last phrase, which names the thing in most languages, counts most.
func (l *Lexicon) read(header string) heading {
	var h heading
	ws := words(header)
	if len(ws) == 0 || len(header) > 200 {
		return h
	}
	whole := l.spelled(ws)
	h.served = l.served[whole]
	h.number = ws[0] == "id" || ws[len(ws)-1] == "id"
	h.topics = l.topics[whole]
	h.public = l.public[whole]
	if found := l.phrases[whole]; len(found) > 0 {
		h.add(found, 1)
		return h
	}
	h.public = h.public || l.publicWords(ws)
	h.known = h.public
	phrases, unknown := l.cover(ws)
	for i, p := range phrases {
		weight := 0.55
		if i == len(phrases)-1 {
			weight = 0.9
		}
		if p.strongest() < 3 && (unknown > 0 || len(phrases) > 1) {
			weight *= 0.6 // "pollster name" is no better than any name
		}
		h.add(p.meanings, weight*p.part())
		h.topics = append(h.topics, l.topics[p.text]...)
	}
	if kind := h.kind(); h.odds[kind] < 3 || kind.Category() != detect.Direct || kind == detect.PersonName || kind == detect.FinanceCard {
		if l.customersNumber(ws) {
			h.addNumber()
		}
	}
	return h
}

// spelled returns the words of a header as one, with its short forms written
// out where only that makes a known phrase of it: "acct_nm".
func (l *Lexicon) spelled(ws []string) string {
	whole := joined(ws)
	if len(l.phrases[whole]) > 0 || l.public[whole] {
		return whole
	}
	var full strings.Builder
	for _, w := range ws {
		if long, ok := l.short[w]; ok {
			w = long
		}
		full.WriteString(w)
	}
	if long := full.String(); len(l.phrases[long]) > 0 {
		return long
	}
	return whole
}

// publicWords reports whether the first or the last of a few words names a
// role of public people, as in "author 1" or "lead actor".
func (l *Lexicon) publicWords(ws []string) bool {
	return len(ws) <= 3 && (l.public[ws[0]] || l.public[ws[len(ws)-1]] || l.public[joined(ws[:len(ws)-1])])
}

// phrase is a part of a header that the lexicon knows.
type phrase struct {
	text     string
	meanings []meaning
	inner    bool // a part of a compound word
}

func (p phrase) strongest() float64 {
	best := 0.0
	for _, m := range p.meanings {
		best = max(best, m.odds)
	}
	return best
}

func (p phrase) part() float64 {
	if p.inner {
		return 0.8
	}
	return 1
}

// cover cuts words into the longest known phrases; unknown counts the words
// that belong to none.
func (l *Lexicon) cover(ws []string) (found []phrase, unknown int) {
	for i := 0; i < len(ws); {
		n := min(l.longest, len(ws)-i)
		for ; n > 0; n-- {
			text := joined(ws[i : i+n])
			if m := l.phrases[text]; len(m) > 0 {
				found = append(found, phrase{text: text, meanings: m})
				break
			}
		}
		if n == 0 {
			if parts := l.compound(ws[i]); len(parts) > 0 {
				found = append(found, parts...)
			} else {
				unknown++
			}
			n = 1
		}
		i += n
	}
	return found, unknown
}

// compound looks inside one word: German and its relatives put the thing
// last (Rechnungsadresse), scripts without spaces run phrases together.
func (l *Lexicon) compound(word string) []phrase {
	least := 5
	if ideographic(word) {
		least = 1
	}
	runes := []rune(word)
	if len(runes) <= least {
		return nil
	}
	for i := 1; len(runes)-i >= least; i++ {
		tail := string(runes[i:])
		if m := l.phrases[tail]; len(m) > 0 {
			return []phrase{{text: tail, meanings: m, inner: true}}
		}
	}
	for n := len(runes) - 1; n >= max(least, 2); n-- {
		head := string(runes[:n])
		if m := l.phrases[head]; len(m) > 0 {
			return []phrase{{text: head, meanings: m, inner: true}}
		}
	}
	return nil
}

func (h *heading) add(found []meaning, weight float64) {
	h.known = true
	for _, m := range found {
		h.odds[m.kind] = max(h.odds[m.kind], 0) + m.odds*weight
	}
}

// strongest returns the greatest log-odds that the header gives to a type.
func (h *heading) strongest() float64 {
	best := 0.0
	for _, odds := range h.odds {
		best = max(best, odds)
	}
	return best
}

// kind returns the type for which the header speaks most, None if for none.
func (h *heading) kind() (kind detect.Type) {
	best := 0.0
	for t := detect.None + 1; t < detect.NumTypes; t++ {
		if h.odds[t] > best {
			kind, best = t, h.odds[t]
		}
	}
	return kind
}

// clean returns a header as it may be shown: one line, at most 60 bytes.
func clean(header string) string {
	header = strings.Join(strings.Fields(header), " ")
	if len(header) > 60 {
		header = strings.ToValidUTF8(header[:60], "") + "…"
	}
	return header
}
