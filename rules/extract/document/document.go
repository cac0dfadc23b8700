// Package document is what the readers of document formats (pdf, ooxml, ole,
// …) have in common: where they put what they read, the bounds they keep and
// the errors by which they say that something was not read. It keeps extract's
// format packages free of each other.
package document

import (
	"errors"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// Output takes what a reader finds, in document order. It reads each reader or
// grid to its end before it returns; an error it returns ends the reading and
// comes back from it unchanged. The place is the name of a sheet, page or
// stream inside the document, "" for the document itself.
type Output interface {
	// Text takes running text in UTF-8.
	Text(place string, r io.Reader) error
	// Table takes a table as the document declares it.
	Table(place string, g table.Grid) error
	// File takes an embedded file, to be opened by its own content. The name
	// is for people. src is valid until File returns.
	File(name string, src io.ReaderAt, size int64) error
}

// Limits bounds the reading of one document. Every value must be positive.
type Limits struct {
	Bytes int64 // bytes after decompression, over the whole document
	Ratio int64 // decompressed to compressed bytes, once over 1 MiB
	Cells int64 // cells over the whole document
	Pages int   // pages, sheets or streams
	Depth int   // nesting of objects
}

// The errors by which a reader says that it did not read everything. They come
// wrapped, with a sentence that holds no value from the document. What was
// found before stays good.
var (
	// ErrEncrypted: a password is needed.
	ErrEncrypted = errors.New("encrypted")
	// ErrDamaged: the document is cut off or breaks its format.
	ErrDamaged = errors.New("damaged")
	// ErrUnsupported: a variant of the format that is not read here.
	ErrUnsupported = errors.New("not supported")
	// ErrTooBig: past Limits.Bytes.
	ErrTooBig = errors.New("too many bytes")
	// ErrTooMany: past Limits.Cells or Limits.Pages.
	ErrTooMany = errors.New("too many cells or pages")
	// ErrTooDeep: past Limits.Depth.
	ErrTooDeep = errors.New("nested too deep")
	// ErrRatio: past Limits.Ratio.
	ErrRatio = errors.New("expands too far")
)
