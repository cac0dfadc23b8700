package ooxml_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

func TestSheetCellsReadAsTheyShow(t *testing.T) {
	styles := []string{
		"xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd\.mm\.yyyy"/><numFmt numFmtId="165" formatCode="00000"/></numFmts>` +
			`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>`,
		"xl/sharedStrings.xml", `<sst><si><t>Ada &amp; Bo</t></si><si><r><t>ri</t></r><r><t>ch</t></r><rPh><t>said</t></rPh></si><si><t>a_x000D_b</t></si></sst>`,
	}
	for _, tc := range []struct{ name, cells, want string }{
		{"shared string", `<c r="A1" t="s"><v>0</v></c>`, "Ada & Bo"},
		{"rich text without its pronunciation", `<c t="s"><v>1</v></c>`, "rich"},
		{"escaped control character", `<c t="s"><v>2</v></c>`, "a\rb"},
		{"shared string that there is not", `<c t="s"><v>9</v></c><c><v>1</v></c>`, "1"},
		{"inline string", `<c t="inlineStr"><is><t>x</t><rPh><t>y</t></rPh></is></c>`, "x"},
		{"formula's string", `<c t="str"><f>A1&amp;"y"</f><v>xy</v></c>`, "xy"},
		{"formula of strings that was never computed", `<c><f>"Ada"&amp;" ""Fern"""</f></c><c><f>"x"</f><v/></c><c><f>A1</f></c>`, `Ada "Fern"|x`},
		{"identifier", `<c><v>1.234E+11</v></c>`, "123400000000"},
		{"built-in date", `<c s="1"><v>36526</v></c>`, "2000-01-01"},
		{"date of one's own", `<c s="2"><v>36526</v></c>`, "2000-01-01"},
		{"postcode with leading zeros", `<c s="3"><v>1067</v></c>`, "01067"},
		{"date as text", `<c t="d"><v>2000-01-01T00:00:00</v></c>`, "2000-01-01"},
		{"truth and error", `<c t="b"><v>1</v></c><c t="b"><v>0</v></c><c t="e"><v>#N/A</v></c>`, "TRUE|FALSE|#N/A"},
		{"empty columns between", `<c r="A1"><v>1</v></c><c r="D1"><v>4</v></c>`, "1|||4"},
		{"no references", `<c><v>1</v></c><c><v>2</v></c>`, "1|2"},
		{"prefixed tags", `<x:c r="A1" t="n"><x:v>7</x:v></x:c>`, "7"},
		{"a column past the last", `<c r="ZZZZZ1"><v>1</v></c>`, "1"},
	} {
		got, err := read(workbook(t, `<sheetData><row r="1">`+tc.cells+`</row></sheetData>`, styles...), limits)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		expect(t, tc.name, got, "row Customers: "+tc.want)
	}
}

func TestSheetPartsTablesByOneEmptyRow(t *testing.T) {
	got, err := read(workbook(t, `<sheetData><row r="5"><c><v>1</v></c></row><row r="6"><c><v>2</v></c></row>`+
		`<row r="7"/><row r="900000"><c><v>3</v></c></row></sheetData>`), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "rows", got, "row Customers: 1", "row Customers: 2", "row Customers: ", "row Customers: 3")
}

func TestSheetTextBesideCells(t *testing.T) {
	got, err := read(workbook(t, `<sheetData/><dataValidations><dataValidation><formula1>"Ann,Bob"</formula1></dataValidation>`+
		`<dataValidation prompt="ask Cat"><formula1>Sheet2!A1:A9</formula1></dataValidation></dataValidations><hyperlinks><hyperlink ref="A1" tooltip="see Dan"/></hyperlinks><headerFooter><oddHeader>&amp;CPayroll</oddHeader></headerFooter>`,
		"xl/comments1.xml", `<comments><authors><author>x</author></authors><commentList><comment ref="A1"><text><r><t>call her</t></r></text></comment></commentList></comments>`,
		"xl/worksheets/_rels/sheet1.xml.rels", `<Relationships><Relationship Id="r" Type="t/hyperlink" Target="mailto:ann@example.com?subject=x" TargetMode="External"/></Relationships>`,
		"xl/threadedComments/threadedComment1.xml", `<ThreadedComments><threadedComment ref="A1"><text>no, him</text></threadedComment></ThreadedComments>`,
	), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "texts", got, `text Customers: "Ann,Bob\nask Cat\nsee Dan\n&CPayroll"`, `text comments1: "call her"`,
		`text threadedComment1: "no, him"`, `text sheet1 links: "ann@example.com"`)
}

