package exact_test

import (
	"context"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
)

// BenchmarkLookup looks values up from their spelling: compact form, hash and
// search.
func BenchmarkLookup(b *testing.B) {
	const n = 200_000
	x := open(b, build(b, customerColumns, customers(n)))
	for j, c := range customerColumns {
		for _, what := range []string{"hit", "miss"} {
			values := make([][]byte, 1<<14)
			for i := range values {
				at := i * 11
				if what == "miss" {
					at += n
				}
				values[i] = []byte(customer(at)[j])
			}
			b.Run(c.name+"/"+what, func(b *testing.B) {
				i := 0
				for b.Loop() {
					x.Has(c.kind, values[i%len(values)])
					i++
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mvalues/s")
			})
		}
	}
}

// BenchmarkRow matches whole rows of six cells.
func BenchmarkRow(b *testing.B) {
	const n = 200_000
	m := exact.NewSet(open(b, build(b, customerColumns, customers(n)))).Matcher()
	types := make([]detect.Type, len(customerColumns))
	for i, c := range customerColumns {
		types[i] = c.kind
	}
	for _, what := range []string{"customers", "strangers"} {
		rows := make([][][]byte, 1<<13)
		for i := range rows {
			at := i * 11
			if what == "strangers" {
				at += n
			}
			rows[i] = cells(customer(at)...)
		}
		b.Run(what, func(b *testing.B) {
			i := 0
			for b.Loop() {
				m.Row(rows[i%len(rows)], types)
				i++
			}
			b.ReportMetric(float64(b.N*len(types))/b.Elapsed().Seconds()/1e6, "Mvalues/s")
		})
	}
}

// BenchmarkBuild builds an index of 100,000 rows of six values.
func BenchmarkBuild(b *testing.B) {
	const n = 100_000
	rows := customers(n)
	for b.Loop() {
		builder := exact.NewBuilder(secret, &memory{})
		for _, c := range customerColumns {
			if _, err := builder.Column(c.name, c.kind); err != nil {
				b.Fatal(err)
			}
		}
		w := builder.Writer()
		first, _ := builder.Reserve(n)
		for i, row := range rows {
			for j, value := range row {
				if err := w.Add(first+uint32(i), j, []byte(value)); err != nil {
					b.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		if _, err := builder.Finish(context.Background(), &memory{}, built, 1, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*n*len(customerColumns))/b.Elapsed().Seconds()/1e6, "Mvalues/s")
}
