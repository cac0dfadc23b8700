package extract

import (
	"bytes"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/avro"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/dbf"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sqlite"
)

// open reads one part by what its content proves to be.
func (w *walk) open(n node, c content) (err error) {
	defer w.caught(&n, &err)
	if err := w.alive(); err != nil {
		return w.fault(n, err)
	}
	if w.outline != nil {
		return w.outlineText(n, c)
	}
	if n.depth > w.lim.Depth {
		return w.deep(n, c)
	}
	count := &counter{r: c.Reader}
	br := w.buffer(count)
	defer w.release(br)
	defer func() {
		if n.id >= 0 {
			w.sum.Parts[n.id].Bytes = max(count.n, c.size)
		}
	}()
	head, err := br.Peek(sniffSize)
	if len(head) == 0 {
		if err == io.EOF {
			w.empty(n)
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
	if n.place == Attachment && (n.format == FormatText || n.format == FormatUnknown) && latePDF(head) {
		n.format = FormatPDF
	}
	if n.hunch && n.format == FormatUnknown {
		return nil
	}
	if n.format != FormatText {
		if !w.enter(&n) {
			return nil
		}
		return w.fault(n, w.read(n, c))
	}
	return w.openText(&n, c, head)
}

// openText reads a part that is text in some charset.
func (w *walk) openText(n *node, c content, head []byte) error {
	if f := sniffText(head); f == FormatMessage && !n.quoted(head) && !n.header || f == FormatMbox || f == FormatRTF {
		// These are ASCII with their own ways to name a charset.
		n.format = f
		if !w.enter(n) {
			return nil
		}
		return w.fault(*n, w.read(*n, c))
	}
	if !w.enter(n) {
		return nil
	}
	return w.fault(*n, w.text(*n, c.Reader, bytes.Clone(head)))
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
	case FormatZip:
		return w.zip(n, c)
	case FormatGzip:
		return w.gzip(n, c)
	case FormatAr:
		return w.ar(n, c)
	case FormatCpio:
		return w.cpio(n, c)
	case FormatCAB:
		return w.cab(n, c)
	case FormatZlib, FormatBzip2, FormatZstd, FormatSnappy, FormatLZ4, FormatCompress:
		return w.compressed(n, c)
	case FormatXZ:
		return w.foreign(n, c, foreign.XZ)
	case FormatLZMA:
		return w.foreign(n, c, foreign.LZMA)
	case FormatLZip:
		return w.foreign(n, c, foreign.LZip)
	case FormatTar:
		return w.tar(n, c)
	case Format7z:
		return w.foreign(n, c, foreign.SevenZip)
	case FormatRAR:
		return w.foreign(n, c, foreign.RAR)
	case FormatParquet:
		return w.foreign(n, c, foreign.Parquet)
	case FormatPDF:
		return w.pdf(n, c)
	case FormatSMIME:
		return w.cms(n, c)
	case FormatPGP:
		return w.pgp(n, c.Reader, 0)
	case FormatSealed:
		return document.ErrEncrypted
	case FormatMbox:
		return w.mbox(n, c)
	case FormatTNEF:
		return w.tnef(n, c)
	case FormatRTF:
		return w.rtf(n, c)
	case FormatAvro:
		return w.randomDocument(n, c, avro.Read)
	case FormatDBF:
		return w.randomDocument(n, c, dbf.Read)
	case FormatSQLite:
		return w.randomDocument(n, c, sqlite.Read)
	case formatOLE:
		return w.ole(n, c)
	case FormatImage, FormatAudio, FormatVideo, FormatFont:
		return w.captioned(n, c)
	case FormatData, FormatArchive:
		w.unread(n, Unsupported, "the format is known but not read; searched as runs of text", true)
		return w.give(n, newFolded(newRuns(c.Reader)))
	default:
		return w.unknown(n, c)
	}
}

// quoted tells a message that stands in running text, as people forward one:
// its header is to be read with the rest. One with a MIME structure is opened.
func (n node) quoted(head []byte) bool {
	return n.place != Attachment && indexFold(head, "content-transfer-encoding") < 0 && indexFold(head, "multipart/") < 0
}
