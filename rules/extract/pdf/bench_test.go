package pdf

import (
	"bytes"
	"context"
	"testing"
)

// BenchmarkTable reads a table of 20,000 rows of five cells on 400 pages.
func BenchmarkTable(b *testing.B) {
	const rows = 20_000
	file := tablePages(rows, 50)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		s := &sink{}
		if err := Read(context.Background(), bytes.NewReader(file), int64(len(file)), limits(), s); err != nil {
			b.Fatal(err)
		}
		if len(s.tables) != 1 || len(s.tables[0]) != rows+1 {
			b.Fatalf("%d tables", len(s.tables))
		}
	}
}
