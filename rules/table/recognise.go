package table

import (
	"bytes"
	"math/bits"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
)

// Marks of the characters that may open a table or part its cells, or-ed
// together over a line.
const (
	hasColon   = 1 << (iota + len(delimiters)) // : or =, or a byte that begins U+FF1A
	hasAngle                                   // <
	hasBox                                     // a byte that begins box drawing
	hasPair                                    // two spaces or more in a row
	hasQuote                                   // "
	hasBracket                                 // { or [

	hasDelimiter = 1<<len(delimiters) - 1 // one bit for each of the delimiters
)

// traits holds the marks of each byte.
type traits struct {
	of     [256]uint16
	marked lanes.Set // the bytes that have any
}

func newTraits() *traits {
	var t traits
	for i, c := range []byte(delimiters) {
		t.of[c] |= 1 << i
	}
	t.of[':'] |= hasColon
	t.of['='] |= hasColon
	t.of[0xEF] |= hasColon
	t.of['<'] |= hasAngle
	t.of[0xE2] |= hasBox
	t.of['"'] |= hasQuote
	t.of['{'] |= hasBracket
	t.of['['] |= hasBracket
	t.marked = lanes.SetOf(func(c byte) bool { return t.of[c] != 0 })
	return &t
}

// traitsAtOnce is the bytes of a line that are looked at at once: more than most
// lines have.
const traitsAtOnce = 512

var spaceSet = lanes.SetOf(func(c byte) bool { return c == ' ' })

// line returns the marks of a line.
func (t *traits) line(line []byte) (marks uint16) {
	var marked, spaces [traitsAtOnce / 64]uint64
	var before uint64 // 1 where the byte before is a space
	for len(line) > 0 {
		part := line[:min(len(line), traitsAtOnce)]
		t.marked.Masks(marked[:], part)
		spaceSet.Masks(spaces[:], part)
		for i := range (len(part) + 63) / 64 {
			if spaces[i]&(spaces[i]<<1|before) != 0 {
				marks |= hasPair
			}
			before = spaces[i] >> 63
			for m := marked[i]; m != 0; m &= m - 1 {
				marks |= t.of[part[i*64+bits.TrailingZeros64(m)]]
			}
		}
		line = line[len(part):]
	}
	return marks
}

// recognise returns what reads the table that begins with the line at the
// reading position, nil if none does. The forms that announce themselves come
// first, then those that are told by lines being alike.
func (s *splitter) recognise(l *seen) func() error {
	if l.kind == blankLine {
		return nil
	}
	text, marks := l.text, l.marks
	body := trim(text)
	if open := s.announced(l.line, text, body); open != nil {
		return open
	}
	if len(body) < 3 {
		return nil
	}
	if marks&hasBracket != 0 {
		if open := s.innerJSON(l.line); open != nil {
			return open
		}
	}
	if marks&hasAngle != 0 && bytes.IndexByte(body, '@') > 0 {
		if open := s.addressed(body); open != nil {
			return open
		}
	}
	if marks&hasColon != 0 && s.blocks(text) {
		k := &keyValues{s: s}
		return s.unlessRepeated(func() error { return s.giveRecords(KeyValue, k.next) })
	}
	if marks&(hasDelimiter|hasBox) != 0 {
		if open := s.delimited(l); open != nil {
			return open
		}
	}
	if open := s.stanzas(l); open != nil {
		return open
	}
	if marks&hasPair == 0 {
		return nil
	}
	if stops := s.align(text); stops != nil {
		return func() error { return s.give(Aligned, &aligned{s: s, stops: stops}) }
	}
	return nil
}

// delimited recognises delimited and drawn tables.
func (s *splitter) delimited(l *seen) func() error {
	f, ok := s.sniff(l)
	if !ok {
		return nil
	}
	open := func() error {
		kind := Delimited
		if f.drawn {
			kind = Drawn
		}
		return s.give(kind, &delimited{s: s, form: f})
	}
	if spoken(f.delim, l.text) {
		return s.unlessRepeated(open)
	}
	return open
}

