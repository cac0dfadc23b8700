package rules

import (
	"bytes"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
)

// Bounds of a passage: what stands further apart is not of one person.
const (
	passageLines = 16
	passageLine  = 1 << 10 // bytes; a longer line is several
)

// lookUp finds the records that passages of running text agree with: the lines
// between two blank ones.
func (t *textSink) lookUp(text []byte) {
	x := &t.resolver.indexed
	if x.matcher == nil {
		return
	}
	found := x.found
	for start := 0; start < len(text); {
		x.lines = x.lines[:0]
		at := start
		for at < len(text) && len(x.lines) < passageLines {
			end := lineEnd(text, at)
			if len(bytes.TrimSpace(text[at:end])) == 0 {
				if at = end; len(x.lines) > 0 {
					break
				}
				start = end
				continue
			}
			x.lines = append(x.lines, end-start)
			at = end
		}
		n := 0
		for n < len(found) && found[n].Start < at {
			n++
		}
		if len(x.lines) > 0 {
			t.passage(text[start:start+x.lines[len(x.lines)-1]], start, found[:n])
		}
		start, found = at, found[n:]
	}
	x.found = x.found[:0]
}

// lineEnd returns where the line at the given place ends; a long one ends
// after a word.
func lineEnd(text []byte, at int) int {
	end := len(text)
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		end = at + n + 1
	}
	if end-at <= passageLine {
		return end
	}
	if n := bytes.LastIndexByte(text[at:at+passageLine], ' '); n > 0 {
		return at + n + 1
	}
	return at + passageLine
}

// passage looks one passage up. offset is where it begins in the text that the
// values were found in. What readers and writers say of themselves on quoted
// lines and in signatures is left out, as it is everywhere.
func (t *textSink) passage(text []byte, offset int, all []exact.Found) {
	x := &t.resolver.indexed
	lines := x.lines
	mute := func(i int) bool {
		start := 0
		if i > 0 {
			start = lines[i-1]
		}
		return quotedLine(text[start:lines[i]]) || belowSignature(text, lines, i)
	}
	line := 0
	kept := all[:0]
	for _, f := range all {
		f.Start, f.End = f.Start-offset, f.End-offset
		for line < len(lines)-1 && f.Start >= lines[line] {
			line++
		}
		contact := f.Type == detect.ContactEmail || f.Type == detect.ContactPhone || f.Type == detect.PersonName
		if f.End <= len(text) && !(contact && mute(line)) {
			kept = append(kept, f)
		}
	}
	t.ev.known.looked += int64(len(lines))
	for _, m := range x.matcher.Passage(exact.Passage{Text: text, Lines: lines, Found: kept, Mute: mute}) {
		t.ev.agrees(&m)
		if m.Sure {
			t.customer(&m, text)
		}
	}
}

// belowSignature reports whether a line of a passage stands below a signature
// delimiter in it. A passage is shorter than what inSignature takes for one.
func belowSignature(text []byte, lines []int, line int) bool {
	start := 0
	for _, end := range lines[:line] {
		if signatureDelimiter(text[start:end]) {
			return true
		}
		start = end
	}
	return false
}

// customer counts the person of a record that a passage agreed with. The
// values by which it did join the record to what the lines have told of the
// same person.
func (t *textSink) customer(m *exact.Match, text []byte) {
	r := t.resolver
	f := &r.found
	var columns []typedColumn
	for _, field := range m.Fields {
		if f.values[field.Type] != nil {
			continue
		}
		value := text[field.Start:field.End]
		columns = append(columns, typedColumn{kind: field.Type})
		f.values[field.Type] = value
		if !identifies(field.Type) {
			continue
		}
		f.keys[field.Type] = r.key(field.Type, value)
		if field.Type == detect.ContactEmail {
			f.addEmail(identifier{f.keys[field.Type], hashDomain(domainOf(value))})
		}
	}
	r.identify(&group{}, f)
	// A household shares its telephone.
	r.ids = slices.DeleteFunc(r.ids, func(id identifier) bool { return id.key == f.keys[detect.ContactPhone] })
	r.ids = slices.Insert(r.ids, 0, identifier{key: recordKey(m.Record)})
	f.forget(columns)
	before := len(t.ev.people.list)
	fields := fieldsOf(m)
	t.ev.add(r.ids, len(r.ids), record{fields: fields, strong: true})
	if len(t.ev.people.list) > before {
		t.prose.Records++
	}
	t.types.union(fields)
}
