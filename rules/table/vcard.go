package table

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
)

// property is a content line of a vCard or an iCalendar text (RFC 6350
// section 3.3, RFC 5545 section 3.1), unfolded.
type property struct {
	name   []byte // without its group
	params []byte
	value  []byte
}

// property reads the content line at the reading position. ok is false at the
// end of the text.
func (s *splitter) property(buf []byte) (p property, line []byte, ok bool, err error) {
	if err := s.refill(); err != nil {
		return p, buf, false, err
	}
	text, next, ok := s.src.peek(0)
	if !ok {
		return p, buf, false, nil
	}
	line = append(buf[:0], unquote(text)...)
	s.pass(next)
	for len(line) < recordBytes {
		text, next, ok = s.src.peek(0)
		if !ok {
			break
		}
		text = unquote(text)
		soft := len(line) > 0 && line[len(line)-1] == '=' && bytes.Contains(bytes.ToUpper(line), []byte("QUOTED-PRINTABLE"))
		switch {
		case soft: // vCard 2.1
			line = append(line[:len(line)-1], trim(text)...)
		case len(text) > 0 && (text[0] == ' ' || text[0] == '\t'):
			line = append(line, text[1:]...)
		default:
			ok = false
		}
		if !ok {
			break
		}
		s.pass(next)
	}
	return splitProperty(line), line, true, nil
}

func splitProperty(line []byte) (p property) {
	colon, quoted := -1, false
	for i, c := range line {
		if c == '"' {
			quoted = !quoted
		} else if c == ':' && !quoted {
			colon = i
			break
		}
	}
	if colon < 0 {
		p.value = trim(line)
		return p
	}
	p.name, p.value = trim(line[:colon]), trim(line[colon+1:])
	if n := bytes.IndexByte(p.name, ';'); n >= 0 {
		p.name, p.params = p.name[:n], p.name[n+1:]
	}
	if n := bytes.LastIndexByte(p.name, '.'); n >= 0 {
		p.name = p.name[n+1:]
	}
	return p
}

// text returns the value without its transfer encoding and escapes. A value
// that is a picture or a key is left out.
func (p *property) text() []byte {
	params := bytes.ToUpper(p.params)
	switch {
	case bytes.Contains(params, []byte("QUOTED-PRINTABLE")):
		out, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(p.value)))
		if err == nil {
			return out
		}
	case bytes.Contains(params, []byte("ENCODING=B")) && len(p.value) < 4096:
		out, err := base64.StdEncoding.AppendDecode(nil, p.value)
		if err == nil {
			return out
		}
	case bytes.Contains(params, []byte("ENCODING=B")):
		return nil
	}
	return unescape(p.value)
}

// unescape undoes the backslashes of RFC 6350 section 3.4.
func unescape(value []byte) []byte {
	if bytes.IndexByte(value, '\\') < 0 {
		return value
	}
	out := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) {
			i++
			if value[i] == 'n' || value[i] == 'N' {
				out = append(out, ' ')
				continue
			}
		}
		out = append(out, value[i])
	}
	return out
}

// vcards reads vCards, each a record.
type vcards struct {
	s      *splitter
	buf    []byte
	inside bool // a card that fills a record goes on
}

func (v *vcards) next(r *record) (bool, error) {
	if !v.inside && !v.s.begins("BEGIN:VCARD") {
		return false, nil
	}
	v.inside = false
	for {
		p, line, ok, err := v.s.property(v.buf)
		v.buf = line
		if err != nil || !ok {
			return len(r.fields) > 0, err
		}
		switch name := string(bytes.ToUpper(p.name)); name {
		case "END":
			return true, nil
		case "BEGIN", "VERSION", "PRODID", "REV":
		case "N":
			structuredName(r, p)
		case "ADR":
			structuredAddress(r, p)
		default:
			if value := p.text(); len(value) > 0 {
				r.add([]byte(cardLabel(name)), value)
			}
		}
		if r.full() {
			v.inside = true
			return true, nil
		}
	}
}

// begins reports whether the next line that is not blank begins with mark,
// and passes the blank ones.
func (s *splitter) begins(mark string) bool {
	for off := 0; ; {
		line, next, ok := s.src.peek(off)
		if !ok {
			return false
		}
		line = trim(unquote(line))
		if len(line) > 0 {
			if hasFold(line, mark) {
				s.pass(off)
				return true
			}
			return false
		}
		if off = next; off > blockSize {
			return false
		}
	}
}

// cardLabel gives the properties of RFC 6350 plain names.
func cardLabel(name string) string {
	switch name {
	case "FN":
		return "full name"
	case "TEL":
		return "phone"
	case "EMAIL":
		return "email"
	case "BDAY":
		return "birth date"
	case "ORG":
		return "company"
	case "TITLE", "ROLE":
		return "job title"
	case "URL":
		return "url"
	case "NOTE":
		return "note"
	case "NICKNAME":
		return "nickname"
	case "LABEL":
		return "address"
	case "GEO":
		return "coordinates"
	case "PHOTO", "LOGO", "SOUND", "KEY":
		return "photo"
	case "UID":
		return "uuid"
	case "IMPP":
		return "social handle"
	}
	if len(name) > 2 && name[:2] == "X-" {
		return name[2:]
	}
	return name
}

// structuredName splits N: family; given; additional; prefixes; suffixes.
func structuredName(r *record, p property) {
	parts := components(p)
	if len(parts) == 1 || len(parts) > 1 && len(parts[1]) == 0 {
		if bytes.IndexByte(parts[0], ' ') > 0 { // a full name in the first place
			r.add([]byte("full name"), parts[0])
			return
		}
	}
	for i, label := range []string{"family name", "given name", "middle name", "prefix"} {
		if i < len(parts) && len(parts[i]) > 0 {
			r.add([]byte(label), parts[i])
		}
	}
}

// structuredAddress splits ADR: box; extended; street; city; region; code; country.
func structuredAddress(r *record, p property) {
	parts := components(p)
	for i, label := range []string{"", "", "street", "city", "province", "postcode", "country"} {
		if label != "" && i < len(parts) && len(parts[i]) > 0 {
			r.add([]byte(label), parts[i])
		}
	}
}

// components splits a value at its semicolons.
func components(p property) [][]byte {
	plain := property{params: p.params, value: p.value}
	if !bytes.Contains(bytes.ToUpper(p.params), []byte("QUOTED-PRINTABLE")) {
		plain.params = nil
	}
	var parts [][]byte
	value := p.value
	if plain.params != nil {
		value = plain.text()
	}
	start := 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case ';':
			parts = append(parts, trim(unescape(value[start:i])))
			start = i + 1
		}
	}
	return append(parts, trim(unescape(value[min(start, len(value)):])))
}
