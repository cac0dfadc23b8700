package table

import "bytes"

// gedcoms reads the people of a family tree (GEDCOM 5.5.1, chapter 2): each
// individual is a record. Of the dead, whose data is nobody's secret, only the
// name is read.
type gedcoms struct {
	s      *splitter
	event  string // the tag of level 1 that the line at hand stands under
	person bool   // the lines at hand are of a person
}

// looksGEDCOM reports whether a line begins a family tree or a person of one.
func looksGEDCOM(line []byte) bool {
	return string(line) == "0 HEAD" || bytes.HasPrefix(line, []byte("0 @")) && bytes.HasSuffix(line, []byte("@ INDI"))
}

// gedcomLine parts a line into level, tag and value. A tag is of capitals, digits
// and underscores: what has another is a list, whose lines are numbered.
func gedcomLine(line []byte) (level byte, tag string, value []byte, ok bool) {
	head, rest, _ := bytes.Cut(line, []byte{' '})
	if len(head) != 1 || !digit(head[0]) || len(rest) == 0 {
		return 0, "", nil, false
	}
	if rest[0] == '@' { // its own name
		_, rest, _ = bytes.Cut(rest, []byte{' '})
	}
	name, value, _ := bytes.Cut(rest, []byte{' '})
	for _, c := range name {
		if !upper(c) && !digit(c) && c != '_' {
			return 0, "", nil, false
		}
	}
	return head[0] - '0', string(name), trim(value), len(name) > 2
}

// read implements what giveRecords asks for.
func (g *gedcoms) read(r *record) (bool, error) {
	dead := false
	for {
		if err := g.s.refill(); err != nil {
			return false, err
		}
		line, next, ok := g.s.src.peek(0)
		text := trim(unquote(line))
		level, tag, value, is := gedcomLine(text)
		if ok && len(text) == 0 {
			g.s.pass(next)
			continue
		}
		if !ok || !is || level == 0 && g.person && len(r.fields) > 0 {
			if dead {
				r.fields = r.fields[:min(len(r.fields), 1)]
			}
			return len(r.fields) > 0, nil
		}
		g.s.pass(next)
		switch level {
		case 0:
			g.person = tag == "INDI"
		case 1:
			g.event = tag
			dead = dead || tag == "DEAT" || tag == "BURI"
		}
		if label := g.label(level, tag); label != "" && len(value) > 0 {
			r.put([]byte(label), bytes.ReplaceAll(value, []byte{'/'}, nil))
		}
		if r.full() {
			return true, nil
		}
	}
}

// label names what a line says, empty for what is not read.
func (g *gedcoms) label(level byte, tag string) string {
	switch {
	case tag == "NOTE" || tag == "TEXT" || tag == "CONT" || tag == "CONC":
		return "note"
	case !g.person:
		return ""
	case level == 1 && tag == "NAME":
		return "full name"
	case level == 1 && tag == "SEX":
		return "sex"
	case level == 2 && g.event == "BIRT" && tag == "DATE":
		return "birth date"
	case level == 2 && g.event == "BIRT" && tag == "PLAC":
		return "birth place"
	case tag == "ADDR":
		return "address"
	case tag == "PHON":
		return "phone"
	case tag == "EMAIL" || tag == "EMAI":
		return "email"
	case tag == "SSN" || tag == "IDNO":
		return "national id"
	case level == 1 && tag == "OCCU":
		return "occupation"
	}
	return ""
}
