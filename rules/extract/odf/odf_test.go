package odf_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/flow/transcript"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/odf"
)

var limits = document.Limits{Bytes: 1 << 30, Ratio: 200, Cells: 50e6, Pages: 1000, Depth: 24}

// pack makes a document of name and content pairs.
func pack(tb testing.TB, pairs ...string) []byte {
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

// spreadsheet makes an ODS of one table, and further parts.
func spreadsheet(tb testing.TB, rows string, more ...string) []byte {
	return pack(tb, append([]string{
		"mimetype", "application/vnd.oasis.opendocument.spreadsheet",
		"content.xml", `<office:document-content><office:body><office:spreadsheet><table:table table:name="Customers">` + rows +
			`</table:table></office:spreadsheet></office:body></office:document-content>`,
	}, more...)...)
}

func read(data []byte, lim document.Limits) (string, error) {
	var out transcript.Transcript
	err := odf.Read(context.Background(), bytes.NewReader(data), int64(len(data)), lim, &out)
	return out.String(), err
}

func expect(t *testing.T, name, got string, want ...string) {
	t.Helper()
	if all := strings.Join(want, "\n"); got != all {
		t.Errorf("%s:\n%s\nwant\n%s", name, got, all)
	}
}

func cell(s string) string { return `<table:table-cell><text:p>` + s + `</text:p></table:table-cell>` }

func row(cells ...string) string {
	return "<table:table-row>" + strings.Join(cells, "") + "</table:table-row>"
}

func TestSheetCellsReadAsTheyShow(t *testing.T) {
	for _, tc := range []struct{ name, cells, want string }{
		{"text", cell("Ann") + cell("a &amp; b"), "Ann|a & b"},
		{"spans, links, spaces, lines", cell(`<text:span>a</text:span><text:s text:c="2"/>b`) + cell(`x</text:p><text:p>y`) + cell(`<text:a xlink:href="mailto:ann@example.com?x">Ann</text:a>`), "a  b|x\ny|ann@example.com Ann"},
		{"number as shown", `<table:table-cell office:value-type="float" office:value="1067"><text:p>01067</text:p></table:table-cell>`, "01067"},
		{"value without text", `<table:table-cell office:value-type="float" office:value="5"/>`, "5"},
		{"date in its clear form", `<table:table-cell office:value-type="date" office:date-value="2000-01-31T00:00:00"><text:p>31.1.</text:p></table:table-cell>`, "2000-01-31"},
		{"empty columns", `<table:table-cell table:number-columns-repeated="2"/>` + cell("c"), "||c"},
		{"repeated text", `<table:table-cell table:number-columns-repeated="2"><text:p>x</text:p></table:table-cell>` + cell("c"), "x|x|c"},
		{"covered cells", cell("a") + "<table:covered-table-cell/>" + cell("c"), "a||c"},
	} {
		got, err := read(spreadsheet(t, row(tc.cells)), limits)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		expect(t, tc.name, got, "row Customers: "+tc.want)
	}
}

func TestNotesAndShapesStandBesideTheirCells(t *testing.T) {
	got, err := read(spreadsheet(t, `<table:shapes><draw:frame><text:p>box</text:p></draw:frame></table:shapes>`+
		row(`<table:table-cell><office:annotation><text:p>call her</text:p></office:annotation><text:p>Ann</text:p></table:table-cell>`)), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "sheet", got, "row Customers: Ann", `text : "box\ncall her"`)
}

func TestRepeatedRowsCostNothing(t *testing.T) {
	start := time.Now()
	empty := `<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>`
	full := `<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell></table:table-row>`
	got, err := read(spreadsheet(t, row(cell("a"))+strings.Repeat(empty, 1000)+row(cell("b"))+full), limits)
	if err != nil || time.Since(start) > time.Second {
		t.Errorf("%v, after %v", err, time.Since(start))
	}
	if n := strings.Count(got, "row "); !strings.HasPrefix(got, "row Customers: a\nrow Customers: \nrow Customers: b\n") || n != 19 {
		t.Errorf("%d rows", n)
	}
}

func TestTextsAreParagraphsAndTables(t *testing.T) {
	got, err := read(pack(t, "mimetype", "application/vnd.oasis.opendocument.text",
		"content.xml", `<office:document-content><office:automatic-styles><style:p><text:p>no text</text:p></style:p></office:automatic-styles><office:text>`+
			`<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes><text:h>Title</text:h><text:p>a<text:tab/>b</text:p>`+
			`<table:table table:name="T">`+row(cell("1"), cell("2")+"")+row(`<table:table-cell><table:table table:name="In">`+row(cell("3"))+`</table:table></table:table-cell>`)+`</table:table>`+
			`<text:p>end</text:p></office:text></office:document-content>`,
		"styles.xml", `<x><style:footer><text:p>page 1</text:p></style:footer></x>`,
		"meta.xml", `<office:meta><dc:title>Letter</dc:title><meta:generator>none</meta:generator></office:meta>`,
		"Pictures/1.png", "\x89PNG", "Object 1/content.xml", `<x><text:p>chart</text:p></x>`), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "text", got, `text : "deleted\nTitle\na\tb"`, "row T: 1|2", "row In: 3", `text : "end"`, `text Object 1: "chart"`,
		`text styles: "page 1"`, `text meta: "Letter"`, `file 1.png: 4 bytes "\x89PNG"`)
}

func TestFlatDocumentsAreReadWithTheirFiles(t *testing.T) {
	flat := `<?xml version="1.0"?><office:document office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:spreadsheet>` +
		`<table:table table:name="S">` + row(cell("a")) + `</table:table><draw:object-ole><office:binary-data>YSxi
Cg==</office:binary-data></draw:object-ole></office:spreadsheet></office:document>`
	got, err := read([]byte(flat), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "flat", got, "row S: a", `file embedded: 4 bytes "a,b\n"`)
	if kind := odf.KindOf(strings.NewReader(flat), int64(len(flat))); kind != odf.ODS {
		t.Errorf("kind %d", kind)
	}
}

func TestWhatIsNotReadIsSaid(t *testing.T) {
	manifest := `<manifest:manifest><manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>`
	rows := strings.Repeat(row(cell("x")), 5000)
	whole := spreadsheet(t, rows)
	few := limits
	few.Cells = 100
	noise := make([]byte, 1<<19) // what is alike would expand too far
	rand.NewChaCha8([32]byte{}).Read(noise)
	long := hex.EncodeToString(noise)
	for _, tc := range []struct {
		name string
		data []byte
		lim  document.Limits
		want error
		rows int
	}{
		{"password", spreadsheet(t, rows, "META-INF/manifest.xml", manifest), limits, document.ErrEncrypted, 0},
		{"entities", pack(t, "content.xml", `<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>`), limits, document.ErrDamaged, 0},
		{"cut off", whole[:len(whole)/2], limits, document.ErrDamaged, 100},
		{"cells", whole, few, document.ErrTooMany, 100},
		{"notes", spreadsheet(t, row(`<table:table-cell><office:annotation><text:p>`+long+`</text:p><text:p>y</text:p></office:annotation></table:table-cell>`)), limits, document.ErrTooBig, 0},
		{"not a zip", []byte("PK"), limits, document.ErrDamaged, 0},
	} {
		got, err := read(tc.data, tc.lim)
		if !errors.Is(err, tc.want) || strings.Count(got, "row ") < tc.rows {
			t.Errorf("%s: %d rows, error %v", tc.name, strings.Count(got, "row "), err)
		}
	}
}

func TestKindOfTellsFilesApart(t *testing.T) {
	for _, tc := range []struct {
		data []byte
		want odf.Kind
	}{
		{spreadsheet(t, ""), odf.ODS},
		{pack(t, "content.xml", "<x><office:text/></x>"), odf.ODT},
		{pack(t, "META-INF/manifest.xml", "application/vnd.oasis.opendocument.presentation", "content.xml", ""), odf.ODP},
		{pack(t, "mimetype", "application/vnd.sun.xml.calc", "content.xml", ""), odf.ODS},
		{pack(t, "content.xml", "<other/>"), odf.None},
		{pack(t, "a.csv", "a,b"), odf.None},
		{[]byte("a,b"), odf.None},
	} {
		if got := odf.KindOf(bytes.NewReader(tc.data), int64(len(tc.data))); got != tc.want {
			t.Errorf("kind %d, want %d", got, tc.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(string(spreadsheet(f, row(cell("a"), cell("b")))))
	f.Add(`<office:document><table:table>` + row(cell("a")+`<table:table-cell table:number-columns-repeated="9"/>`) + `<office:binary-data>YSxi</office:binary-data>`)
	f.Add(`<office:document><text:p>a<text:s text:c="5"/></text:p><office:annotation><text:p>b`)
	lim := document.Limits{Bytes: 4 << 20, Ratio: 100, Cells: 10_000, Pages: 20, Depth: 5}
	f.Fuzz(func(t *testing.T, data string) {
		if got, _ := read([]byte(data), lim); len(got) > 32<<20 {
			t.Errorf("%d bytes out of %d", len(got), len(data))
		}
		if !strings.HasPrefix(data, "PK") {
			_, _ = read(pack(t, "content.xml", data), lim)
		}
	})
}

func BenchmarkReadODS(b *testing.B) {
	var rows strings.Builder
	for i := range 20_000 {
		cells := ""
		for c := range 11 {
			cells += cell(fmt.Sprintf("value %d.%d", i, c))
		}
		rows.WriteString(row(cells))
	}
	data := spreadsheet(b, rows.String())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		out := transcript.Transcript{Quiet: true}
		if err := odf.Read(context.Background(), bytes.NewReader(data), int64(len(data)), limits, &out); err != nil || out.Rows != 20_000 {
			b.Fatal(out.Rows, err)
		}
	}
	b.ReportMetric(float64(20_000*b.N)/b.Elapsed().Seconds(), "rows/s")
}
