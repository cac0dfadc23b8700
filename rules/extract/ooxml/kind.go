package ooxml

import (
	"context"
	"io"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// Kind tells what an Office Open XML package is. The zero value is none.
type Kind uint8

// The kinds of packages.
const (
	None  Kind = iota // not such a package
	XLSX              // XLSX, XLSM and their templates
	XLSB              // a workbook in binary records
	DOCX              // DOCX, DOCM and their templates
	PPTX              // PPTX, PPTM, shows and templates
	Other             // another package of the kind, such as a Visio drawing
)

// KindOf tells what kind of package the zip in r is, by the names of its parts
// and, where those are unusual, by the content of all of them.
func KindOf(r io.ReaderAt, size int64) Kind {
	lim := document.Limits{Bytes: 64 << 20, Ratio: 1 << 20, Cells: 1, Pages: 1, Depth: 1}
	archive, _ := xmlzip.Open(context.Background(), r, size, lim)
	isPackage := false
	for _, p := range archive.Parts {
		name := strings.ToLower(p.Name)
		switch {
		case strings.HasSuffix(name, "xl/workbook.bin"):
			return XLSB
		case strings.HasSuffix(name, "xl/workbook.xml"):
			return XLSX
		case strings.HasSuffix(name, "word/document.xml"):
			return DOCX
		case strings.HasSuffix(name, "ppt/presentation.xml"):
			return PPTX
		case strings.HasSuffix(name, "_rels/.rels"), name == "[content_types].xml":
			isPackage = true
		}
	}
	if !isPackage {
		return None
	}
	rd := &reader{ctx: context.Background(), archive: archive, lim: lim}
	rd.assignRoles()
	for _, role := range rd.roles {
		switch role {
		case roleSheet, roleWorkbook, roleStrings:
			return XLSX
		case roleBinSheet, roleBinWorkbook:
			return XLSB
		case roleDocument:
			return DOCX
		case roleSlide:
			return PPTX
		}
	}
	return Other
}
