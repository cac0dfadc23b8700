package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// letterOf is a letter of about so many octets, in which nobody is named.
func letterOf(size int) string {
	const page = "We meet on Thursday at ten, in the room on the second floor. Please bring the drawings\r\n" +
		"of the bridge and the two offers; the larger one has to be with the council by the end of\r\n" +
		"the week, and nothing is decided yet. If it rains, the visit to the site is put off.\r\n\r\n"
	return headerOf("ana@office.example", "ben@reader.example", "Thursday") + "Content-Type: text/plain\r\n\r\n" +
		"Our reference " + blank + "\r\n\r\n" + strings.Repeat(page, max(1, size/len(page)))
}

// sheetOf is a letter with a CSV file of so many octets: a price list, in which
// nobody is named.
func sheetOf(size int) string {
	var csv strings.Builder
	// blank's own text, where base64 makes it blank.
	csv.WriteString("article,description,size,colour,stock,price\nA000000,Bracket,1 mm,red,0,0.00\n")
	colours := []string{"red", "green", "blue", "black", "white"}
	for i := 0; csv.Len() < size*3/4*76/78; i++ {
		fmt.Fprintf(&csv, "A-%d,Bracket no. %d,%d mm,%s,%d,%d.%02d\n", 10_000+i, i, 5+i%60, colours[i%5], i*7%900, 3+i%90, i%100)
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(csv.String()))
	var m strings.Builder
	m.WriteString(headerOf("ana@office.example", "ben@reader.example", "Prices") +
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n" + strings.ReplaceAll(ordinaryLetter, "\n", "\r\n") +
		"\r\n--b\r\nContent-Type: text/csv; name=prices.csv\r\nContent-Disposition: attachment; filename=prices.csv\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	for ; len(encoded) > 76; encoded = encoded[76:] {
		m.WriteString(encoded[:76] + "\r\n")
	}
	m.WriteString(encoded + "\r\n--b--\r\n")
	return m.String()
}

// pageOf is a newsletter in HTML of about so many octets, in which nobody is named.
func pageOf(size int) string {
	const block = "<tr><td class=\"pad\" style=\"padding:12px 24px\"><h2 style=\"font:bold 20px sans-serif\">The bridge is open again</h2>\r\n" +
		"<p style=\"font:16px/24px serif;color:#333\">Since Thursday the bridge carries lorries of up to <b>forty tonnes</b>;\r\n" +
		"the footpath follows in spring. <a href=\"https://news.example/bridge?issue=12&amp;part=3\">Read&nbsp;on&nbsp;&raquo;</a></p>\r\n" +
		"<img src=\"https://news.example/bridge.png\" width=\"560\" height=\"240\" alt=\"The bridge\"></td></tr>\r\n"
	return headerOf("news@office.example", "ben@reader.example", "News") + "Content-Type: text/html; charset=utf-8\r\n\r\n" +
		"<html><head><style>.pad{padding:12px}</style></head><body><p>Issue " + blank + "</p><table width=\"600\">\r\n" +
		strings.Repeat(block, max(1, size/len(block))) + "</table></body></html>\r\n"
}

// BenchmarkRate measures the whole relay, a process of its own with the default
// configuration, beside the same load without it: both in turns, so that what
// else the machine does weighs on both.
func BenchmarkRate(b *testing.B) {
	for _, c := range []struct {
		name                string
		message             string
		connections, inTurn int
	}{
		{"4KB", letterOf(4 << 10), 20, 500},
		{"100KB", letterOf(100 << 10), 20, 100},
		{"100KB-HTML", pageOf(100 << 10), 20, 100},
		{"100KB-CSV", sheetOf(100 << 10), 20, 100},
		{"5MB-CSV", sheetOf(5 << 20), 20, 20},
	} {
		b.Run(c.name, func(b *testing.B) {
			sink := listenSink(b)
			relay := serve(b, b.TempDir(), "smtp://"+sink)
			p := newParcel(c.message)
			p.load(b, relay.smtp[0], c.connections, c.connections) // so that all is there
			var through, direct, used time.Duration
			for left := b.N; left > 0; left -= c.inTurn {
				n := min(c.inTurn, left)
				direct += p.load(b, sink, c.connections, n)
				before := relay.spent(b)
				through += p.load(b, relay.smtp[0], c.connections, n)
				used += relay.spent(b) - before
			}
			if held := relay.metric(b, `bulkhead_messages_total{action="hold",completeness="complete"}`); held > 0 {
				b.Fatalf("%v messages were held: they do not measure the way through", held)
			}
			milliseconds := used.Seconds() * 1000 / float64(b.N)
			b.ReportMetric(through.Seconds()*1e9/float64(b.N), "ns/op")
			b.ReportMetric(direct.Seconds()/through.Seconds(), "of-direct")
			b.ReportMetric(milliseconds, "cpu-ms/msg")
			b.ReportMetric(milliseconds/float64(len(c.message))*1e6, "cpu-ms/MB")
		})
	}
}

// BenchmarkLatency measures what the relay adds to the time of one session,
// alone on the machine.
func BenchmarkLatency(b *testing.B) {
	sink := listenSink(b)
	relay := serve(b, b.TempDir(), "smtp://"+sink)
	p := newParcel(letterOf(4 << 10))
	p.load(b, relay.smtp[0], 1, 20)
	var through, direct []time.Duration
	for b.Loop() {
		direct = append(direct, p.load(b, sink, 1, 1))
		through = append(through, p.load(b, relay.smtp[0], 1, 1))
	}
	for _, times := range [][]time.Duration{through, direct} {
		slices.Sort(times)
	}
	for _, percent := range []int{50, 99} {
		i := len(through) * percent / 100
		b.ReportMetric((through[i]-direct[i]).Seconds()*1000, fmt.Sprintf("p%d-ms-added", percent))
	}
}

// BenchmarkMemory measures the most memory that the relay and its workers have
// while 100 messages of 5 MB come at the same time.
func BenchmarkMemory(b *testing.B) {
	sink := listenSink(b)
	relay := serve(b, b.TempDir(), "smtp://"+sink)
	p := newParcel(sheetOf(5 << 20))
	var most float64
	for b.Loop() {
		done := make(chan struct{})
		go func() { defer close(done); p.load(b, relay.smtp[0], 100, 200) }()
		for running := true; running; {
			select {
			case <-done:
				running = false
			case <-time.After(20 * time.Millisecond):
				most = max(most, relay.resident(b))
			}
		}
	}
	b.ReportMetric(most, "MiB-peak")
}

// resident returns how much memory the process and its children have, in MiB.
// What they share is counted once.
func (p *process) resident(b *testing.B) (total float64) {
	for _, pid := range family(b, p.cmd.Process.Pid) {
		text, _ := os.ReadFile("/proc/" + pid + "/smaps_rollup") // a child may have ended
		for line := range strings.Lines(string(text)) {
			if rest, found := strings.CutPrefix(line, "Pss:"); found {
				var kib float64
				fmt.Sscan(rest, &kib) // the kernel's own format
				total += kib / 1024
			}
		}
	}
	return total
}
