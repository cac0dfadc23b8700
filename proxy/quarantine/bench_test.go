package quarantine

import (
	"bytes"
	"fmt"
	"testing"
)

// A held message costs two fsyncs of folders, one of its file, and one of the
// database's log; the disk, not the processor, sets these numbers.
func BenchmarkHold(b *testing.B) {
	for _, size := range []int{4 << 10, 3_400_000} {
		b.Run(fmt.Sprintf("%dKB", size>>10), func(b *testing.B) {
			s := open(b, b.TempDir(), Options{})
			content := bytes.Repeat([]byte("one row of a customer table 0123\r\n"), size/34)
			m := letter(1)
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Hold(b.Context(), m, bytes.NewReader(content)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkListPage(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	fill(b, s, 10_000)
	q := Query{States: []State{Held, ReleaseFailed}}
	b.ReportAllocs()
	for b.Loop() {
		if page, _, err := s.List(b.Context(), q); err != nil || len(page) != 100 {
			b.Fatal(len(page), err)
		}
	}
}
