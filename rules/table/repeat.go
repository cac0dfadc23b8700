package table

import (
	"bytes"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

const (
	repeatLeast  = 5   // lines of one form, at least
	repeatSample = 8   // lines by which the form is told, at most
	repeatWidth  = 600 // bytes of a line, at most
	repeatRests  = 64  // lines that are passed, at most, after some that had no form
	repeatLook   = 40  // lines by which a run is judged, at most
	repeatAlike  = 512 // lines of a form that nobody took that are passed unjudged, at most
)

// Repeat is a Grid over lines of running text that have one form, though no
// character parts their cells: "verified Anna Weber, born 1961, card …", "3. Weber,
// Anna (0170 …)", name="Anna Weber" mail=…. The words and marks that stand in all
// of them part the cells, and a word before a cell is the cell's header.
//
// It holds the first lines of a run, enough to judge it by, until Whole. It is
// good until the visit that it is given to returns.
type Repeat struct {
	// Lines are lines of the run, parts of the text that was searched.
	Lines [][]byte
	// Starts are the offsets in it at which those lines begin.
	Starts []int

	form  repeatForm
	parts [][]byte // of the first lines, as the form parts them
	begun bool     // the header was given
	next  int      // line to give

	finder *repeatFinder
	text   []byte
	most   int // lines of another form in a row that end the run
}

// Whole adds the lines of the run that were not looked at yet, and begins anew.
func (r *Repeat) Whole() {
	r.gather(len(r.text))
	r.begun, r.next = false, 0
}

// RepeatSearch looks for runs of lines of one form in a text that comes in
// pieces. Its zero value is ready.
type RepeatSearch struct {
	finder repeatFinder
	alike  int // lines of the last form, which nobody took, that are passed unjudged
}

// Search gives the runs of lines of one form in a piece of whole lines to visit,
// in order. Each must be read, if it is, before visit returns, and visit reports
// whether it took it. An error of visit ends the search. Only lines with a digit
// or an at sign are looked at; after some without a form the next are passed, and
// of a form that was not taken only some lines are looked at again, so that prose
// and logs cost little.
func (s *RepeatSearch) Search(text []byte, visit func(*Repeat) (taken bool, err error)) error {
	f := &s.finder
	f.at = 0
	defer f.form.keep() // the piece may be written over
	if s.alike > 0 {
		f.passAlike(text, s.alike)
	}
	for rest := 0; ; {
		sample := f.sample(text)
		if len(sample) == 0 {
			return nil
		}
		if len(sample) < repeatLeast || !f.learn(sample) {
			rest, s.alike = min(2*rest+1, repeatRests), 0
			for range min(rest, max(len(sample), 1)) {
				f.at = passLine(text, f.at)
			}
			continue
		}
		rest = 0
		r := f.run(text, repeatLeast)
		if len(r.Lines) < repeatLeast {
			continue
		}
		taken, err := visit(r)
		if err != nil {
			return err
		}
		if taken {
			s.alike = 0
			continue
		}
		s.alike = min(2*s.alike+repeatLook, repeatAlike)
		f.passAlike(text, s.alike)
	}
}

// passAlike passes lines of the form that was learned, up to a number of them.
func (f *repeatFinder) passAlike(text []byte, most int) {
	for n := 0; n < most && f.at < len(text); n++ {
		line, next := nextLine(text, f.at)
		if len(line) > 0 && !f.form.mayFit(line) {
			return
		}
		f.at = next
	}
}

// spoken reports whether a delimiter may be a mark between words rather than
// one between cells, or stands in a list whose lines have a number: "3." or "[3]".
func spoken(delim byte, line []byte) bool {
	if first, _, ok := bytes.Cut(trim(line), []byte{' '}); ok && (ordinal(first) || first[0] == '[') {
		return true
	}
	switch delim {
	case ',', ':', ';':
		n := bytes.IndexByte(line, delim)
		return n+1 < len(line) && line[n+1] == ' '
	}
	return false
}

// unlessRepeated offers the lines at the reading position as ones of one form,
// if they are, and else opens what reads them as something else.
func (s *splitter) unlessRepeated(open func() error) func() error {
	return func() error {
		text := s.src.buf[s.src.pos:min(s.src.end, s.src.pos+proseSize)]
		text = text[:wholeLines(text)]
		f := &s.repeats
		f.at = 0
		if sample := f.sample(text); f.at > 0 || len(sample) < repeatLeast || !f.learn(sample) || !f.form.richer() {
			return open()
		}
		r := f.run(text, 1)
		if len(r.Lines) < repeatLeast {
			return open()
		}
		taken, err := s.out.Repeated(r)
		if err != nil {
			return err
		}
		if !taken {
			return open()
		}
		s.pass(f.at)
		return nil
	}
}

// repeatFinder is the state of one search.
type repeatFinder struct {
	at     int // offset in the text
	found  [][]byte
	form   repeatForm
	tokens [][]byte
	repeat Repeat // the run at hand
}

// nextLine returns the line at an offset without its end and marks, and the
// offset after it.
func nextLine(text []byte, at int) (line []byte, next int) {
	next = len(text)
	line = text[at:]
	if n := bytes.IndexByte(line, '\n'); n >= 0 {
		line, next = line[:n], at+n+1
	}
	return trim(unquote(line)), next
}

// passLine returns the offset after the next line that is not blank.
func passLine(text []byte, at int) int {
	for at < len(text) {
		line, next := nextLine(text, at)
		if at = next; len(line) > 0 {
			break
		}
	}
	return at
}

// sample moves to the next line that may be of a form and returns it and those
// after it, as many as follow each other; none at the end of the text.
func (f *repeatFinder) sample(text []byte) [][]byte {
	f.found = f.found[:0]
	for at := figureLine(text, f.at); at < len(text) && len(f.found) < repeatSample; {
		line, next := nextLine(text, at)
		switch {
		case len(line) == 0:
		case figured(line):
			if len(f.found) == 0 {
				f.at = at
			}
			f.found = append(f.found, line)
		case len(f.found) > 0:
			return f.found
		default:
			next = figureLine(text, next)
		}
		at = next
	}
	return f.found
}

// figured reports whether a line may be of a form: it is short, and has a digit
// or an at sign.
func figured(line []byte) bool { return len(line) <= repeatWidth && detect.IndexFigure(line) >= 0 }

// figureLine returns the offset of the next line that has a digit or an at sign,
// the end of the text if none has.
func figureLine(text []byte, at int) int {
	n := detect.IndexFigure(text[at:])
	if n < 0 {
		return len(text)
	}
	return at + 1 + lastBreak(text[at:at+n])
}

// learn finds what the lines of a sample have in common, and reports whether
// that parts at least two cells that differ from line to line.
func (f *repeatFinder) learn(sample [][]byte) bool {
	f.form.reset()
	for i, line := range sample {
		f.tokens = tokensOf(f.tokens[:0], line)
		if len(f.tokens) < 3 || len(f.tokens) > repeatTokens {
			return false
		}
		f.form.ordinal = f.form.ordinal && ordinal(f.tokens[0])
		if i == 0 {
			for _, token := range f.tokens {
				if !bytes.ContainsAny(token, "0123456789@") { // "+44" is of a value, though all have it
					f.form.anchors = append(f.form.anchors, token)
				}
			}
			continue
		}
		if f.form.anchors = inCommon(f.form.anchors, f.tokens); len(f.form.anchors) == 0 {
			return false
		}
	}
	return f.form.settle(sample)
}

// run takes the first lines of the form from the position on. A run ends where
// as many lines as given are of another form; those are not of it.
func (f *repeatFinder) run(text []byte, most int) *Repeat {
	r := &f.repeat
	*r = Repeat{Lines: r.Lines[:0], Starts: r.Starts[:0], parts: r.parts[:0], form: f.form, finder: f, text: text, most: most}
	r.gather(repeatLook)
	if len(r.Lines) == 0 {
		f.at = passLine(text, f.at)
	}
	return r
}

// gather takes lines of the run until there are as many as given, and moves the
// finder behind the last.
func (r *Repeat) gather(limit int) {
	f, others := r.finder, 0
	for at := f.at; at < len(r.text) && others < r.most && len(r.Lines) < limit; {
		line, next := nextLine(r.text, at)
		switch {
		case len(line) == 0:
		case len(line) <= repeatWidth && r.form.fits(line):
			if len(r.Lines) < repeatLook {
				r.parts = append(r.parts, r.form.row...)
			}
			r.Lines, r.Starts = append(r.Lines, line), append(r.Starts, at)
			f.at, others = next, 0
		default:
			others++
		}
		at = next
	}
}

// Labelled implements the interface of that name.
func (r *Repeat) Labelled() bool { return r.form.labelled }

// Next implements Grid.
func (r *Repeat) Next() ([][]byte, error) {
	if r.form.labelled && !r.begun {
		r.begun = true
		return r.form.labels, nil
	}
	if r.next == len(r.Lines) {
		return nil, io.EOF
	}
	width := len(r.form.anchors) + 1
	if at := r.next * width; at < len(r.parts) {
		r.form.row = append(r.form.row[:0], r.parts[at:at+width]...)
	} else {
		r.form.fits(r.Lines[r.next])
	}
	r.next++
	return r.form.cells(), nil
}
