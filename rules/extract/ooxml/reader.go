// Package ooxml reads Office Open XML documents (ECMA-376, ISO/IEC 29500):
// XLSX, XLSM, XLSB, DOCX, PPTX and their kin.
//
// Each part is told by its root element, or by its first record where it is
// binary, so that wrong names, content types and relationships hide nothing;
// those only give sheets their names and their order.
//
// What is always true: hidden sheets, rows, columns and deleted text are read
// like any other; nothing is expanded, executed or fetched; memory does not
// grow with the number of rows, and shared strings have a bound of their own.
// What could not be read is in Read's error: a grid or text that ends early
// because of it ends with io.EOF.
package ooxml

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// reader is the state of one Read.
type reader struct {
	ctx     context.Context // of the one call that the reader lives for
	archive *xmlzip.Archive
	lim     document.Limits
	out     document.Output

	links     relations
	roles     map[*xmlzip.Part]role
	byRole    map[role][]*xmlzip.Part // in the order of the archive
	pivots    map[string]*xmlzip.Part // definitions of pivot tables by the end of their name
	strings   sheet.Strings
	cutString bool // one of them was cut off
	styles    []sheet.Style
	date1904  bool

	cells   int64 // given out so far
	pages   int
	problem error // what was not read, joined
}

// Read gives all texts, tables and embedded files of the document to out. The
// error is out's or the context's as it is, or joins those of package document
// that tell what was not read.
func Read(ctx context.Context, r io.ReaderAt, size int64, lim document.Limits, out document.Output) error {
	archive, err := xmlzip.Open(ctx, r, size, lim)
	if archive == nil || len(archive.Parts) == 0 {
		return fmt.Errorf("ooxml: %w", err)
	}
	rd := &reader{ctx: ctx, archive: archive, lim: lim, out: out}
	rd.note(err)
	if err := rd.read(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return rd.problem
}

// read goes through the parts: first what gives meaning to others, then the
// sheets and the main text in their order, then all the rest.
func (rd *reader) read() error {
	rd.assignRoles()
	rd.loadRelations()
	names := rd.loadWorkbook()
	rd.loadStyles()
	rd.loadStrings()
	done := make(map[*xmlzip.Part]bool)
	for _, s := range names {
		if err := rd.part(s.part, s.name, done); err != nil {
			return err
		}
	}
	for pass := range 2 {
		for _, p := range rd.archive.Parts {
			if first := rd.roles[p].first(); first != (pass == 0) {
				continue
			}
			if err := rd.part(p, placeOf(p.Name), done); err != nil {
				return err
			}
		}
	}
	return rd.external()
}

// part gives out one part, once. Errors are those that end the reading.
func (rd *reader) part(p *xmlzip.Part, place string, done map[*xmlzip.Part]bool) error {
	if err := rd.ctx.Err(); err != nil {
		return err
	}
	if done[p] || rd.spent() {
		return nil
	}
	done[p] = true
	role := rd.roles[p]
	read := readers[role]
	if read == nil {
		return nil
	}
	if role.page() {
		if rd.pages++; rd.pages > rd.lim.Pages {
			rd.note(fmt.Errorf("sheets or slides: %w", document.ErrTooMany))
			return nil
		}
	}
	if role == roleDocument {
		place = ""
	}
	return read(rd, p, place)
}

// readers tells how each role is given out. A role without one gives nothing.
var readers = map[role]func(*reader, *xmlzip.Part, string) error{
	roleSheet:    (*reader).worksheet,
	roleDocument: (*reader).flow,
	roleFlow:     (*reader).flow,
	roleVML:      (*reader).flow,
	roleSlide:    (*reader).flow,
	roleLines:    (*reader).lines,
	roleComments: (*reader).flow,
	roleRecords:  (*reader).pivotRecords,
	roleBinSheet: (*reader).binarySheet,
	roleBinNotes: (*reader).binaryNotes,
	roleFile:     (*reader).file,
}

// scan opens a part as XML.
func (rd *reader) scan(p *xmlzip.Part) (*xmlzip.Scanner, io.Closer, error) {
	r, err := rd.archive.Open(p)
	if err != nil {
		return nil, nil, err
	}
	return xmlzip.NewScanner(r), r, nil
}

// file gives out an embedded file.
func (rd *reader) file(p *xmlzip.Part, _ string) error {
	src, size, err := rd.archive.File(p)
	rd.note(err)
	if size == 0 {
		return nil
	}
	return rd.out.File(path.Base(p.Name), src, size)
}

// note keeps what was not read. Of each kind one is enough.
func (rd *reader) note(err error) {
	if err == nil || err == io.EOF {
		return
	}
	for _, kind := range kinds {
		if errors.Is(err, kind) && errors.Is(rd.problem, kind) {
			return
		}
	}
	rd.problem = errors.Join(rd.problem, fmt.Errorf("ooxml: %w", err))
}

var kinds = []error{
	document.ErrEncrypted, document.ErrDamaged, document.ErrUnsupported, document.ErrTooBig,
	document.ErrTooMany, document.ErrTooDeep, document.ErrRatio, context.Canceled, context.DeadlineExceeded,
}

// spent tells that a bound over the whole document is reached, so that reading
// on would only reach it again.
func (rd *reader) spent() bool {
	return errors.Is(rd.problem, document.ErrTooBig) || errors.Is(rd.problem, document.ErrRatio) || rd.cells > rd.lim.Cells
}

// count adds cells to the total and tells whether it is still within the bound.
func (rd *reader) count(cells int) bool {
	rd.cells += int64(cells)
	if rd.cells > rd.lim.Cells {
		rd.note(fmt.Errorf("cells: %w", document.ErrTooMany))
	}
	return !rd.spent()
}

// placeOf names a part for people: its file name without the extension.
func placeOf(name string) string {
	base := path.Base(name)
	return strings.TrimSuffix(base, path.Ext(base))
}
