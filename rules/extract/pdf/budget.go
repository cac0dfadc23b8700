package pdf

import (
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// Bounds that no document of use comes near.
const (
	// maxStream bounds one decoded stream, which is held in memory.
	maxStream = 64 << 20
	// freeBytes may be decoded whatever the size of the file.
	freeBytes = 32 << 20
	// maxObjects bounds the cross-reference table.
	maxObjects = 1 << 20
	// maxWords bounds the words of one page.
	maxWords = 300_000
	// maxText bounds the text of one page, in bytes.
	maxText = 16 << 20
	// maxFonts bounds the fonts that are kept, and maxMapped the codes that
	// they map.
	maxFonts, maxMapped = 128, 1 << 19
	// maxElements bounds the elements of one object, and of those kept.
	maxElements = 1 << 20
)

// budget is what may still be spent on one document. The same bytes are paid
// for each time they are decoded or drawn, so that a small file that uses one
// stream many times ends as soon as a large one does.
type budget struct {
	lim     document.Limits
	file    int64 // bytes of the file
	used    int64 // bytes decoded or interpreted
	over    error // set once all is spent
	cells   int64
	stopped func() error // the context's error
}

// spend pays for n bytes and reports whether there were as many.
func (b *budget) spend(n int64) error {
	b.used += n
	switch {
	case b.used > b.lim.Bytes:
		b.over = fmt.Errorf("streams of a PDF: %w", document.ErrTooBig)
	case b.used > freeBytes && b.used/b.lim.Ratio > b.file:
		b.over = fmt.Errorf("streams of a PDF: %w", document.ErrRatio)
	}
	return b.ended()
}

// ended returns why nothing more may be spent, nil while there is something.
func (b *budget) ended() error {
	if b.over != nil {
		return b.over
	}
	return b.stopped()
}

// row pays for the cells of one row.
func (b *budget) row(n int) error {
	if b.cells += int64(n); b.cells > b.lim.Cells {
		return fmt.Errorf("tables of a PDF: %w", document.ErrTooMany)
	}
	return nil
}
