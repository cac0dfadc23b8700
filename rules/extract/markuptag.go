package extract

import "bytes"

// start handles a start tag.
func (m *markup) start(name string, more bool) {
	m.raw = ""
	var a attributes
	switch name {
	case "br":
		m.breakLine()
		return
	case "table":
		if more {
			a = m.attributes(name)
		}
		m.startTable()
		m.styled(name, a.look)
		return
	case "style":
		m.raw = "style"
		return
	case "noscript", "noframes", "noembed", "iframe":
		m.z.NextIsNotRawText() // some reader shows it, as markup
	}
	if block(name) && !m.labels.describes(name) {
		m.breakLine()
		m.blocks.open(m, name)
	}
	if more {
		a = m.attributes(name)
	} else {
		a.colspan, a.rowspan = 1, 1
	}
	t := m.table()
	m.styled(name, a.look)
	m.startPlaced(name, &a)
	switch name {
	case "pre", "textarea", "listing", "xmp", "plaintext":
		m.pre++
	case "tr":
		if t != nil {
			t.endRow(m)
		}
	case "td", "th":
		if t != nil {
			t.startCell(m, a.colspan, a.rowspan)
			return
		}
		m.line = append(m.line, '\t') // a cell without a table is still parted from the next
	case "tbody", "thead", "tfoot", "caption":
		if t != nil {
			t.endRow(m)
		}
	case "script":
		m.raw = "script"
	case "span", "label", "b", "i", "strong", "em":
		if a.look.cell && t == nil && len(m.line) > 0 {
			m.line = append(m.line, '\t')
		}
		if name != "span" && name != "i" && name != "em" {
			m.labels.begin(m)
		}
	}
	if a.look.keeps && name != "pre" && block(name) {
		m.pre++
		m.blocks.keep()
	}
}

// end handles an end tag.
func (m *markup) end(name string) {
	m.raw = ""
	t := m.table()
	m.unstyled(name)
	m.endPlaced(name)
	switch name {
	case "table":
		if t != nil {
			m.endTable()
		}
		return
	case "tr", "tbody", "thead", "tfoot", "caption":
		if t != nil {
			t.endRow(m)
		}
	case "td", "th":
		if t != nil {
			t.endCell(m)
		}
	case "pre", "textarea", "listing", "xmp", "plaintext":
		m.pre = max(m.pre-1, 0)
		m.breakLine()
	case "a":
		m.address()
	case "b", "strong", "label":
		m.labels.finish(m)
	case "dt":
		if m.labels.closeTerm(m) {
			return
		}
	case "p", "option", "title", "script":
		m.breakLine()
	}
	if block(name) {
		if m.table() == nil {
			m.line = m.labels.spell(m.lift(m.line))
			m.blocks.close(m, name)
			m.placed.leave(m)
		} else {
			m.breakLine()
		}
	}
}

// address adds the address of a mailto: link that its text does not show.
func (m *markup) address() {
	to := m.mailto
	if len(to) == 0 {
		return
	}
	m.mailto = nil
	to, query, _ := bytes.Cut(to, []byte("?"))
	open := m.line
	if t := m.table(); t != nil {
		open = t.cell
	}
	if len(to) > 0 && !bytes.Contains(open[max(0, len(open)-1024):], to) {
		m.text([]byte{' '})
		m.text(to)
	}
	if _, body, ok := bytes.Cut(query, []byte("body=")); ok {
		m.text([]byte{' '})
		m.text(percentDecoded(body))
	}
}

// block tells the elements that begin and end a line.
func block(name string) bool {
	switch name {
	case "p", "div", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "header", "footer",
		"main", "nav", "aside", "blockquote", "dl", "dt", "dd", "hr", "form", "fieldset", "pre", "body", "html", "address",
		"center", "figure", "option", "title", "head", "details", "summary", "legend", "textarea", "script", "tr":
		return true
	}
	return false
}
