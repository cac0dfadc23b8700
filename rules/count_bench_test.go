package rules

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// BenchmarkTypeAndCount types the columns of the accident's table and counts
// its people, whose rows lie in memory as a file's splitter gives them: what a
// table costs in any format, beside the reading of it. Bytes are those of the
// cells and of a byte between two.
func BenchmarkTypeAndCount(b *testing.B) {
	in, err := NewInspector(nil)
	if err != nil {
		b.Fatal(err)
	}
	const n = 20_000
	rows, size := customerRows(n)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		ev, err := in.inspect(context.Background(), extract.Source{}, func(s *sink) (extract.Summary, error) {
			_, err := s.grid(extract.Part{Path: "customers"}, "delimited", &given{rows: rows})
			return extract.Summary{}, err
		})
		if err != nil {
			b.Fatal(err)
		}
		if people := len(ev.all.ownPeople().list); people != n {
			b.Fatalf("%d people, want %d", people, n)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// given is a table.Grid of rows in memory.
type given struct {
	rows [][][]byte
	at   int
}

func (g *given) Next() ([][]byte, error) {
	if g.at == len(g.rows) {
		return nil, io.EOF
	}
	g.at++
	return g.rows[g.at-1], nil
}

func customerRows(n int) (rows [][][]byte, size int64) {
	given := strings.Fields("Alice Amir Anna Beth Carlos Chloe Daniel Diana Edward Elena Felix Grace Hamid Hannah Ian Jack Jana Karim Kate Liam")
	family := strings.Fields("Abbott Ahmed Baker Barnes Carter Chapman Dawson Edwards Ellis Fisher Gibson Grant Harper Ingram Jackson Knight Lawson Lewis Mitchell Newton")
	add := func(cells ...string) {
		row := make([][]byte, len(cells))
		for i, c := range cells {
			row[i] = []byte(c)
			size += int64(len(c)) + 1
		}
		rows = append(rows, row)
	}
	add("service_id", "username", "full_name", "product_name", "subscription_charge", "postmaster_email",
		"alt_email", "visp", "optout_status", "active_status", " real_name")
	for i := range n {
		g, f := given[i%20], family[i/20%20]
		user := strings.ToLower(g[:1]+f) + fmt.Sprint(1000+i)
		add(fmt.Sprint(4_000_000+i*7), user, g+" "+f, "Broadband Anytime Plus 2000", fmt.Sprintf("%d.99", 9+i%30),
			"postmaster@"+user+".homes.isp.example", user+".private@inbox.provider.example",
			[]string{"north", "village", "harbour"}[i%3], []string{"Y", "N"}[i%2], "active", g+" "+f)
	}
	return rows, size
}
