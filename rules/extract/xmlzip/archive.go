// Package xmlzip is what OOXML and ODF documents have in common: a zip of XML
// parts, read under the bounds of document.Limits, and a splitter that cuts
// such a part into tags and text without building anything.
//
// What is always true: a document type declaration is never expanded; the
// bytes after decompression, over all parts together, stay within Limits.Bytes
// and Limits.Ratio; a directory that is missing or wrong is replaced by what
// the local headers say, so that a cut-off document gives what is left of it.
package xmlzip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// MaxParts is the number of parts that an archive may list.
const MaxParts = 20000

// Part is one entry of the archive.
type Part struct {
	// Name is the entry's name with forward slashes and no leading slash.
	Name string

	method     uint16
	encrypted  bool
	compressed int64 // bytes in the archive
	header     int64 // offset of the local header
}

// Archive is an opened zip. It is not safe for concurrent use.
type Archive struct {
	// Parts are the entries in the order of the directory, folders left out.
	Parts []*Part

	ctx    context.Context // ends the reading of parts; the archive lives within one call
	src    io.ReaderAt
	size   int64
	lim    document.Limits
	spent  int64 // bytes after decompression so far
	byName map[string]*Part
	free   []inflater
}

// Open reads the directory of the zip in src. With an error that is
// document.ErrDamaged or document.ErrTooMany the archive is usable too and
// holds the entries that could be found.
func Open(ctx context.Context, src io.ReaderAt, size int64, lim document.Limits) (*Archive, error) {
	a := &Archive{ctx: ctx, src: src, size: size, lim: lim, byName: make(map[string]*Part)}
	err := a.readDirectory()
	if err != nil && !errors.Is(err, document.ErrTooMany) || len(a.Parts) == 0 {
		a.Parts = nil
		clear(a.byName)
		if scanErr := a.scanLocal(); scanErr != nil {
			return a, scanErr
		}
		if err == nil {
			err = fmt.Errorf("zip directory is empty: %w", document.ErrDamaged)
		}
	}
	return a, err
}

// Find returns the part of that name, whatever its case and slashes, or nil.
func (a *Archive) Find(name string) *Part { return a.byName[fold(name)] }

// add lists a part. Of two parts with one name both are kept; the first is found by it.
func (a *Archive) add(p *Part) error {
	if len(a.Parts) >= MaxParts {
		return fmt.Errorf("zip directory: %w", document.ErrTooMany)
	}
	p.Name = strings.TrimLeft(strings.ReplaceAll(p.Name, `\`, "/"), "/")
	if p.Name == "" || strings.HasSuffix(p.Name, "/") {
		return nil
	}
	a.Parts = append(a.Parts, p)
	if key := fold(p.Name); a.byName[key] == nil {
		a.byName[key] = p
	}
	return nil
}

func fold(name string) string {
	return strings.ToLower(strings.TrimLeft(strings.ReplaceAll(name, `\`, "/"), "/"))
}
