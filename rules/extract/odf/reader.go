// Package odf reads OpenDocument files (ISO/IEC 26300): ODS, ODT, ODP and
// their templates, in a zip or flat in one XML file, and those of
// OpenOffice.org 1 before them.
//
// What is always true: hidden tables, deleted text and notes are read like
// any other; rows and cells that are said to be repeated cost their content
// once and little more; nothing is expanded, executed or fetched. What could
// not be read is in Read's error: a table or text that ends early because of
// it ends with io.EOF.
package odf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// Kind tells what an OpenDocument file is. The zero value is none.
type Kind uint8

// The kinds of files.
const (
	None  Kind = iota // not such a file
	ODS               // a spreadsheet
	ODT               // a text
	ODP               // a presentation
	Other             // a drawing, formula, database or chart
)

// KindOf tells what kind of file r is: by the media type that a package names
// first, or by the root element of a flat file.
func KindOf(r io.ReaderAt, size int64) Kind {
	head := make([]byte, min(size, 4<<10))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return None
	}
	if isFlat(head) {
		return kindOf(string(head))
	}
	if !bytes.HasPrefix(head, []byte("PK")) {
		return None
	}
	lim := document.Limits{Bytes: 1 << 20, Ratio: 1 << 20, Cells: 1, Pages: 1, Depth: 1}
	archive, _ := xmlzip.Open(context.Background(), r, size, lim)
	if archive.Find("content.xml") == nil {
		return None
	}
	for _, name := range []string{"mimetype", "META-INF/manifest.xml"} {
		if p := archive.Find(name); p != nil {
			b, _ := archive.Bytes(p, 4<<10)
			if kind := kindOf(string(b)); kind != None {
				return kind
			}
		}
	}
	b, _ := archive.Bytes(archive.Find("content.xml"), 64<<10)
	return kindOf(string(b))
}

// kindOf tells the kind by a media type, or an office:body's first child, in text.
func kindOf(text string) Kind {
	switch {
	case strings.Contains(text, "opendocument.spreadsheet"), strings.Contains(text, "sun.xml.calc"), strings.Contains(text, "<office:spreadsheet"):
		return ODS
	case strings.Contains(text, "opendocument.text"), strings.Contains(text, "sun.xml.writer"), strings.Contains(text, "<office:text"):
		return ODT
	case strings.Contains(text, "opendocument.presentation"), strings.Contains(text, "sun.xml.impress"), strings.Contains(text, "<office:presentation"):
		return ODP
	case strings.Contains(text, "oasis.opendocument"), strings.Contains(text, "vnd.sun.xml"), strings.Contains(text, "<office:document"):
		return Other
	}
	return None
}

// isFlat tells whether head begins a file that is one XML document.
func isFlat(head []byte) bool {
	return bytes.Contains(head, []byte("<office:document")) && !bytes.HasPrefix(head, []byte("PK"))
}

// reader is the state of one Read.
type reader struct {
	ctx     context.Context // of the one call that the reader lives for
	lim     document.Limits
	out     document.Output
	cells   int64
	tables  int
	problem error
}

// Read gives all texts, tables and embedded files of the document to out. The
// error is out's or the context's as it is, or joins those of package document
// that tell what was not read.
func Read(ctx context.Context, r io.ReaderAt, size int64, lim document.Limits, out document.Output) error {
	rd := &reader{ctx: ctx, lim: lim, out: out}
	err := rd.read(r, size)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	return rd.problem
}

