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
	return w.plain(n, br)
}

// sylk reads a symbolic link file.
func (w *walk) sylk(n node, r io.Reader) error {
	br := w.buffer(r)
	defer w.release(br)
	return w.table(n, &sylk{br: br})
}

// plain reads running text: what is encoded inside it is cut out and opened,
// the rest is given to the sink.
func (w *walk) plain(n node, r io.Reader) error {
	br := w.buffer(r)
	defer w.release(br)
	head, _ := br.Peek(sniffSize)
	if p := partingOf(head); p.by != "" {
		inner := w.buffer(&parted{br: br, p: p})
		defer w.release(inner)
		br = inner
		head, _ = br.Peek(sniffSize)
	}
	label, flowed, delSp := n.charset, n.flowed, n.delSp
	c := &carver{br: br}
	for {
		if c.more() {
			text := utf8Reader(label, head, c)
			if flowed {
				text = newFlowed(text, delSp)
			}
			t := &tap{r: newFolded(text), w: w, on: len(w.passwords) < maxPasswords}
			if err := w.give(n, t); err != nil {
				return err
			}
			t.learn()
			rest(c)
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
