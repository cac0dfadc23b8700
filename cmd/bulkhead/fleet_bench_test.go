//go:build unix

package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// ledgerTime is longer than relays gather what they write to the ledger.
const ledgerTime = 400 * time.Millisecond

// BenchmarkSharedStore measures one, two and three relays side by side that share
// PostgreSQL and an S3 server, beside as many of which each has an embedded store of its
// own: in turns, so that what else the machine does weighs on all.
func BenchmarkSharedStore(b *testing.B) {
	sink := listenSink(b)
	f := startRelaysOf(b, "smtp://"+sink, "allow: [127.0.0.0/8]")
	var embedded []*process
	for range f.relays {
		embedded = append(embedded, serve(b, b.TempDir(), "smtp://"+sink))
	}
	body := letterOf(4 << 10)[len(letterOf(0)):]
	list := strings.ReplaceAll(csvOf(makeCustomers(40)), "\n", "\r\n")
	for _, c := range []struct {
		name, message string
		inTurn        int
	}{
		{"Letters", letterOf(4 << 10), 3000},
		{"Copies", headerOf("news@shop.example", "ben@reader.example", "News "+blank) + "\r\n" + body, 3000},
		{"Holds", headerOf("list@isp.example", "ben@reader.example", "Accounts "+blank) + "\r\n" + body + list, 300},
	} {
		b.Run(c.name, func(b *testing.B) {
			m := &sideBySide{parcel: newParcel(c.message)}
			var spells [2][]spell
			var servers spell
			for i, relays := range [2][]*process{embedded, f.relays} {
				m.turn(b, relays, 60, &spell{}) // so that all is there
				spells[i] = make([]spell, len(relays))
			}
			for left := b.N; left > 0; left -= c.inTurn {
				n := min(c.inTurn, left)
				for i := range f.relays {
					m.turn(b, embedded[:i+1], n, &spells[0][i])
					before := spentBy(b, f.database.Pid()) + spentBy(b, f.objects.Pid())
					m.turn(b, f.relays[:i+1], n, &spells[1][i])
					servers.used += spentBy(b, f.database.Pid()) + spentBy(b, f.objects.Pid()) - before
				}
			}
			b.ReportMetric(0, "ns/op") // of no meaning: all turns together
			for i := range f.relays {
				own, shared := spells[0][i], spells[1][i]
				b.ReportMetric(float64(b.N)/shared.took.Seconds(), fmt.Sprintf("msg/s-%d", i+1))
				b.ReportMetric(float64(b.N)/own.took.Seconds(), fmt.Sprintf("msg/s-embedded-%d", i+1))
				b.ReportMetric(shared.each(b.N), fmt.Sprintf("cpu-ms/msg-%d", i+1))
				b.ReportMetric(own.each(b.N), fmt.Sprintf("cpu-ms/msg-embedded-%d", i+1))
				b.ReportMetric(shared.each(b.N)/own.each(b.N), fmt.Sprintf("of-embedded-%d", i+1))
			}
			b.ReportMetric(servers.each(b.N*len(f.relays)), "cpu-ms/msg-servers")
		})
	}
}

// spell is how long relays took for messages, and how much processor time.
type spell struct{ took, used time.Duration }

// each is the processor time of one message, in milliseconds.
func (s spell) each(messages int) float64 { return s.used.Seconds() * 1000 / float64(messages) }

// sideBySide sends a parcel to several relays at once.
type sideBySide struct{ parcel }

// turn sends n messages over twenty connections to all of the relays, and adds up what
// that took, with what is written to the ledger after it.
func (m *sideBySide) turn(b *testing.B, relays []*process, n int, sum *spell) {
	b.Helper()
	spent := func() (used time.Duration) {
		for _, p := range relays {
			used += p.spent(b)
		}
		return used
	}
	before, began := spent(), time.Now()
	var all sync.WaitGroup
	for i, p := range relays {
		share := n*(i+1)/len(relays) - n*i/len(relays)
		all.Go(func() { m.load(b, p.smtp[0], 20/len(relays), share) })
	}
	all.Wait()
	took := time.Since(began)
	time.Sleep(ledgerTime)
	sum.took += took
	sum.used += spent() - before
}