func (rd *reader) read(r io.ReaderAt, size int64) error {
	head := make([]byte, min(size, 4<<10))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return fmt.Errorf("odf: %w", err)
	}
	if isFlat(head) {
		if size > rd.lim.Bytes {
			rd.note(document.ErrTooBig)
		}
		return rd.content(io.NewSectionReader(r, 0, min(size, rd.lim.Bytes)), "")
	}
	archive, err := xmlzip.Open(rd.ctx, r, size, rd.lim)
	rd.note(err)
	locked := rd.lockedParts(archive)
	for pass := range 2 {
		for _, p := range archive.Parts {
			if isContent(p.Name) != (pass == 0) {
				continue
			}
			if locked[p.Name] {
				rd.note(fmt.Errorf("part with a password: %w", document.ErrEncrypted))
				continue
			}
			if err := rd.part(archive, p); err != nil {
				return err
			}
			if rd.spent() {
				return nil
			}
		}
	}
	return nil
}

// part gives out one part of the package.
func (rd *reader) part(archive *xmlzip.Archive, p *xmlzip.Part) error {
	if err := rd.ctx.Err(); err != nil {
		return err
	}
	base, dir := path.Base(p.Name), path.Dir(p.Name)
	switch {
	case base == "content.xml" || base == "styles.xml" || base == "meta.xml":
		r, err := archive.Open(p)
		if err != nil {
			rd.note(err)
			return nil
		}
		defer r.Close()
		return rd.content(r, placeOf(p.Name))
	case base == "mimetype", base == "settings.xml", base == "layout-cache", base == "manifest.rdf", base == "current.xml",
		strings.HasPrefix(dir, "META-INF"), strings.HasPrefix(dir, "Configurations2"), strings.HasPrefix(dir, "Thumbnails"),
		strings.HasPrefix(dir, "Fonts"), strings.HasPrefix(p.Name, "ObjectReplacements/"):
		return nil
	}
	src, size, err := archive.File(p)
	rd.note(err)
	if size == 0 {
		return nil
	}
	return rd.out.File(base, src, size)
}

// isContent tells the document itself, or one that it embeds, from what goes with it.
func isContent(name string) bool { return path.Base(name) == "content.xml" }

// placeOf names a part for people: "" for the main content.
func placeOf(name string) string {
	dir := path.Dir(name)
	switch base := strings.TrimSuffix(path.Base(name), ".xml"); {
	case base == "content" && dir == ".":
		return ""
	case dir == ".":
		return base
	default:
		return dir
	}
}

// lockedParts returns the parts that the manifest gives a key for.
func (rd *reader) lockedParts(archive *xmlzip.Archive) map[string]bool {
	locked := make(map[string]bool)
	p := archive.Find("META-INF/manifest.xml")
	if p == nil {
		return locked
	}
	r, err := archive.Open(p)
	if err != nil {
		rd.note(err)
		return locked
	}
	defer r.Close()
	s := xmlzip.NewScanner(r)
	s.AllowDoctype()
	name := ""
	for {
		kind, err := s.Next()
		if err != nil {
			rd.note(err)
			return locked
		}
		if kind != xmlzip.Start {
			continue
		}
		switch string(s.Name()) {
		case "file-entry":
			name = string(s.Attr("full-path"))
		case "encryption-data":
			if len(locked) < xmlzip.MaxParts {
				locked[name] = true
			}
		}
	}
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
	rd.problem = errors.Join(rd.problem, fmt.Errorf("odf: %w", err))
}

var kinds = []error{
	document.ErrEncrypted, document.ErrDamaged, document.ErrUnsupported, document.ErrTooBig,
	document.ErrTooMany, document.ErrTooDeep, document.ErrRatio, context.Canceled, context.DeadlineExceeded,
}

// spent tells that a bound over the whole document is reached.
func (rd *reader) spent() bool {
	return errors.Is(rd.problem, document.ErrTooBig) || errors.Is(rd.problem, document.ErrRatio) || errors.Is(rd.problem, document.ErrTooMany)
}

// count adds cells to the total and tells whether it is still within the bound.
func (rd *reader) count(cells int) bool {
	rd.cells += int64(cells)
	if rd.cells > rd.lim.Cells {
		rd.note(fmt.Errorf("cells: %w", document.ErrTooMany))
		return false
	}
	return true
}
