package extract

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html"
)

// html reads a page as the pieces that a markup yields: running text, the
// rows of tables, data: URIs as parts.
func (w *walk) html(n node, r io.Reader) error {
	m := newMarkup(r, int(min(w.lim.Memory*4, 64<<20)))
	if err := w.pieces(n, m); err != nil {
		return err
	}
	if w.cells > w.lim.Cells {
		return nil
	}
	if m.shadow.cut {
		w.unread(n, TooBig, "the page carries more beside what it shows than is read", true)
	}
	if m.cut {
		w.unread(n, TooMany, "a row of a table has more cells than are read", true)
	}
	n.charset, n.flowed, n.media = "utf-8", false, ""
	return w.markupEnd(n, m)
}

// pieces is a document that is cut into items on demand.
type pieces interface {
	// peek returns the next item without taking it, nil at the end.
	peek() *item
	// take gives the item that peek returned; it is good until the next peek.
	take()
}

// pieces gives the sink what a document is cut into.
func (w *walk) pieces(n node, m pieces) error {
	inner := n
	inner.charset, inner.flowed, inner.media = "utf-8", false, ""
	for {
		it := m.peek()
		switch {
		case it == nil:
			return nil
		case it.kind == itemData:
			m.take()
			c := n.child(cmp.Or(it.name, "data"))
			c.place, c.media, c.hunch = Attachment, it.media, true
			src := bytes.NewReader(it.text)
			if err := w.open(c, content{w.metered(c, src), src, src.Size()}); err != nil {
				return err
			}
		case it.isRow():
			if err := w.table(inner.spot(it.name), &pieceGrid{m: m, id: it.grid}); err != nil {
				return err
			}
			if w.cells > w.lim.Cells {
				return nil
			}
		default:
			t := &pieceText{m: m}
			if err := w.plain(inner, t); err != nil {
				return err
			}
			rest(t)
		}
	}
}

// markupEnd reads what the tokenizer could not take as plain text: a single
// tag beyond its buffer.
func (w *walk) markupEnd(n node, m *markup) error {
	if m.err == io.EOF || m.err == nil {
		return nil
	}
	if errors.Is(m.err, html.ErrBufferExceeded) {
		return w.plain(n, io.MultiReader(bytes.NewReader(m.z.Buffered()), m.r))
	}
	return m.err
}

// item is one piece of a document, in order.
type item struct {
	kind  itemKind
	text  []byte   // itemText: whole lines; itemData: the bytes
	media string   // itemData: the declared type
	name  string   // of the table or the data, "" for none
	cells [][]byte // itemRow
	arena []byte   // itemRow: what cells point into, where the row is reused
	grid  int      // itemRow: which table
}

type itemKind uint8

const (
	itemText itemKind = iota
	itemRow
	itemData
)

// isRow tells the rows that make a table: a row of one cell is layout.
func (it *item) isRow() bool { return it.kind == itemRow && len(it.cells) > 1 }

// pieceText gives the text up to the next table.
type pieceText struct {
	m    pieces
	left []byte
}

func (t *pieceText) Read(p []byte) (int, error) {
	for len(t.left) == 0 {
		it := t.m.peek()
		switch {
		case it == nil || it.kind == itemData || it.isRow():
			return 0, io.EOF
		case it.kind == itemRow:
			t.left = t.left[:0]
			for _, c := range it.cells {
				t.left = append(append(t.left, c...), '\n')
			}
		default:
			t.left = it.text
		}
		t.m.take()
	}
	n := copy(p, t.left)
	t.left = t.left[n:]
	return n, nil
}

// pieceGrid gives the rows of one table. Tables that follow each other with
// nothing between and rows of the same width are one: some programs write a
// table for each row.
type pieceGrid struct {
	m     pieces
	id    int
	width int
}

func (g *pieceGrid) Next() ([][]byte, error) {
	it := g.m.peek()
	if it == nil || it.kind != itemRow || it.grid != g.id && len(it.cells) != g.width {
		return nil, io.EOF
	}
	g.id = it.grid
	if len(it.cells) > 1 {
		g.width = len(it.cells)
	}
	g.m.take()
	return it.cells, nil
}

// metaCharset finds the charset that a page or an XML document names in its
// beginning.
func metaCharset(head []byte) string {
	if s := bytes.TrimSpace(head); len(s) == 0 || s[0] != '<' {
		return ""
	}
	lower := asciiLower(string(head[:min(len(head), 2048)]))
	for _, word := range []string{"charset=", "encoding="} {
		if _, after, ok := strings.Cut(lower, word); ok {
			after = strings.TrimLeft(after, "\"' ")
			if i := strings.IndexAny(after, "\"' />;?"); i > 0 && i < 40 {
				return after[:i]
			}
		}
	}
	return ""
}

// hasTag tells whether text has any HTML tag.
func hasTag(head []byte) bool {
	for i := 0; i < len(head); i++ {
		if head[i] == '<' {
			if name, ok := tagName(head[i:]); ok && htmlTag(name) {
				return true
			}
			if name, ok := tagName(bytes.Replace(head[i:min(i+12, len(head))], []byte("</"), []byte("<"), 1)); ok && htmlTag(name) {
				return true
			}
		}
	}
	return false
}

// wide tells text that must become UTF-8 before its bytes can be looked at.
func wide(label string, head []byte) bool {
	if skip, enc := byteOrderMark(head); skip > 0 && enc != nil {
		return true
	}
	return wideByZeros(head) != nil || isUTF7(label) || escaped(label, head) != nil || ebcdic(label, head) != nil
}
