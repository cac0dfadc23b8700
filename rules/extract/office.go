package extract

import (
	"context"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/ole"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// documentReader reads one document format.
type documentReader func(context.Context, io.ReaderAt, int64, document.Limits, document.Output) error

// document reads a part with the reader of a document format.
func (w *walk) document(n node, at io.ReaderAt, size int64, read documentReader) error {
	lim := document.Limits{
		Bytes: max(min(w.lim.PartBytes, w.lim.Bytes-w.bytes), 1),
		Ratio: w.lim.Ratio,
		Cells: max(w.lim.Cells-w.cells, 1),
		Pages: w.lim.Entries,
		Depth: w.lim.Depth,
	}
	return w.fault(n, read(w.ctx, at, size, lim, &output{w, n}))
}

// randomDocument is document for content that may be a stream.
func (w *walk) randomDocument(n node, c content, read documentReader) error {
	at, size, free, cut := w.random(c)
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	if err := w.document(n, at, size, read); err != nil {
		return err
	}
	return cut
}

// output puts what a document reader finds into the walk. It returns only
// what ends the walk.
type output struct {
	w *walk
	n node
}

func (o *output) Text(place string, r io.Reader) error {
	n := o.n.spot(place)
	n.charset, n.media, n.flowed = "utf-8", "", false
	if err := o.w.plain(n, o.w.metered(n, r)); err != nil {
		return o.w.fault(n, err)
	}
	return nil
}

func (o *output) Table(place string, g table.Grid) error {
	return o.w.table(o.n.spot(place), g)
}

func (o *output) File(name string, src io.ReaderAt, size int64) error {
	c := o.n.child(name)
	c.place = Attachment
	return o.w.open(c, section(src, 0, size))
}

// ole reads a compound file as what it holds.
func (w *walk) ole(n node, c content) error {
	at, size, free, cut := w.random(c)
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	switch ole.KindOf(at, size) {
	case ole.XLS:
		w.turns(&n, FormatXLS)
	case ole.DOC:
		w.turns(&n, FormatDOC)
	case ole.PPT:
		w.turns(&n, FormatPPT)
	case ole.MSG:
		w.turns(&n, FormatMSG)
	case ole.EncryptedOOXML:
		w.turns(&n, FormatXLSX)
	default: // a program's own: macros, embedded files and streams of text
		w.turns(&n, FormatUnknown)
	}
	if err := w.document(n, at, size, ole.Read); err != nil {
		return err
	}
	return cut
}
