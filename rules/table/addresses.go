package table

import "bytes"

// addressSize is the most bytes of one "Name <address>".
const addressSize = 512

// mailbox is a "Name <address>" at the start of a text (RFC 5322 section 3.4).
type mailbox struct {
	name, address []byte
	size          int // bytes with the comma or line end after it
}

// mailboxOf reads the mailbox at the start of text.
func mailboxOf(text []byte) (m mailbox, ok bool) {
	text = text[:min(len(text), addressSize)]
	open := bytes.IndexByte(text, '<')
	if open < 0 || bytes.ContainsAny(text[:open], ";{}") {
		return m, false
	}
	if bytes.Count(text[:open], []byte{'\n'}) > 1 || bytes.IndexByte(trim(text[:open]), '\n') >= 0 {
		return m, false
	}
	width := bytes.IndexByte(text[open:], '>')
	if width < 0 {
		return m, false
	}
	m.address = trim(text[open+1 : open+width])
	if bytes.IndexByte(m.address, '@') <= 0 || bytes.ContainsAny(m.address, " <\"\n") {
		return m, false
	}
	name := trim(text[:open])
	if bytes.IndexByte(name, ',') >= 0 && (len(name) == 0 || name[0] != '"') && bytes.IndexByte(name, '@') >= 0 {
		return m, false
	}
	m.name = bytes.Trim(bytes.TrimLeft(name, "-*• \t>"), `"' `)
	if len(m.name) > 80 {
		return m, false
	}
	m.size = open + width + 1
	for m.size < len(text) && (text[m.size] == ' ' || text[m.size] == '\r' || text[m.size] == '\t') {
		m.size++
	}
	if m.size == len(text) {
		return m, true
	}
	if c := text[m.size]; c != ',' && c != ';' && c != '\n' {
		return m, false
	}
	for m.size < len(text) && bytes.IndexByte([]byte(",; \t\r\n"), text[m.size]) >= 0 {
		m.size++
	}
	return m, true
}

// addressList reports whether three mailboxes or more follow each other.
func addressList(text []byte) bool {
	for range 3 {
		m, ok := mailboxOf(text)
		if !ok {
			return false
		}
		text = text[m.size:]
	}
	return true
}

// mailboxes reads a list of mailboxes, each a record.
type mailboxes struct{ s *splitter }

func (b *mailboxes) next(r *record) (bool, error) {
	if err := b.s.refill(); err != nil {
		return false, err
	}
	m, ok := mailboxOf(b.s.src.buf[b.s.src.pos:b.s.src.end])
	if !ok {
		return false, nil
	}
	r.add([]byte("contact name"), m.name)
	r.add([]byte("email address"), m.address)
	b.s.pass(m.size)
	return true, nil
}
