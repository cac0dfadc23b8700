//go:build unix

package index_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/index"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
)

// benchKinds are the columns of the index that is looked into.
var benchKinds = []struct {
	name string
	kind detect.Type
}{
	{"customer", detect.IDCustomer}, {"name", detect.PersonName}, {"email", detect.ContactEmail},
	{"phone", detect.ContactPhone}, {"birth_date", detect.PersonBirthDate},
}

// benchValue is a cell of record i, which differs from every other record's but
// in the date.
func benchValue(column, i int) []byte {
	switch column {
	case 0:
		return fmt.Appendf(nil, "K-%08d", i)
	case 1:
		return fmt.Appendf(nil, "Ana%c%c%c Quorn%c%c", 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26, 'a'+i/17576%26, 'a'+i/456976%26)
	case 2:
		return fmt.Appendf(nil, "ana.quorn%d@client%d.example", i, i%50)
	case 3:
		return fmt.Appendf(nil, "+44 7%03d %06d", 400+i/1_000_000, i%1_000_000)
	default:
		return fmt.Appendf(nil, "19%02d-%02d-%02d", 30+i%70, 1+i/70%12, 1+i/840%28)
	}
}

// BenchmarkLookup looks values up in a mapped index of five columns: compact
// form, keyed hash and search. BULKHEAD_BENCH_RECORDS sets its records; at
// 10,000,000 it takes a minute to build and half a gigabyte of disk.
func BenchmarkLookup(b *testing.B) {
	records := 200_000
	if text := os.Getenv("BULKHEAD_BENCH_RECORDS"); text != "" {
		var err error
		if records, err = strconv.Atoi(text); err != nil {
			b.Fatal("BULKHEAD_BENCH_RECORDS: ", err)
		}
	}
	secret, _ := newKey(b)
	path := filepath.Join(b.TempDir(), "customers.idx")
	began := time.Now()
	err := index.Write(path, func(file *os.File) error { return fillBench(b, exact.NewBuilder(secret, scratch(b)), file, records) })
	if err != nil {
		b.Fatal(err)
	}
	x, err := index.Open("customers", path, secret)
	if err != nil {
		b.Fatal(err)
	}
	_, size, err := index.Info(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d records built in %v by one writer, %.1f bytes a value", records, time.Since(began).Round(time.Second), float64(size)/float64(records*len(benchKinds)))
	for column, c := range benchKinds {
		for _, what := range []string{"hit", "miss"} {
			values := benchValues(column, records, what == "miss")
			b.Run(c.name+"/"+what, func(b *testing.B) {
				i, found := 0, 0
				before := processorTime(b)
				for b.Loop() {
					if x.Has(c.kind, values[i%len(values)]) {
						found++
					}
					i++
				}
				if what == "hit" && found != b.N {
					b.Errorf("%d of %d are found", found, b.N)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mvalues/s")
				b.ReportMetric(float64(b.N)/(processorTime(b)-before).Seconds()/1e6, "Mvalues/cpu-s")
			})
		}
	}
}

// processorTime is what the process has used of all processors: on a machine
// with other work it says more than the clock does.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchValues draws cells all over the index, more of them than a processor's
// caches hold the places of.
func benchValues(column, records int, strangers bool) [][]byte {
	rng := rand.New(rand.NewPCG(1, uint64(column)))
	values := make([][]byte, 1<<18)
	for i := range values {
		at := rng.IntN(records)
		if strangers && column != 4 {
			at += records
		}
		values[i] = benchValue(column, at)
	}
	return values
}

func scratch(b *testing.B) *os.File {
	b.Helper()
	file, err := os.CreateTemp(b.TempDir(), "scratch")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { file.Close() })
	return file
}

func fillBench(b *testing.B, builder *exact.Builder, file *os.File, records int) error {
	b.Helper()
	for _, c := range benchKinds {
		if _, err := builder.Column(c.name, c.kind); err != nil {
			return err
		}
	}
	if _, err := builder.Reserve(records); err != nil {
		return err
	}
	w := builder.Writer()
	for i := range records {
		for column := range benchKinds {
			if err := w.Add(uint32(i), column, benchValue(column, i)); err != nil {
				return err
			}
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	_, err := builder.Finish(context.Background(), file, time.Now(), 2, nil)
	return err
}
