package ole_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/flow/transcript"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/ole"
)

func BenchmarkReadXLS(b *testing.B) {
	const rows = 20_000
	var table, cells strings.Builder
	n := uint32(0)
	for r := range uint16(rows) {
		for c := range uint16(11) {
			if c%3 == 0 {
				cells.WriteString(number(r, c, 0, float64(r)))
				continue
			}
			s := fmt.Sprintf("value %d.%d", r, c)
			table.WriteString(rec(0x3C, uint16(len(s)), uint8(0), s))
			cells.WriteString(rec(0xFD, r, c, uint16(0), n))
			n++
		}
	}
	data := xls(biff8(rec(0xFC, n, n)+table.String(), cells.String()))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		out := transcript.Transcript{Quiet: true}
		if err := ole.Read(context.Background(), bytes.NewReader(data), int64(len(data)), limits, &out); err != nil || out.Rows != rows {
			b.Fatal(out.Rows, err)
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkReadMSG reads a message whose body is a table, in UTF-16 as Outlook
// writes it.
func BenchmarkReadMSG(b *testing.B) {
	const rows = 20_000
	var body strings.Builder
	for r := range rows {
		fmt.Fprintf(&body, "%d\tuser%d\tPerson %d\tuser%d@inbox.example\tFull Fibre 145\t43.11\r\n", 500_000+r, r, r, r)
	}
	data := compoundFile(outlookItem("IPM.Note", node{name: "__substg1.0_1000001F", data: wide(body.String())})...)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		out := transcript.Transcript{Quiet: true}
		if err := ole.Read(context.Background(), bytes.NewReader(data), int64(len(data)), limits, &out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}
