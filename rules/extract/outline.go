package extract

import (
	"bytes"
	"context"
	"io"
	"strings"
)

// Outline is what a person would be shown of a message: its header and its
// texts, read with the same leniency as by [Walker.Message], but not searched.
// What is attached is not opened.
type Outline struct {
	// Header are the fields of the message's own header, in order.
	Header []Field
	// HeaderCut is true if there are more fields than are kept.
	HeaderCut bool
	// Texts are the parts that are text or HTML by what is declared and by what
	// they hold, in document order; those of messages in the message too.
	Texts []ShownText
	// TextsCut is true if there are more of them than are kept.
	TextsCut bool
}

// Field is a header field (RFC 5322 section 2.2), unfolded, its encoded words
// (RFC 2047) decoded.
type Field struct{ Name, Value string }

// ShownText is a text as a mail program would show it.
type ShownText struct {
	Path  string // as in [Part]
	Place Place
	HTML  bool
	// Text is in UTF-8: of HTML the markup as it stands.
	Text string
	Cut  bool // Text is the beginning of more
}

// Bounds of an outline beside that of its caller.
const (
	maxOutlineFields = 500
	maxOutlineTexts  = 50
)

// Outline reads what a person would be shown of a message (RFC 5322): of all
// texts together at most so many bytes, and of the header too. The error is the
// context's or that of the source; what is wrong with the content shows in what
// is missing.
func (r *Walker) Outline(ctx context.Context, src Source, lim Limits, most int64) (Outline, error) {
	w, done := r.begin(ctx, src, lim, nowhere{})
	defer done()
	w.outline = &outline{left: most}
	n := node{format: FormatMessage, id: -1}
	err := w.guard(n, func() error { return w.message(n, w.source(src), 0, src.Size) })
	if err := w.verdict(err); err != nil {
		return Outline{}, err
	}
	return w.outline.Outline, nil
}

// outline is an Outline in the making.
type outline struct {
	Outline
	seen bool  // the message's own header is kept
	left int64 // bytes of text that may still be kept
}

// header keeps the message's own header, the first that the walk meets, at most
// as many bytes as may be kept of texts.
func (o *outline) header(h *header) {
	if o.seen {
		return
	}
	o.seen, o.HeaderCut = true, h.over
	left := o.left
	for i, f := range h.fields {
		value := strings.ReplaceAll(decodeWords(f.value), "\t", " ")
		if left -= int64(len(f.name) + len(value)); i == maxOutlineFields || left < 0 {
			o.HeaderCut = true
			return
		}
		o.Header = append(o.Header, Field{f.name, value})
	}
}

// outlineText keeps a part if it is a text to be shown.
func (w *walk) outlineText(n node, c content) error {
	o := w.outline
	if !w.enter(&n) { // a bound on parts that are looked at, shown or not
		return nil
	}
	switch n.media {
	case "", "text/plain", "text/html", "text":
	default:
		return nil
	}
	if len(o.Texts) == maxOutlineTexts {
		o.TextsCut = true
		return nil
	}
	br := w.buffer(c.Reader)
	defer w.release(br)
	head, _ := br.Peek(sniffSize)
	if len(head) == 0 || sniff(head) != FormatText {
		return nil
	}
	if n.charset == "" {
		n.charset = metaCharset(head)
	}
	head = bytes.Clone(head) // reading overwrites it
	text := utf8Reader(n.charset, head, br)
	if n.flowed {
		text = newFlowed(text, n.delSp)
	}
	kept, err := io.ReadAll(io.LimitReader(text, o.left+1))
	t := ShownText{Path: n.path, Place: n.place, HTML: n.media == "text/html", Cut: int64(len(kept)) > o.left}
	if t.Cut {
		kept = kept[:o.left]
	}
	o.left -= int64(len(kept))
	t.Text = strings.ToValidUTF8(string(kept), "\uFFFD")
	o.Texts = append(o.Texts, t)
	return w.fault(n, err)
}