// announced recognises the forms that begin with a word or a bracket of their
// own.
func (s *splitter) announced(line, text, body []byte) func() error {
	rest := func() (int, []byte) {
		at := max(bytes.Index(line, body), 0)
		return at, s.src.buf[s.src.pos+at : s.src.end]
	}
	switch body[0] {
	case '{', '[':
		switch at, all := rest(); {
		case looksWiki(all):
			return func() error { return s.giveRecords(Drawn, (&wikis{s: s}).read) }
		case looksJSON(all):
			return func() error { s.pass(at); return s.json(len(text) < len(line)) }
		}
	case '<':
		if at, all := rest(); looksXML(all) {
			return func() error { s.pass(at); return s.xml() }
		}
	case 'B', 'b':
		switch {
		case hasFold(body, "BEGIN:VCARD"):
			return func() error { return s.giveRecords(VCard, (&vcards{s: s}).next) }
		case hasFold(body, "BEGIN:VCALENDAR"), hasFold(body, "BEGIN:VEVENT"):
			return func() error { return s.giveRecords(Calendar, (&calendars{s: s}).next) }
		}
	case 'I', 'i', 'R', 'r':
		if hasFold(body, "INSERT ") || hasFold(body, "REPLACE INTO ") {
			at, all := rest()
			if head, ok := insertOf(all); ok {
				return func() error { s.pass(at); return s.giveRecords(SQL, (&inserts{s: s, head: head}).next) }
			}
		}
	case 'U', 'N', 'M', 'P', ':', '0':
		if interchanges(body) {
			at, all := rest()
			return s.interchange(at, body, all)
		}
	case 'C', 'c':
		if hasFold(body, "CREATE TABLE ") {
			_, all := rest()
			s.declare(all)
		} else if head, ok := copyOf(body); ok {
			return func() error { return s.copied(head) }
		}
	}
	return nil
}

// interchanges reports whether a line may begin what interchange recognises, by
// its first two characters. It has no others that announced asks about.
func interchanges(body []byte) bool {
	if len(body) < 2 {
		return false
	}
	switch second := body[1]; body[0] {
	case 'U':
		return second == 'N'
	case 'N':
		return second == 'A'
	case 'M':
		return second == 'S'
	case 'P':
		return second == 'I'
	case '0':
		return second == ' '
	default:
		return digit(second)
	}
}

// interchange recognises the formats by which programs send records to each
// other, or to banks. text begins with body, at bytes after the position.
func (s *splitter) interchange(at int, body, text []byte) func() error {
	switch {
	case looksEDIFACT(text):
		return func() error { s.pass(at); return s.giveRecords(EDIFACT, newEDIFACT(s).read) }
	case looksHL7(body):
		return func() error { return s.giveRecords(HL7, (&hl7{s: s}).read) }
	case looksStatement(body, text):
		return func() error { return s.giveRecords(Statement, (&statements{s: s}).read) }
	case looksGEDCOM(body):
		return func() error { return s.giveRecords(GEDCOM, (&gedcoms{s: s}).read) }
	}
	return nil
}

// innerJSON recognises JSON behind words in its line: a variable's value, an
// argument, what a log says.
func (s *splitter) innerJSON(line []byte) func() error {
	at := bytes.Index(line, []byte("[["))
	if n := bytes.IndexByte(line, '{'); n >= 0 && (at < 0 || n < at) {
		at = n
		if before := bytes.TrimRight(line[:n], " "); len(before) > 0 && before[len(before)-1] == '[' {
			at = len(before) - 1
		}
	}
	if at <= 0 || !looksJSON(s.src.buf[s.src.pos+at:s.src.end]) {
		return nil
	}
	return func() error {
		s.src.pos += at
		if err := s.flush(); err != nil {
			return err
		}
		return s.json(false)
	}
}

// copied gives the rows of a COPY block.
func (s *splitter) copied(head insert) error {
	_, next, _ := s.src.peek(0)
	s.pass(next)
	columns := head.columns
	if columns == nil {
		columns = s.sql[head.table]
	}
	return s.giveRecords(SQL, (&copies{s: s, columns: columns}).next)
}

// addressed recognises a list of mailboxes, unless it is the To or Cc of a
// mail's head.
func (s *splitter) addressed(body []byte) func() error {
	if p, ok := pairOf(body); ok && headerWord(p.key) > 0 {
		return nil
	}
	if !addressList(s.src.buf[s.src.pos:s.src.end]) {
		return nil
	}
	return func() error { return s.giveRecords(Addresses, (&mailboxes{s: s}).next) }
}

// lineless returns what reads the table that begins with text and needs no
// lines, nil if none does.
func (s *splitter) lineless(text []byte) func() error {
	body := trim(text)
	if len(body) == 0 {
		return nil
	}
	at := max(bytes.Index(text, body[:1]), 0)
	switch {
	case body[0] == '{' || body[0] == '[':
		if looksJSON(body) {
			return func() error { s.pass(at); return s.json(false) }
		}
	case body[0] == '<':
		if looksXML(body) {
			return func() error { s.pass(at); return s.xml() }
		}
	case hasFold(body, "INSERT ") || hasFold(body, "REPLACE INTO "):
		if head, ok := insertOf(body); ok {
			return func() error { s.pass(at); return s.giveRecords(SQL, (&inserts{s: s, head: head}).next) }
		}
	case looksEDIFACT(body):
		return func() error { s.pass(at); return s.giveRecords(EDIFACT, newEDIFACT(s).read) }
	case addressList(body):
		return func() error { s.pass(at); return s.giveRecords(Addresses, (&mailboxes{s: s}).next) }
	}
	return nil
}
