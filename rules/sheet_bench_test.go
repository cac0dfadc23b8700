package rules_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// BenchmarkSheet inspects workbooks of the accident's table, of 20,000 rows and,
// of the same people over and over, of a million: what is kept of the rows does
// not grow with them. Peak heap is without the file itself.
func BenchmarkSheet(b *testing.B) {
	in, err := inspector()
	if err != nil {
		b.Fatal(err)
	}
	limits := extract.DefaultLimits()
	limits.PartBytes, limits.Bytes = 1<<30, 2<<30 // a million rows are 580 MB of XML
	for _, n := range []int{20_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			file := longWorkbook(b, n)
			src := extract.Source{ReaderAt: bytes.NewReader(file), Size: int64(len(file))}
			b.ReportAllocs()
			runtime.GC()
			peak := watchHeap()
			before := processorTime(b)
			for b.Loop() {
				ev, err := in.InspectFile(context.Background(), "f", src, limits)
				if err != nil || len(ev.Unread) > 0 || ev.Records != int64(n) {
					b.Fatal(err, ev.Unread, ev.Records)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/(processorTime(b)-before).Seconds(), "rows/cpu-s")
			b.ReportMetric(float64(peak())/1e6, "peak-MB")
		})
	}
}

// watchHeap watches what lives on the heap until the function that it returns
// is called, which returns by how much it grew at most.
func watchHeap() (grown func() uint64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	heap := func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	before := heap()
	stop, result := make(chan struct{}), make(chan uint64)
	go func() {
		top := before
		for {
			top = max(top, heap())
			select {
			case <-stop:
				result <- top - before
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(stop); return <-result }
}

// longWorkbook is a workbook of the accident's table with n rows.
func longWorkbook(tb testing.TB, n int) []byte {
	tb.Helper()
	rows := incidentRows(20_000)
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	create := func(name string) io.Writer {
		w, err := z.Create(name)
		if err != nil {
			tb.Fatal(err)
		}
		return w
	}
	for _, part := range [][2]string{
		{"[Content_Types].xml", "<Types/>"},
		{"_rels/.rels", relations("officeDocument", "xl/workbook.xml")},
		{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
			`<sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", relations("worksheet", "worksheets/sheet1.xml")},
	} {
		io.WriteString(create(part[0]), part[1])
	}
	sheet := create("xl/worksheets/sheet1.xml")
	line := []byte(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	for i := range n + 1 {
		row := rows[0]
		if i > 0 {
			row = rows[1+(i-1)%20_000]
		}
		line = fmt.Appendf(line, `<row r="%d">`, i+1)
		for j, c := range row {
			line = fmt.Appendf(line, `<c r="%c%d" t="inlineStr"><is><t>%s</t></is></c>`, 'A'+j, i+1, c)
		}
		line = append(line, "</row>"...)
		if _, err := sheet.Write(line); err != nil {
			tb.Fatal(err)
		}
		line = line[:0]
	}
	io.WriteString(sheet, "</sheetData></worksheet>")
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return file.Bytes()
}
