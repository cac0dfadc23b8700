package table

import "bytes"

// edifactSegment is the longest segment that is read, in bytes.
const edifactSegment = 4 << 10

// edifact reads the parties of an EDIFACT interchange (ISO 9735, the directories
// of UN/EDIFACT): each name and address is a record, with the contacts that
// follow it. What the other segments say is the record's note.
type edifact struct {
	s     *splitter
	marks edifactMarks
	next  noted // the party that has begun
}

// edifactMarks are the service characters (UNA).
type edifactMarks struct{ component, element, release, end byte }

// looksEDIFACT reports whether text begins an interchange, a message or a party.
func looksEDIFACT(text []byte) bool {
	for _, mark := range []string{"UNB+", "UNH+", "NAD+"} {
		if bytes.HasPrefix(text, []byte(mark)) {
			return bytes.IndexByte(text[:min(len(text), edifactSegment)], '\'') > 0
		}
	}
	return len(text) > 12 && bytes.HasPrefix(text, []byte("UNA")) && bytes.HasPrefix(bytes.TrimLeft(text[9:], "\r\n"), []byte("UN"))
}

func newEDIFACT(s *splitter) *edifact {
	return &edifact{s: s, marks: edifactMarks{':', '+', '?', '\''}}
}

// segment reads the next segment, without its end. ok is false where the text
// is none.
func (e *edifact) segment() (text []byte, ok bool, err error) {
	if err := e.s.ensure(edifactSegment + 16); err != nil {
		return nil, false, err
	}
	rest := e.s.src.buf[e.s.src.pos:e.s.src.end]
	n := blanks(rest)
	rest = rest[n:]
	if bytes.HasPrefix(rest, []byte("UNA")) && len(rest) >= 9 {
		e.marks = edifactMarks{rest[3], rest[4], rest[6], rest[8]}
		n += 9
		rest = rest[9:]
		gap := blanks(rest)
		n, rest = n+gap, rest[gap:]
	}
	if len(rest) < 4 || !upper(rest[0]) || !upper(rest[1]) || !upper(rest[2]) && !digit(rest[2]) ||
		rest[3] != e.marks.element && rest[3] != e.marks.end {
		return nil, false, nil
	}
	for i := 3; i < len(rest) && i < edifactSegment; i++ {
		switch rest[i] {
		case e.marks.release:
			i++
		case e.marks.end:
			e.s.pass(n + i + 1)
			return rest[:i], true, nil
		}
	}
	return nil, false, nil
}

func upper(c byte) bool { return 'A' <= c && c <= 'Z' }

// read implements what giveRecords asks for.
func (e *edifact) read(r *record) (bool, error) {
	for {
		text, ok, err := e.segment()
		if err != nil {
			return false, err
		}
		if !ok {
			return e.next.flush(r), nil
		}
		if tag := string(text[:3]); tag == "NAD" || tag == "UNH" || tag == "UNT" || e.next.full() {
			some := e.next.flush(r)
			e.put(text)
			if some {
				return true, nil
			}
			continue
		}
		e.put(text)
	}
}

// put adds what a segment says.
func (e *edifact) put(text []byte) {
	elements := e.split(text, e.marks.element)
	at := func(i int) []byte {
		if i < len(elements) {
			return elements[i]
		}
		return nil
	}
	switch string(text[:3]) {
	case "UNA", "UNB", "UNH", "UNT", "UNZ", "UNG", "UNE", "BGM":
	case "NAD": // party qualifier, identification, address, name, street, city, region, postcode, country
		e.add("party id", at(2), 1)
		e.add("address", at(3), 5)
		e.add("name", at(4), 5)
		for i, label := range []string{"street", "city", "province", "postcode", "country"} {
			e.add(label, at(5+i), 4)
		}
	case "CTA": // function, identification : name
		if parts := e.split(at(2), e.marks.component); len(parts) > 1 {
			e.add("contact name", parts[1], 1)
		}
	case "COM": // number : qualifier
		for _, com := range elements[1:] {
			parts := e.split(com, e.marks.component)
			label := "phone"
			if len(parts) > 1 && string(parts[1]) == "EM" {
				label = "email"
			}
			e.add(label, parts[0], 1)
		}
	default:
		for _, part := range elements[1:] {
			e.next.note = append(append(e.next.note, e.plain(part, 9)...), ' ')
		}
	}
}

// add adds the first components of an element, if it has any.
func (e *edifact) add(label string, element []byte, components int) {
	if value := e.plain(element, components); len(value) > 0 {
		e.next.put([]byte(label), value)
	}
}

// plain joins the first components of an element without its escapes.
func (e *edifact) plain(element []byte, components int) []byte {
	var out []byte
	for i := 0; i < len(element); i++ {
		switch element[i] {
		case e.marks.release:
			if i++; i < len(element) {
				out = append(out, element[i])
			}
		case e.marks.component:
			if components--; components == 0 {
				return trim(out)
			}
			out = append(out, ' ')
		default:
			out = append(out, element[i])
		}
	}
	return trim(out)
}

// split cuts text at a mark that is not escaped. The escapes stay.
func (e *edifact) split(text []byte, mark byte) [][]byte {
	var parts [][]byte
	start := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case e.marks.release:
			i++
		case mark:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}
