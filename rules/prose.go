package rules

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// Prose implements table.Output: it takes running text, whole lines. Entities
// on one line belong to one record when the line has one of each kind.
func (t *textSink) Prose(text []byte) error {
	if t.words == 0 {
		t.words = len(bytes.TrimSpace(text))
	}
	if !t.cells && t.part.Place != extract.Header {
		t.print.Write(text) //nolint:errcheck // it never fails
	}
	read, err := t.repeated(text)
	if err != nil {
		return err
	}
	t.scan = lineScan{text: text, rows: read, found: t.scan.found[:0]}
	if t.note == nil { // made once, not for each piece
		t.note = t.found
	}
	t.resolver.det.Scan(text, t.note)
	t.line(&t.scan)
	t.scan.text, t.scan.rows = nil, nil
	t.lookUp(text)
	return t.ctx.Err()
}

// found takes an entity of running text.
func (t *textSink) found(e detect.Entity) {
	t.resolver.indexed.note(e)
	if !proseTypes(e.Type) {
		return
	}
	line := &t.scan
	if e.Start >= line.end {
		t.line(line)
		line.seek(e.Start)
		line.read = line.rows.has(line.start)
	}
	if !line.read {
		line.found = append(line.found, e)
	}
}

// lineScan gathers the entities of one line.
type lineScan struct {
	text       []byte
	start, end int
	rows       lineSet // the lines that were read as rows of a table
	read       bool    // this line was
	found      []detect.Entity
}

// seek moves to the line that holds the given offset.
func (l *lineScan) seek(at int) {
	l.start = bytes.LastIndexByte(l.text[:at], '\n') + 1
	l.end = len(l.text)
	if n := bytes.IndexByte(l.text[at:], '\n'); n >= 0 {
		l.end = at + n + 1
	}
	l.found = l.found[:0]
}

// line resolves what one line held.
func (t *textSink) line(l *lineScan) {
	if len(l.found) == 0 {
		return
	}
	defer func() { l.found = l.found[:0] }()
	var row [detect.NumTypes][]byte
	exempt := quotedLine(l.text[l.start:l.end]) || t.inSignature(l)
	many := false
	for _, e := range l.found {
		value := l.text[e.Start:e.End]
		contact := e.Type == detect.ContactEmail || e.Type == detect.ContactPhone || e.Type == detect.PersonName
		if contact && exempt || documentation(e.Type, value) ||
			e.Type == detect.ContactEmail && detect.Role(value) ||
			e.Type == detect.ContactPhone && detect.TollFree(value) ||
			e.Type == detect.IDNational && (weak(value) && !l.accompanied(e) && !l.only(e) || l.amidFigures(e)) ||
			t.cells && bare(value) {
			continue
		}
		if row[e.Type] != nil {
			many = true
			t.entity(e.Type, value)
			continue
		}
		row[e.Type] = value
		if e.Type == detect.PersonName && len(l.found) == 1 {
			t.beside(l, e, &row)
		}
	}
	t.record(&row, many)
}

// weak reports whether a value that reads as an identity number is as likely
// something else: nothing but digits, or with a letter in lower case, as the
// names of files and commits have.
func weak(value []byte) bool {
	return bare(value) || bytes.ContainsFunc(value, unicode.IsLower)
}

// accompanied reports whether a line holds something else of a person.
func (l *lineScan) accompanied(e detect.Entity) bool {
	for _, other := range l.found {
		if other.Type != e.Type {
			return true
		}
	}
	return false
}

