package rules_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/xuri/excelize/v2"
)

// incidentRows makes the accident's table: its 11 fields, n customers.
func incidentRows(n int) [][]string {
	given := strings.Fields("Alice Amir Anna Beth Carlos Chloe Daniel Diana Edward Elena Felix Grace Hamid Hannah Ian Jack Jana Karim Kate Liam")
	family := strings.Fields("Abbott Ahmed Baker Barnes Carter Chapman Dawson Edwards Ellis Fisher Gibson Grant Harper Ingram Jackson Knight Lawson Lewis Mitchell Newton")
	rows := [][]string{{"service_id", "username", "full_name", "product_name", "subscription_charge", "postmaster_email",
		"alt_email", "visp", "optout_status", "active_status", " real_name"}}
	for i := range n {
		g, f := given[i%20], family[i/20%20]
		user := strings.ToLower(g[:1]+f) + fmt.Sprint(1000+i)
		rows = append(rows, []string{
			fmt.Sprint(4_000_000 + i*7), user, g + " " + f, "Broadband Anytime Plus 2000", fmt.Sprintf("%d.99", 9+i%30),
			"postmaster@" + user + ".homes.isp.example", user + ".private@inbox.provider.example",
			[]string{"north", "village", "harbour"}[i%3], []string{"Y", "N"}[i%2], "active", g + " " + f,
		})
	}
	return rows
}

func csvRows(rows [][]string) string {
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(strings.Join(row, ","))
		b.WriteString("\r\n")
	}
	return b.String()
}

// benchmarkInspect measures the whole of Inspect and Decide on one message.
func benchmarkInspect(b *testing.B, message string, rows int, people int64) {
	in, err := inspector()
	if err != nil {
		b.Fatal(err)
	}
	p := defaultPolicies(b)
	src := extract.Source{ReaderAt: strings.NewReader(message), Size: int64(len(message))}
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	before := processorTime(b)
	for b.Loop() {
		ev, err := in.Inspect(context.Background(), src, extract.DefaultLimits())
		if err != nil {
			b.Fatal(err)
		}
		v, err := p.Decide(envelope, ev, rules.Recent{})
		if err != nil {
			b.Fatal(err)
		}
		if v.Exposure.Subjects != people {
			b.Fatalf("%d people, want %d", v.Exposure.Subjects, people)
		}
	}
	used := (processorTime(b) - before).Seconds()
	b.ReportMetric(float64(len(message))*float64(b.N)/used/1e6, "MB/cpu-s")
	if rows > 0 {
		b.ReportMetric(float64(rows)*float64(b.N)/used, "rows/cpu-s")
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

func BenchmarkInspect(b *testing.B) {
	const n = 20_000
	rows := incidentRows(n)
	table := csvRows(rows)
	b.Run("incident-body", func(b *testing.B) { benchmarkInspect(b, plain("")+table, n, n) })
	b.Run("incident-csv-attachment", func(b *testing.B) { benchmarkInspect(b, attachment([]byte(table)), n, n) })
	b.Run("incident-tsv-attachment", func(b *testing.B) {
		benchmarkInspect(b, attachment([]byte(strings.ReplaceAll(table, ",", "\t"))), n, n)
	})
	b.Run("prices-csv-attachment", func(b *testing.B) { benchmarkInspect(b, attachment([]byte(priceList(3<<20))), 0, 0) })
	b.Run("prices-csv-attachment-100k", func(b *testing.B) { benchmarkInspect(b, attachment([]byte(priceList(75<<10))), 0, 0) })
	b.Run("incident-json-lines", func(b *testing.B) { benchmarkInspect(b, attachment(ndjsonTable(b, rows)), n, n) })
	b.Run("incident-xlsx", func(b *testing.B) { benchmarkInspect(b, attachment(workbook(b, rows)), n, n) })
	for _, text := range []struct{ name, is, of string }{
		{"prose", "text/plain", prose(4 << 20)}, {"log", "text/plain", logLines(4 << 20)}, {"html", "text/html", htmlPage(4 << 20)},
	} {
		b.Run(text.name, func(b *testing.B) { benchmarkInspect(b, body(text.is, text.of), 0, 0) })
		b.Run(text.name+"-base64", func(b *testing.B) { benchmarkInspect(b, attachment([]byte(text.of)), 0, 0) })
	}
	b.Run("letter-4k", func(b *testing.B) { benchmarkInspect(b, plain(prose(4<<10)), 0, 0) })
}

// body is a message of one part, as it stands.
func body(kind, text string) string {
	return "From: a@sender.example\r\nTo: ben@reader.example\r\nContent-Type: " + kind + "; charset=utf-8\r\n\r\n" +
		strings.ReplaceAll(text, "\n", "\r\n")
}

func attachment(file []byte) string {
	var b strings.Builder
	b.WriteString("From: a@sender.example\r\nTo: ben@reader.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" +
		"--x\r\n\r\nHere it is.\r\n--x\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	encoded := base64.StdEncoding.EncodeToString(file)
	for ; len(encoded) > 76; encoded = encoded[76:] {
		b.WriteString(encoded[:76] + "\r\n")
	}
	b.WriteString(encoded + "\r\n--x--\r\n")
	return b.String()
}

// priceList is a table in which nobody is named.
func priceList(size int) string {
	var csv strings.Builder
	csv.WriteString("article,description,size,colour,stock,price\n")
	for i := 0; csv.Len() < size; i++ {
		fmt.Fprintf(&csv, "A-%d,Bracket no. %d,%d mm,%s,%d,%d.%02d\n", 10_000+i, i, 5+i%60, []string{"red", "green", "blue", "black", "white"}[i%5], i*7%900, 3+i%90, i%100)
	}
	return csv.String()
}

func workbook(b *testing.B, rows [][]string) []byte {
	b.Helper()
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	for i, row := range rows {
		cells := make([]any, len(row))
		for j, c := range row {
			cells[j] = c
		}
		if err := w.SetRow(fmt.Sprintf("A%d", i+1), cells); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

var sentences = []string{
	"We are glad to tell you that the works on the northern bridge are done. ",
	"The council met on Thursday and agreed on the plan for next year, with a small change. ",
	"Please bring the drawings, the two offers, and your questions to the meeting in room 214. ",
	"Nobody expected the weather to hold, but it did, and the crew finished in nine days. ",
}

func prose(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		b.WriteString(sentences[i%len(sentences)])
		if i%5 == 4 {
			b.WriteString("\n\n")
		} else if i%2 == 1 {
			b.WriteString("\n")
		}
	}
	return b.String()
}

func logLines(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "2024-05-01T10:%02d:%02d.123Z INFO server[%d]: request id=%08x path=/api/v1/items took=%dms status=200\n", i/60%60, i%60, 400+i%9, i*2654435761, i%97)
	}
	return b.String()
}

func htmlPage(size int) string {
	var b strings.Builder
	b.WriteString("<html><body>\n")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "<p class=\"story\" style=\"margin:0;padding:12px\"><a href=\"https://news.example/%d\">%s</a></p>\n", i, sentences[i%4])
	}
	b.WriteString("</body></html>\n")
	return b.String()
}
