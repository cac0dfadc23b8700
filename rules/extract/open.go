package extract

import (
	"bytes"
	"io"
)

// open reads one part by what its content proves to be.
func (w *walk) open(n node, c content) error {
	if err := w.alive(); err != nil {
		return w.fault(n, err)
	}
	if n.depth > w.lim.Depth {
		return w.deep(n, c)
	}
	br := w.buffer(c.Reader)
	defer w.release(br)
	head, err := br.Peek(sniffSize)
	if len(head) == 0 {
		if err == io.EOF {
			return nil
		}
		if n.format == "" {
			n.format = FormatUnknown
		}
		w.enter(&n)
		return w.fault(n, err)
	}
	c.Reader = br
	n.format = sniff(head)
	if n.hunch && n.format == FormatUnknown {
		return nil
	}
	if n.format != FormatText {
		if !w.enter(&n) {
			return nil
		}
		return w.guard(n, func() error { return w.fault(n, w.read(n, c)) })
	}
	return w.openText(n, c, head)
}

// openText reads a part that is text in some charset.
func (w *walk) openText(n node, c content, head []byte) error {
	if f := sniffText(head); f == FormatMessage || f == FormatMbox || f == FormatRTF {
		// These are ASCII with their own ways to name a charset.
		n.format = f
		if !w.enter(&n) {
			return nil
		}
		return w.guard(n, func() error { return w.fault(n, w.read(n, c)) })
	}
	if !w.enter(&n) {
		return nil
	}
	return w.guard(n, func() error {
		return w.fault(n, w.text(n, c.Reader, bytes.Clone(head)))
	})
}

// deep takes a part past the depth bound: its bytes are still searched as text.
func (w *walk) deep(n node, c content) error {
	n.format = FormatUnknown
	if !w.enter(&n) {
		return nil
	}
	w.unread(n, TooDeep, "nested past the depth bound; searched as text", true)
	return w.guard(n, func() error { return w.give(n, newFolded(newRuns(c.Reader))) })
}

// read hands a part to the reader of its format. Its error says why the part
// was not read to its end.
func (w *walk) read(n node, c content) error {
	switch n.format {
	case FormatMessage:
		return w.nestedMessage(n, c)
	default:
		return w.unknown(n, c)
	}
}
