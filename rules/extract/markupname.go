package extract

import (
	"bytes"

	"golang.org/x/net/html/atom"
)

// knownTag is what is known of a tag that came before.
type knownTag struct {
	name       string
	more       bool // attributes may follow the name
	rules      int  // how many style rules there were when it came
	plain      bool // its attributes say nothing but what is in attributes
	attributes attributes
}

// named returns the name of the tag at hand and whether attributes may follow:
// what tag returns, which is asked for each tag that is written alike once.
func (m *markup) named() (name string, attributes bool) {
	slot, again := m.z.Known()
	if slot < 0 {
		m.present = nil
		return m.tag(m.z.Raw())
	}
	k := &m.known[slot]
	if !again || k.rules != m.sheet.rules {
		name, attributes = m.tag(m.z.Raw())
		*k = knownTag{name: name, more: attributes, rules: m.sheet.rules}
	}
	m.present = k
	return k.name, k.more
}

// tag returns the name of a tag as it is written, "" if HTML has none such,
// and whether attributes may follow.
func (m *markup) tag(raw []byte) (name string, attributes bool) {
	raw = bytes.TrimPrefix(raw[1:], []byte("/"))
	var lower [16]byte
	i := 0
	for i < len(raw) && raw[i] != '>' && raw[i] != '/' && !blankByte(raw[i]) {
		if i == len(lower) {
			return "", true
		}
		lower[i] = raw[i]
		if 'A' <= raw[i] && raw[i] <= 'Z' {
			lower[i] += 'a' - 'A'
		}
		i++
	}
	attributes = i+1 < len(raw)
	if a := atom.Lookup(lower[:i]); a != 0 {
		return a.String(), attributes
	}
	switch string(lower[:i]) { // of SVG and MathML
	case "text":
		return "text", attributes
	case "tspan":
		return "tspan", attributes
	case "g":
		return "g", attributes
	case "mtable":
		return "table", attributes
	case "mtr", "mlabeledtr":
		return "tr", attributes
	case "mtd":
		return "td", attributes
	}
	if m.sheet.looks[string(lower[:i])].block { // an element of its own making
		return "div", attributes
	}
	return "", attributes
}
