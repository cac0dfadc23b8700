package extract

import (
	"bytes"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/pdf"
)

// pdf reads a PDF, and what stands behind its end.
func (w *walk) pdf(n node, c content) error {
	at, size, free, cut := w.random(c)
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	if err := w.document(n, at, size, pdf.Read); err != nil {
		return err
	}
	if end := pdfEnd(at, size); end > 0 && size-end >= minTrailer {
		if err := w.aside(n, "trailer", section(at, end, size-end)); err != nil {
			return err
		}
	}
	return cut
}

// pdfEnd returns where the last mark of the end of a PDF ends (ISO 32000-2,
// 7.5.5), with the line ends behind it; 0 if there is none.
func pdfEnd(at io.ReaderAt, size int64) int64 {
	const mark, piece = "%%EOF", 64 << 10
	b := make([]byte, min(size, piece+int64(len(mark))))
	for from := max(size-piece, 0); ; from = max(from-piece, 0) {
		n, _ := at.ReadAt(b, from)
		if i := bytes.LastIndex(b[:n], []byte(mark)); i >= 0 {
			end := i + len(mark)
			for end < n && (blankByte(b[end]) || b[end] == 0) {
				end++
			}
			return from + int64(end)
		}
		if from == 0 {
			return 0
		}
	}
}
