package worker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
	"github.com/ulikunitz/xz"
)

type drain struct{}

func (drain) File(_ context.Context, _ string, r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func BenchmarkStart(b *testing.B) {
	p := pool(b, func(c *Config) { c.Jobs = 1 })
	for b.Loop() {
		if err := p.Isolate(context.Background(), work(peek, "x"), drain{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSmallJob(b *testing.B) {
	p := pool(b, func(c *Config) { c.Jobs = 1 << 30 })
	for b.Loop() {
		if err := p.Isolate(context.Background(), work(peek, "x"), drain{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTable reads a table of 20,000 rows out of an xz stream, here and in
// a worker.
func BenchmarkTable(b *testing.B) {
	var rows strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&rows, "Person %d,person%d@example.org,+1 202 555 %04d,%d Example Street\n", i, i, i%10_000, i)
	}
	var packed bytes.Buffer
	w, err := xz.NewWriter(&packed)
	if err == nil {
		_, err = io.WriteString(w, rows.String())
	}
	if err != nil || w.Close() != nil {
		b.Fatal(err)
	}
	job := work(foreign.XZ, packed.String())
	p := pool(b, func(c *Config) { c.Jobs = 1 << 30 })
	for _, c := range []struct {
		name string
		read Reader
	}{{"process", foreign.Read}, {"worker", p.Isolate}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(rows.Len()))
			b.ReportAllocs()
			for b.Loop() {
				if err := c.read(context.Background(), job, drain{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
