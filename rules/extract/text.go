package extract

import (
	"io"
)

// text reads a part that is text in some charset, as the format that it is.
func (w *walk) text(n node, r io.Reader, head []byte) error {
	if n.charset == "" {
		n.charset = metaCharset(head)
	}
	if wide(n.charset, head) || n.flowed {
		r = utf8Reader(n.charset, head, r)
		n.charset = ""
	}
	if oddLines(head) {
		r = newLines(r)
	}
	br := w.buffer(r)
	defer w.release(br)
	head, _ = br.Peek(sniffSize)
	f := sniffText(head)
	if n.media == "text/html" && f == FormatText && hasTag(head) {
		f = FormatHTML
	}
	switch {
	case f == FormatText && n.media == "text/csv":
		f = FormatCSV
	case f == FormatMessage, f == FormatMbox, f == FormatRTF: // told by the raw bytes or not at all
		f = FormatText
	}
	w.turns(&n, f)
	switch f {
	case FormatHTML:
		return w.html(n, utf8Reader(n.charset, head, br))
	case FormatXML:
		return w.xml(n, br, head)
	case FormatText, FormatCSV:
		if isSYLK(head) {
			return w.sylk(n, utf8Reader(n.charset, head, br))
		}
		if e := escapesOf(head); e != unescapedText {
			return w.plain(n, w.metered(n, newUnescaped(br, e)))
		}
	}
	if f != FormatCSV && holdsFile(head) {
		return w.plain(n, w.metered(n, &literal{br: br}))
	}
	return w.plain(n, br)
}

// sylk reads a symbolic link file.
func (w *walk) sylk(n node, r io.Reader) error {
	br := w.buffer(r)
	defer w.release(br)
	g := &sylk{br: br}
	if err := w.table(n, g); err != nil {
		return err
	}
	if g.cut {
		w.unread(n, TooMany, "a row of a table has more cells than are read", true)
	}
	return nil
}

// plain reads running text: what is encoded inside it is cut out and opened,
// the rest is given to the sink.
func (w *walk) plain(n node, r io.Reader) error {
	br := w.buffer(r)
	defer w.release(br)
	head, _ := br.Peek(sniffSize)
	p := partingOf(head) // of the text: what is encoded in it may look like that by chance
	c := &carver{br: br}
	for {
		if c.more() {
			if err := w.passage(n, c, head, p); err != nil {
				return err
			}
		}
		if c.err != nil {
			if c.err == io.EOF {
				return nil
			}
			return c.err
		}
		if c.found == nothing {
			return nil
		}
		if err := w.embedded(n, c); err != nil {
			return err
		}
		head, _ = br.Peek(sniffSize)
	}
}

// passage gives the text up to where the carver finds something; head is its
// beginning.
func (w *walk) passage(n node, c *carver, head []byte, p parting) error {
	var text io.Reader = c
	if p.by != "" {
		br := w.buffer(c)
		defer w.release(br)
		text = &parted{br: br, p: p}
	}
	text = utf8Reader(n.charset, head, text)
	if n.flowed {
		text = newFlowed(text, n.delSp)
	}
	t := w.tapped(newFolded(text))
	if err := w.give(n, t); err != nil {
		return err
	}
	t.learn()
	rest(c)
	return nil
}
