package ooxml_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/flow/transcript"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/ooxml"
)

// FuzzRead mutates whole packages: names, directory and compressed parts.
func FuzzRead(f *testing.F) {
	f.Add(workbook(f, `<sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row></sheetData>`, "xl/sharedStrings.xml", "<sst><si><t>x</t></si></sst>"))
	f.Add(binaryWorkbook(f, rec(0, uint32(0))+rec(6, cell(0, 0), "text")))
	f.Add(parts(f, "word/document.xml", `<w:document><w:tbl><w:tr><w:tc><w:p><w:t>x</w:t></w:p></w:tc></w:tr></w:tbl></w:document>`))
	f.Fuzz(func(t *testing.T, data []byte) { check(t, data) })
}

// FuzzPart mutates the content of one part as its reader sees it.
func FuzzPart(f *testing.F) {
	for _, s := range []string{
		`<worksheet><sheetData><row r="1"><c r="B1" s="1"><v>1</v></c><c t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>`,
		`<sst><si><t>x_x000D_</t></si></sst>`, `<styleSheet><numFmts><numFmt numFmtId="1" formatCode="d"/></numFmts><cellXfs><xf numFmtId="1"/></cellXfs></styleSheet>`,
		`<w:document><w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr><w:t>x</w:t></w:tc></w:tr></w:tbl></w:document>`,
		`<pivotCacheRecords><r><x v="0"/><s v="a"/></r></pivotCacheRecords>`,
		rec(129) + rec(0, uint32(0)) + rec(6, cell(0, 0), "text") + rec(18, uint32(0), uint32(1)),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, part string) {
		check(t, parts(t, "xl/worksheets/sheet1.bin", part, "a.xml", part))
	})
}

func check(t *testing.T, data []byte) {
	lim := document.Limits{Bytes: 8 << 20, Ratio: 100, Cells: 10_000, Pages: 10, Depth: 5}
	var out transcript.Transcript
	err := ooxml.Read(context.Background(), bytes.NewReader(data), int64(len(data)), lim, &out)
	if err != nil && !strings.HasPrefix(err.Error(), "ooxml: ") {
		t.Errorf("error without its place: %v", err)
	}
	if int64(out.Bytes) > 2*lim.Bytes || out.Rows > 2*int(lim.Cells) || out.Cells > int(lim.Cells)+16384 {
		t.Errorf("%d bytes, %d rows, %d cells", out.Bytes, out.Rows, out.Cells)
	}
}
