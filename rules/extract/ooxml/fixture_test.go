package ooxml_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/flow/transcript"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/ooxml"
)

var limits = document.Limits{Bytes: 1 << 30, Ratio: 200, Cells: 50e6, Pages: 1000, Depth: 24}

// parts makes a package of name and content pairs.
func parts(tb testing.TB, pairs ...string) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		f, err := w.Create(pairs[i])
		if err == nil {
			_, err = io.WriteString(f, pairs[i+1])
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// read returns what Read gives out of the package.
func read(data []byte, lim document.Limits) (string, error) {
	var out transcript.Transcript
	err := ooxml.Read(context.Background(), bytes.NewReader(data), int64(len(data)), lim, &out)
	return out.String(), err
}

const (
	workbookXML = `<workbook xmlns:r="r"><sheets><sheet name="Customers" sheetId="1" r:id="rId1"/></sheets></workbook>`
	workbookRel = `<Relationships><Relationship Id="rId1" Type="t/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`
)

// workbook makes an XLSX of one sheet with the given cells, and further parts.
func workbook(tb testing.TB, sheetData string, more ...string) []byte {
	tb.Helper()
	return parts(tb, append([]string{
		"[Content_Types].xml", `<Types/>`,
		"_rels/.rels", `<Relationships><Relationship Id="r1" Type="t/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml", workbookXML,
		"xl/_rels/workbook.xml.rels", workbookRel,
		"xl/worksheets/sheet1.xml", `<?xml version="1.0" encoding="UTF-8"?><worksheet>` + sheetData + `</worksheet>`,
	}, more...)...)
}

// customers writes a sheet of generated customers in 11 columns, with shared
// strings as Excel has them, row by row to the writers.
func customers(tb testing.TB, rows int) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	create := func(name string) io.Writer {
		f, err := w.Create(name)
		if err != nil {
			tb.Fatal(err)
		}
		return f
	}
	io.WriteString(create("xl/workbook.xml"), workbookXML)
	io.WriteString(create("xl/_rels/workbook.xml.rels"), workbookRel)
	rnd := rand.New(rand.NewPCG(1, 2))
	shared := []string{"basic", "plus", "business", "yes", "no", "active", "closed", "visp"}
	f := create("xl/worksheets/sheet1.xml")
	io.WriteString(f, `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet><sheetData>`)
	first := len(shared)
	for r := 1; r <= rows; r++ {
		fmt.Fprintf(f, `<row r="%d" spans="1:11"><c r="A%d"><v>%d</v></c>`, r, r, 100000+r)
		for i, column := range "BCDEFGHIJK" {
			switch {
			case i < 2 || i == 5: // a string of its own
				fmt.Fprintf(f, `<c r="%c%d" t="s"><v>%d</v></c>`, column, r, len(shared))
				shared = append(shared, fmt.Sprintf("person%d.%d@example.com", r, rnd.IntN(1e6)))
			case i == 3:
				fmt.Fprintf(f, `<c r="%c%d" s="1"><v>%d.%02d</v></c>`, column, r, rnd.IntN(90), rnd.IntN(100))
			default:
				fmt.Fprintf(f, `<c r="%c%d" t="s"><v>%d</v></c>`, column, r, rnd.IntN(first))
			}
		}
		io.WriteString(f, "</row>")
	}
	io.WriteString(f, "</sheetData></worksheet>")
	f = create("xl/sharedStrings.xml")
	io.WriteString(f, `<sst>`)
	for _, s := range shared {
		fmt.Fprintf(f, "<si><t>%s</t></si>", s)
	}
	io.WriteString(f, "</sst>")
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func expect(t *testing.T, name, got string, want ...string) {
	t.Helper()
	if all := strings.Join(want, "\n"); got != all {
		t.Errorf("%s:\n%s\nwant\n%s", name, got, all)
	}
}
