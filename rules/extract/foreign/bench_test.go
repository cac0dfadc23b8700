package foreign

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

// BenchmarkArchives reads a table of 20,000 rows, 0.97 MB, out of each kind of
// archive. Here the rate is that of what comes out.
func BenchmarkArchives(b *testing.B) {
	var rows strings.Builder
	rows.WriteString("name,email,phone\n")
	for i := range 20_000 {
		fmt.Fprintf(&rows, "Person %d,person%d@example.org,+1 202 555 %04d\n", i, i, i%10_000)
	}
	sevens, err := os.ReadFile("testdata/large/customers.7z")
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		job  Job
	}{{"7z", jobOf(SevenZip, sevens)}, {"rar", jobOf(RAR, rar5("customers.csv", rows.String()))}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(rows.Len()))
			b.ReportAllocs()
			for b.Loop() {
				var out list
				if err := Read(context.Background(), c.job, &out); err != nil || out.bytes != int64(rows.Len()) {
					b.Fatal(err, out.bytes)
				}
			}
			b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
