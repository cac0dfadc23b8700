package table_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// drain is an Output that reads all it is given.
type drain struct {
	typer *table.Typer
	cells int
	prose int
}

func (*drain) Repeated(*table.Repeat) (bool, error) { return false, nil }

func (d *drain) Prose(text []byte) error {
	d.prose += len(text)
	return nil
}

func (d *drain) Grid(_ table.Kind, g table.Grid) error {
	if d.typer != nil {
		return d.typer.Read(context.Background(), g, table.Limits{}, func(s *table.Segment) error {
			d.cells += len(s.Rows) * len(s.Columns)
			return nil
		})
	}
	for {
		row, err := g.Next()
		if err != nil {
			return nil
		}
		d.cells += len(row)
	}
}

// incident returns a CSV with the columns of the accident that the project is
// about, about made-up people.
func incident(rows int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	given := strings.Fields("Gwen Fiona Declan Imran Daisy Priya Orla Megan Neil Zara Hugh Leon Callum Kofi Rhys Ewan")
	family := strings.Fields("Entwistle Chaudhry Threlfall Lomax Kershaw Pickering Gallacher Quarmby Rushworth Fairclough Sowerby")
	var b bytes.Buffer
	b.WriteString("service_id,username,full_name,product_name,subscription_charge,postmaster_email,alt_email,visp,optout_status,active_status, real_name\n")
	for range rows {
		g, f := given[rng.IntN(len(given))], family[rng.IntN(len(family))]
		user := strings.ToLower(g[:3]+f[:4]) + fmt.Sprint(rng.IntN(9999))
		fmt.Fprintf(&b, "%d,%s,%s %s,%s,%d.%02d,postmaster@%s.quayside.test,%s@northline.example,%s,%s,%s,%s %s\n",
			100000+rng.IntN(899999), user, g, f, []string{"Phone & Fibre", "Broadband Lite", "Essential Fibre"}[rng.IntN(3)],
			10+rng.IntN(50), rng.IntN(100), user, user, []string{"force9", "plusnet"}[rng.IntN(2)],
			[]string{"Y", "N"}[rng.IntN(2)], []string{"active", "ceased"}[rng.IntN(2)], g, f)
	}
	return b.Bytes()
}

// prose returns running text of lines as people write them.
func prose(lines int) []byte {
	rng := rand.New(rand.NewPCG(3, 4))
	words := strings.Fields("the meeting on Thursday was moved because of a delay in the north, and nobody minded; we will send the papers again before noon. Please read them with care, as the last version had errors (page 3) that changed the sums")
	var b bytes.Buffer
	for range lines {
		n := 60 + rng.IntN(20)
		for line := 0; line < n; {
			w := words[rng.IntN(len(words))]
			b.WriteString(w)
			b.WriteByte(' ')
			line += len(w) + 1
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func newTyper(t testing.TB) *table.Typer {
	t.Helper()
	d, err := detect.New()
	if err != nil {
		t.Fatal(err)
	}
	lex, err := table.LoadLexicon(nil)
	if err != nil {
		t.Fatal(err)
	}
	return table.NewTyper(d, lex)
}

func BenchmarkSplit(b *testing.B) {
	for _, bc := range []struct {
		name string
		text []byte
	}{
		{"prose", prose(40000)},
		{"csv", incident(20000)},
		{"quoted csv", quoted(incident(20000))},
		{"json", asJSON(incident(20000))},
	} {
		b.Run(bc.name, func(b *testing.B) {
			b.SetBytes(int64(len(bc.text)))
			b.ReportAllocs()
			for b.Loop() {
				if err := table.Split(context.Background(), bytes.NewReader(bc.text), table.Limits{}, &drain{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSplitAndRead(b *testing.B) {
	text := incident(20000)
	typer := newTyper(b)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if err := table.Split(context.Background(), bytes.NewReader(text), table.Limits{}, &drain{typer: typer}); err != nil {
			b.Fatal(err)
		}
	}
}

// quoted puts each cell of a CSV in quotes.
func quoted(csv []byte) []byte {
	csv = bytes.ReplaceAll(bytes.TrimSpace(csv), []byte(","), []byte(`","`))
	csv = bytes.ReplaceAll(csv, []byte("\n"), []byte("\"\n\""))
	return append(append([]byte{'"'}, csv...), '"', '\n')
}

// asJSON turns a CSV without quotes into an array of objects on one line.
func asJSON(csv []byte) []byte {
	lines := bytes.Split(bytes.TrimSpace(csv), []byte("\n"))
	names := bytes.Split(lines[0], []byte(","))
	var b bytes.Buffer
	b.WriteByte('[')
	for i, line := range lines[1:] {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, cell := range bytes.Split(line, []byte(",")) {
			fmt.Fprintf(&b, "%c%q:%q", ",{"[min(1, max(0, 1-j))], names[j], cell)
		}
		b.WriteByte('}')
	}
	b.WriteByte(']')
	return b.Bytes()
}
