package extract

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// drain is a sink that reads everything and keeps nothing.
type drain struct {
	bytes int64
	rows  int
}

func (d *drain) Text(_ Part, r io.Reader) error {
	n, err := io.Copy(struct{ io.Writer }{io.Discard}, r)
	d.bytes += n
	return err
}

func (d *drain) Table(_ Part, g table.Grid) error {
	for {
		row, err := g.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		d.rows++
		for _, c := range row {
			d.bytes += int64(len(c))
		}
	}
}

var people = []string{"Ada Fernsby", "Bram Quill", "Cleo Marchetti", "Dorian Voss", "Élodie Brandt", "Finn Okonkwo"}

// tableText is a generated table of fictional customers, each cell written
// between open and close, each row between begin and end.
func tableText(n int, begin, open, close, end string) string {
	var b strings.Builder
	head := []string{"service_id", "username", "full_name", "product_name", "subscription_charge", "postmaster_email",
		"alt_email", "visp", "optout_status", "active_status", " real_name"}
	for i := -1; i < n; i++ {
		b.WriteString(begin)
		name := people[(i+len(people))%len(people)]
		cells := head
		if i >= 0 {
			cells = []string{fmt.Sprint(500000 + i), fmt.Sprint("user", i), name, "Full Fibre 145", "43.11",
				fmt.Sprintf("postmaster@user%d.inbox.test", i), fmt.Sprintf("user%d@home.example", i), "plusnet", "Y", "active", name}
		}
		for _, c := range cells {
			b.WriteString(open + c + close)
		}
		b.WriteString(end)
	}
	return b.String()
}

func csvTable(n int) string { return tableText(n, "", "", ",", "\r\n") }

func htmlTable(n int) string {
	return "<html><body><table>" + tableText(n, "<tr>", "<td>", "</td>", "</tr>\n") + "</table></body></html>"
}

func mail(headers, body string) []byte {
	return []byte("From: a@corp.test\r\nTo: b@corp.test\r\nSubject: x\r\nMIME-Version: 1.0\r\n" + headers + "\r\n\r\n" + body)
}

func wrapped(s string) string {
	e := base64.StdEncoding.EncodeToString([]byte(s))
	var b strings.Builder
	for len(e) > 76 {
		b.WriteString(e[:76] + "\r\n")
		e = e[76:]
	}
	return b.String() + e + "\r\n"
}

func BenchmarkMessage(b *testing.B) {
	const n = 20000
	table := csvTable(n)
	var qp, gz bytes.Buffer
	q := quotedprintable.NewWriter(&qp)
	_, _ = q.Write([]byte(table))
	q.Close()
	z := gzip.NewWriter(&gz)
	_, _ = z.Write([]byte(table))
	z.Close()
	utf16 := []byte{0xff, 0xfe}
	for _, r := range table {
		utf16 = append(utf16, byte(r), byte(r>>8))
	}
	for _, c := range []struct {
		name string
		mail []byte
	}{
		{"text", mail("Content-Type: text/plain; charset=utf-8", table)},
		{"base64", mail("Content-Type: text/csv; charset=utf-8\r\nContent-Transfer-Encoding: base64", wrapped(table))},
		{"quoted-printable", mail("Content-Type: text/csv; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable", qp.String())},
		{"utf16", mail("Content-Type: text/csv\r\nContent-Transfer-Encoding: base64", wrapped(string(utf16)))},
		{"html", mail("Content-Type: text/html; charset=utf-8", htmlTable(n))},
		{"gzip", mail("Content-Type: application/gzip\r\nContent-Transfer-Encoding: base64", wrapped(gz.String()))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.mail)))
			b.ReportAllocs()
			for b.Loop() {
				var d drain
				if _, err := New().Message(context.Background(), memory(c.mail), DefaultLimits(), &d); err != nil || d.bytes < 1<<20 {
					b.Fatal(err, d.bytes)
				}
			}
		})
	}
}