func TestPartsAreFoundWithoutTheirDirectories(t *testing.T) {
	sheet := `<worksheet><sheetData><row><c t="s"><v>0</v></c></row></sheetData></worksheet>`
	got, err := read(parts(t, "odd/Name.XML", sheet, "other.dat", `<sst><si><t>x</t></si></sst>`), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "parts without names", got, "row Name: x")
	hidden := strings.Replace(workbookXML, `sheetId`, `state="veryHidden" sheetId`, 1)
	got, err = read(parts(t, `xl\WORKBOOK.xml`, hidden, `xl\_rels\WORKBOOK.xml.rels`, workbookRel, "XL/Worksheets/Sheet1.xml", sheet, "a", `<sst><si><t>x</t></si></sst>`), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "names in another case", got, "row Customers: x")
}

func TestEmbeddedFilesArePassedOn(t *testing.T) {
	got, err := read(workbook(t, `<sheetData/>`,
		"xl/embeddings/list.csv", "a,b\n1,2\n",
		"xl/media/image1.png", "\x89PNG",
		"xl/printerSettings/printerSettings1.bin", "\x01\x02",
		"word/afchunk.htm", "<html><p>x</p></html>"), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "files", got, `file list.csv: 8 bytes "a,b\n1,2\n"`, `file image1.png: 4 bytes "\x89PNG"`, `file afchunk.htm: 21 bytes "<html><p>x</p></html>"`)
}

func TestStoredPivotDataIsATable(t *testing.T) {
	got, err := read(workbook(t, `<sheetData/>`,
		"xl/pivotCache/pivotCacheDefinition1.xml", `<pivotCacheDefinition><cacheFields><cacheField name="name"><sharedItems><s v="Ann"/><s v="Bob"/></sharedItems></cacheField><cacheField name="fee"/></cacheFields></pivotCacheDefinition>`,
		"xl/pivotCache/pivotCacheRecords1.xml", `<pivotCacheRecords><r><x v="1"/><n v="5"/></r><r><x v="0"/><m/></r></pivotCacheRecords>`), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "pivot", got, "row pivotCacheRecords1: name|fee", "row pivotCacheRecords1: Bob|5", "row pivotCacheRecords1: Ann|")
}

