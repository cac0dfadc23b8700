// Package pdf reads the text, the tables, the form fields and the embedded
// files of PDF documents (ISO 32000-2).
//
// What is always true: Read ends, whatever the bytes are. It follows no
// reference twice on the way to one thing, pays for each byte that it decodes
// from one budget, and keeps one page in memory at a time. Words that stand in
// columns come out as a table whose rows go on over the pages; all else comes
// out as lines of text. Pictures are skipped: a scanned page holds nothing.
// Documents that open with the empty password are read like plain ones.
package pdf

import (
	"context"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// Read gives the content of a PDF of size bytes to out. It returns out's error
// unchanged, the context's error, or one of document's: what was found before
// stays good.
func Read(ctx context.Context, r io.ReaderAt, size int64, lim document.Limits, out document.Output) error {
	f := newFile(r, size, &budget{lim: lim, file: max(size, 1), stopped: ctx.Err})
	if !f.readXref() {
		f.rebuild()
	} else {
		f.unlock()
	}
	root := f.catalog()
	q := &queue{file: f, tree: newTree(f, root["Pages"])}
	if err := q.emit(out); err != nil {
		return err
	}
	if q.err == nil {
		if err := q.extras(root, out); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("reading a PDF: %w", err)
	}
	return q.verdict()
}

func newFile(r io.ReaderAt, size int64, b *budget) *file {
	return &file{
		r: r, size: size, budget: b,
		xref: map[ref]place{}, trailer: dict{},
		cache: map[ref]object{}, loading: map[ref]bool{}, packs: map[ref]*pack{}, fonts: map[ref]*font{},
	}
}

// catalog returns the root of the document. A table that does not lead there
// is made anew.
func (f *file) catalog() dict {
	root := f.dict(f.trailer["Root"])
	if f.dict(root["Pages"]) == nil && !f.rebuilt {
		f.rebuild()
		root = f.dict(f.trailer["Root"])
	}
	return root
}

// verdict returns the reason why not everything was read, nil if it was.
func (q *queue) verdict() error {
	f := q.file
	switch {
	case q.err != nil:
		return q.err
	case f.fault != nil:
		return f.fault
	case q.page == 0:
		return fmt.Errorf("a PDF without pages: %w", document.ErrDamaged)
	case f.rebuilt && (f.missing || f.catalog() == nil || q.page < f.int(f.dict(f.catalog()["Pages"])["Count"], 0)):
		return fmt.Errorf("a PDF that lacks objects: %w", document.ErrDamaged)
	case q.unknown > 20 && q.unknown > q.glyphs/5:
		return fmt.Errorf("fonts of a PDF that do not name their characters: %w", document.ErrUnsupported)
	}
	return nil
}
