package ooxml_test

import (
	"bytes"
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/flow/transcript"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/ooxml"
)

func BenchmarkReadXLSX(b *testing.B) {
	const rows = 20_000
	data := customers(b, rows)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		out := transcript.Transcript{Quiet: true}
		if err := ooxml.Read(context.Background(), bytes.NewReader(data), int64(len(data)), limits, &out); err != nil {
			b.Fatal(err)
		}
		if out.Rows != rows || out.Cells != 11*rows {
			b.Fatalf("%d rows, %d cells", out.Rows, out.Cells)
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// The rows stream: what grows with them is the strings that the format keeps
// beside them, 60 bytes a row here.
func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 300,000 rows")
	}
	peak := func(rows int) uint64 {
		data := customers(t, rows)
		runtime.GC()
		var before, m runtime.MemStats
		runtime.ReadMemStats(&before)
		done, result := make(chan struct{}), make(chan uint64)
		go func() {
			var top uint64
			for {
				runtime.ReadMemStats(&m)
				top = max(top, m.HeapAlloc)
				select {
				case <-done:
					result <- top
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		}()
		out := transcript.Transcript{Quiet: true}
		if err := ooxml.Read(context.Background(), bytes.NewReader(data), int64(len(data)), limits, &out); err != nil {
			t.Fatal(err)
		}
		close(done)
		runtime.KeepAlive(data)
		return <-result - before.HeapAlloc
	}
	small, large := peak(20_000), peak(300_000)
	t.Logf("20,000 rows: %d KiB, 300,000 rows: %d KiB", small>>10, large>>10)
	if growth := int64(large) - int64(small); growth > 280_000*120 {
		t.Errorf("%d bytes more for 280,000 rows more", growth)
	}
}