func TestWhatIsNotReadIsSaid(t *testing.T) {
	row := `<row><c><v>1</v></c></row>`
	whole := workbook(t, `<sheetData>`+strings.Repeat(row, 5000)+`</sheetData>`)
	tight := func(change func(*document.Limits)) document.Limits {
		l := limits
		change(&l)
		return l
	}
	noise := make([]byte, 1<<19) // what is alike would expand too far
	rand.NewChaCha8([32]byte{}).Read(noise)
	long := hex.EncodeToString(noise)
	for _, tc := range []struct {
		name string
		data []byte
		lim  document.Limits
		want error
		rows int // at least
	}{
		{"entities", workbook(t, "", "xl/sharedStrings.xml", `<!DOCTYPE x [<!ENTITY a "ha">]><sst><si><t>&a;</t></si></sst>`), limits, document.ErrDamaged, 0},
		{"cut off in the middle of a sheet", whole[:bytes.Index(whole, []byte("PK\x01\x02"))-20], limits, document.ErrDamaged, 1000},
		{"ends within a cell", workbook(t, `<sheetData>`+row+`<row><c><v>1<`), limits, document.ErrDamaged, 1},
		{"cells", whole, tight(func(l *document.Limits) { l.Cells = 100 }), document.ErrTooMany, 100},
		{"bytes", whole, tight(func(l *document.Limits) { l.Bytes = 100_000 }), document.ErrTooBig, 100},
		{"sheets", whole, tight(func(l *document.Limits) { l.Pages = 0 }), document.ErrTooMany, 0},
		{"text beside the cells", workbook(t, `<sheetData>`+row+`</sheetData><headerFooter><oddHeader>`+long+`</oddHeader><oddFooter>y</oddFooter></headerFooter>`), limits, document.ErrTooBig, 1},
		{"hints", workbook(t, `<sheetData>`+row+`</sheetData><dataValidations><dataValidation prompt="`+long+`" error="y"/></dataValidations>`), limits, document.ErrTooBig, 1},
		{"end of a shared string", workbook(t, `<sheetData>`+row+`</sheetData>`, "xl/sharedStrings.xml", `<sst><si><r><t>`+long+`</t></r><r><t>y</t></r></si></sst>`), limits, document.ErrTooBig, 1},
		{"not a zip", []byte("PK\x03\x04 nothing"), limits, document.ErrDamaged, 0},
	} {
		got, err := read(tc.data, tc.lim)
		if !errors.Is(err, tc.want) || strings.Count(got, "row ") < tc.rows {
			t.Errorf("%s: %d rows, error %v", tc.name, strings.Count(got, "row "), err)
		}
	}
}

// Each must end within two seconds, in little memory.
func TestBombsEndSoon(t *testing.T) {
	var sparse strings.Builder
	for r := 1; r <= 100_000; r++ {
		fmt.Fprintf(&sparse, `<row r="%d"><c r="XFD%d"><v>1</v></c></row>`, r, r)
	}
	for name, data := range map[string][]byte{
		"a cell in the last column of each row": workbook(t, "<sheetData>"+sparse.String()+"</sheetData>"),
		"a million empty shared strings":        workbook(t, "", "xl/sharedStrings.xml", "<sst>"+strings.Repeat("<si><t/></si>", 1_000_000)+"</sst>"),
		"a row of a million cells":              workbook(t, "<sheetData><row>"+strings.Repeat("<c><v>1</v></c>", 1_000_000)+"</row></sheetData>"),
		"a cell of 50 MB":                       workbook(t, `<sheetData><row><c t="str"><v>`+strings.Repeat("x", 50<<20)+"</v></c></row></sheetData>"),
		"a long string in many cells": workbook(t, "<sheetData>"+strings.Repeat(`<row><c t="s"><v>0</v></c></row>`, 1_000_000)+"</sheetData>",
			"xl/sharedStrings.xml", "<sst><si><t>"+strings.Repeat("long ", 6000)+"</t></si></sst>"),
		"tags that never close": workbook(t, strings.Repeat("<row><c><v>", 1_000_000)),
	} {
		start := time.Now()
		_, err := read(data, limits)
		if took := time.Since(start); took > 4*time.Second { // twice, for a busy machine
			t.Errorf("%s: %v, error %v", name, took, err)
		}
	}
}

func TestSheetsOfAnotherWriterAreReadAlike(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	day, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		t.Fatal(err)
	}
	set := func(cell string, v any) {
		if err := f.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	set("A1", "name")
	set("B1", "born")
	set("A2", "Zoë <z@example.com>")
	set("B2", 32874)
	set("C2", true)
	if err := errors.Join(f.SetCellStyle("Sheet1", "B2", "B2", day), f.MergeCell("Sheet1", "A3", "B4"), f.SetRowVisible("Sheet1", 2, false)); err != nil {
		t.Fatal(err)
	}
	set("A3", "merged")
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(b.Bytes(), limits)
	if err != nil {
		t.Error(err)
	}
	for _, row := range []string{"row Sheet1: name|born", "row Sheet1: Zoë <z@example.com>|1990-01-01|TRUE", "row Sheet1: merged"} {
		if !strings.Contains(got, row) {
			t.Errorf("no %s in\n%s", row, got)
		}
	}
}