// bare reports whether a value is nothing but digits, decimal or hexadecimal in
// lower case: in a log or a listing one number in forty has the check digit of
// some country's scheme.
func bare(value []byte) bool {
	for _, c := range value {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// amidFigures reports whether an entity without letters or signs of its own
// stands in a row of numbers: "7008 5003 150111 240".
func (l *lineScan) amidFigures(e detect.Entity) bool {
	for _, c := range l.text[e.Start:e.End] {
		if c != ' ' && (c < '0' || c > '9') {
			return false
		}
	}
	figure := func(space, next int) bool {
		return space >= l.start && next >= l.start && space < l.end && next < l.end &&
			l.text[space] == ' ' && '0' <= l.text[next] && l.text[next] <= '9'
	}
	return figure(e.Start-1, e.Start-2) || figure(e.End, e.End+1)
}

// only reports whether a line holds nothing but the entity.
func (l *lineScan) only(e detect.Entity) bool {
	return len(bytes.TrimSpace(l.text[l.start:l.end])) == e.End-e.Start
}

// entity resolves a value that stands alone.
func (t *textSink) entity(kind detect.Type, value []byte) {
	var row [detect.NumTypes][]byte
	row[kind] = value
	t.record(&row, true)
}

// record resolves the values of one line: as one person's record, or, where a
// line holds several of a kind, each for itself.
func (t *textSink) record(row *[detect.NumTypes][]byte, apart bool) {
	var cells [][]byte
	var columns []typedColumn
	for kind, value := range row {
		if value != nil && !(apart && detect.Type(kind) == detect.PersonName) {
			columns = append(columns, typedColumn{len(cells), detect.Type(kind)})
			cells = append(cells, value)
		}
	}
	if !apart {
		t.person(cells, columns)
		return
	}
	for i := range cells {
		t.person(cells, columns[i:i+1])
	}
}

// person resolves one person's values.
func (t *textSink) person(cells [][]byte, columns []typedColumn) {
	if len(columns) == 0 {
		return
	}
	g := group{columns: columns}
	t.resolver.keysOf([][][]byte{cells}, g)
	if !t.resolver.row(&g, cells, t.resolver.keys) {
		return
	}
	t.prose.Records++
	for _, c := range columns {
		t.types.add(c.kind)
	}
}

// maxSignature is how many lines below a signature delimiter are taken for the
// signature; what follows is text again.
const maxSignature = 12

// maxSignatures is how many signatures one text may have: a thread has a few,
// a list with a delimiter above each entry has many.
const maxSignatures = 5

// inSignature reports whether a line stands in a signature: shortly below a
// delimiter (RFC 3676 section 4.3).
func (t *textSink) inSignature(l *lineScan) bool {
	end := l.start // of the line above, with its line end
	for range maxSignature {
		if end == 0 {
			return false
		}
		start := bytes.LastIndexByte(l.text[:end-1], '\n') + 1
		if signatureDelimiter(l.text[start:end]) {
			if t.signature != &l.text[start] {
				t.signature = &l.text[start]
				t.signatures++
			}
			return t.signatures <= maxSignatures
		}
		end = start
	}
	return false
}

// signatureDelimiter reports whether a line is what a signature begins with.
func signatureDelimiter(line []byte) bool {
	return string(bytes.TrimRight(line, "\r\n")) == "-- "
}

// documentation reports whether a value in running text is one that manuals
// and tests use, and nobody's: an address at example.com and its like, a
// published test card. Other reserved domains and telephone numbers count, since
// who writes a list of them means people by them.
func documentation(t detect.Type, value []byte) bool {
	switch t {
	case detect.ContactPhone:
		return false
	case detect.ContactEmail:
		domain := string(bytes.ToLower(domainOf(value)))
		for _, name := range [...]string{"example.com", "example.net", "example.org", "example.edu"} {
			if domain == name || strings.HasSuffix(domain, "."+name) {
				return true
			}
		}
		return false
	}
	return detect.Example(t, value)
}

// quotedLine reports whether a line repeats the header of another message: a
// quoted line, a header field with addresses, or "X wrote:".
func quotedLine(line []byte) bool {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return false
	}
	if line[0] == '>' || bytes.HasSuffix(line, []byte(":")) {
		return true
	}
	colon := bytes.IndexByte(line, ':')
	if colon < 2 || colon > 14 {
		return false
	}
	switch string(bytes.ToLower(bytes.Trim(line[:colon], "* "))) {
	case "from", "to", "cc", "bcc", "reply-to", "sender", "sent by",
		"von", "an", "kopie", "de", "à", "para", "da", "a", "van", "aan", "od", "do", "från", "till", "kopia",
		"от", "кому", "копия", "差出人", "宛先", "发件人", "收件人":
		return true
	}
	return false
}
