package table

import "bytes"

// statementText is the longest text of field 86 that is read, in bytes: the
// standard has 6 lines of 65 characters, and some banks write more.
const statementText = 1 << 10

// statements reads the entries of bank statements (SWIFT MT940 and MT942): each
// is a record of a date, an amount and what field 86 says of the other party, in
// the subfields of the German banks (?32) or the code words of the Dutch (/NAME/).
type statements struct {
	s    *splitter
	next record
	text []byte // of field 86
}

// looksStatement reports whether a line is a field of a statement that has
// entries in the text that follows.
func looksStatement(line, text []byte) bool {
	tag := statementTag(line)
	switch tag {
	case "20", "25", "28C", "60F", "60M":
		return bytes.Contains(text, []byte("\n:61:")) || bytes.Contains(text, []byte("\n:86:"))
	case "61", "86":
		return true
	}
	return false
}

// statementTag returns the tag of a line such as ":61:", empty if it has none.
func statementTag(line []byte) string {
	if len(line) < 4 || line[0] != ':' {
		return ""
	}
	tag, _, ok := bytes.Cut(line[1:], []byte{':'})
	if !ok || len(tag) < 2 || len(tag) > 3 || !digit(tag[0]) || !digit(tag[1]) || len(tag) == 3 && !upper(tag[2]) {
		return ""
	}
	return string(tag)
}

// read implements what giveRecords asks for.
func (m *statements) read(r *record) (bool, error) {
	for {
		if err := m.s.refill(); err != nil {
			return false, err
		}
		line, next, ok := m.s.src.peek(0)
		text := trim(unquote(line))
		tag := statementTag(text)
		goesOn := len(m.text) > 0 && len(text) > 0 && tag == "" && text[0] != '-' && text[0] != '{' && len(m.text) < statementText
		if !ok || tag == "" && !goesOn && len(text) > 0 && text[0] != '-' {
			return m.flush(r), nil
		}
		if (tag == "61" || tag == "86" && len(m.text) > 0 || tag == "62F" || tag == "20") && m.flush(r) {
			return true, nil // the line is read anew
		}
		m.s.pass(next)
		switch {
		case tag == "61":
			m.entry(text[len(":61:"):])
		case tag == "86":
			m.text = append(m.text[:0], text[len(":86:"):]...)
		case goesOn:
			m.text = append(m.text, text...)
		}
	}
}

// entry reads field 61: value date, entry date, mark, funds code, amount.
func (m *statements) entry(text []byte) {
	if len(text) < 6 {
		return
	}
	m.next.add([]byte("value date"), text[:6])
	rest := text[6:]
	for len(rest) > 0 && digit(rest[0]) {
		rest = rest[1:]
	}
	for len(rest) > 0 && upper(rest[0]) {
		rest = rest[1:]
	}
	n := 0
	for n < len(rest) && (digit(rest[n]) || rest[n] == ',') {
		n++
	}
	if n > 0 {
		m.next.add([]byte("amount"), rest[:n])
	}
}

func (m *statements) flush(r *record) bool {
	r.take(&m.next)
	switch {
	case bytes.IndexByte(m.text, '?') >= 0:
		m.subfields(r)
	case len(m.text) > 0 && m.text[0] == '/':
		m.words(r)
	case len(m.text) > 0:
		r.add([]byte("note"), m.text)
	}
	m.text = m.text[:0]
	return len(r.fields) > 0
}

// subfields reads "?20Rent?31DE…?32Anna Weber". What lies in neighbouring
// subfields of one kind belongs together.
func (m *statements) subfields(r *record) {
	last := ""
	for i, part := range bytes.Split(m.text, []byte{'?'}) {
		if i == 0 || len(part) < 3 || !digit(part[0]) || !digit(part[1]) {
			continue
		}
		label := "note"
		switch string(part[:2]) {
		case "00", "10":
			continue
		case "30":
			label = "bic"
		case "31":
			label = "iban"
		case "32", "33":
			label = "name"
		}
		if label == last {
			r.extend(part[2:])
		} else {
			r.put([]byte(label), trim(part[2:]))
		}
		last = label
	}
}

// words reads "/NAME/Anna Weber/IBAN/NL…/REMI/Rent".
func (m *statements) words(r *record) {
	parts := bytes.Split(m.text, []byte{'/'})
	label := ""
	for _, part := range parts[1:] {
		switch string(part) {
		case "NAME", "BENM", "ORDP":
			label = "name"
		case "IBAN", "ACCT":
			label = "iban"
		case "BIC":
			label = "bic"
		case "ADDR":
			label = "address"
		case "REMI", "EREF", "MARF", "CSID", "TRTP", "PREF", "RTRN", "ISDT", "PURP", "USTD":
			label = "note"
		default:
			if value := trim(part); len(value) > 0 && label != "" {
				r.put([]byte(label), value)
			}
		}
	}
}
