package quarantine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs/bucket/gateway"
)

// A message that brings something new costs compressing and sealing it, and
// where that is much, three syncs for its pack; each costs the sync of the
// commit. The disk sets that part of these numbers.
func BenchmarkHold(b *testing.B) {
	body := table(25_500)
	long := strings.Repeat("x", 8)
	b.Run("letter", func(b *testing.B) {
		s := open(b, b.TempDir(), Options{})
		text := table(20)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			hold(b, s, copyTo(i), head(i)+text)
		}
	})
	b.Run("first copy of 3.4 MB", func(b *testing.B) {
		s := open(b, b.TempDir(), Options{})
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			own := strings.ReplaceAll(body, "user", long[:3]+string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676)))
			b.StartTimer()
			hold(b, s, copyTo(i), head(i)+own)
		}
	})
	b.Run("further copy of 3.4 MB", func(b *testing.B) {
		s := open(b, b.TempDir(), Options{})
		hold(b, s, copyTo(0), head(0)+body)
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for i := 1; b.Loop(); i++ {
			hold(b, s, copyTo(i), head(i)+body)
		}
	})
}

// The same content on a disk and in a bucket on this machine: what is beside it is
// the store's own time, and the network's.
func BenchmarkContent(b *testing.B) {
	body := table(25_500)
	for _, where := range []struct {
		name string
		open func() *Store
	}{
		{"folder", func() *Store { return open(b, b.TempDir(), Options{}) }},
		{"bucket", func() *Store {
			g := gateway.Start(b, gateway.Options{})
			g.MakeBucket("held")
			return open(b, b.TempDir(), inBucket(g.Endpoint, g.SecretKey))
		}},
	} {
		s := where.open()
		n := 0
		b.Run("hold in a "+where.name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				n++
				b.StopTimer()
				own := strings.ReplaceAll(body, "user", fmt.Sprintf("u%05d", n))
				b.StartTimer()
				hold(b, s, copyTo(n), head(n)+own)
			}
		})
		b.Run("read from a "+where.name, func(b *testing.B) {
			m := hold(b, s, copyTo(0), head(0)+body)
			b.SetBytes(m.Size)
			for b.Loop() {
				readContent(b, s, m.ID)
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

// BenchmarkLedger is what is noted of 500 messages that were passed on, as the
// relay writes it at a time; a share of it, the commit's sync, is the disk's.
func BenchmarkLedger(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	const messages = 500
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	l := &Ledger{Runs: []Run{{Key: "run", Sender: "sender", Print: []byte{1}, First: at, Last: at, Copies: messages}}}
	for i := range messages {
		l.Deliveries = append(l.Deliveries, Delivery{Run: "run", At: at, Recipients: []string{fmt.Sprintf("reader%d@reader.example", i)}})
		l.Exposures = append(l.Exposures, Exposure{At: at, Sender: "sender", Run: "run", Action: "pass", Version: "1",
			Exposure: []byte(`{"subjects":0,"records":0,"fields":null,"recipients":1,"completeness":"complete"}`), Recipients: 1, Bytes: 4000})
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.WriteLedger(b.Context(), l); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/messages, "µs/msg")
}
