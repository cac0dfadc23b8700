package foreign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

type parquetContact struct {
	Kind  string `parquet:"kind,dict"`
	Value string `parquet:"value"`
}

type parquetPerson struct {
	ID       int64            `parquet:"customer_id"`
	Name     string           `parquet:"name"`
	Email    *string          `parquet:"email,optional"`
	Born     int32            `parquet:"born,date"`
	Since    time.Time        `parquet:"since,timestamp"`
	Balance  int64            `parquet:"balance,decimal(2:18)"`
	Active   bool             `parquet:"active"`
	Address  parquetAddress   `parquet:"address"`
	Contacts []parquetContact `parquet:"contacts,list"`
}

type parquetAddress struct {
	City string `parquet:"city"`
}

func parquetOf(t testing.TB, n int, options ...parquet.WriterOption) []byte {
	t.Helper()
	people := make([]parquetPerson, n)
	for i := range people {
		mail := fmt.Sprintf("person%d@example.org", i)
		people[i] = parquetPerson{
			ID: int64(1000 + i), Name: fmt.Sprintf("Person %d Ångström", i), Email: &mail, Born: int32(7300 + i%9000),
			Since: time.Unix(1_700_000_000, 0), Balance: int64(-1005 + i), Active: i%2 == 0, Address: parquetAddress{"Oslo"},
			Contacts: []parquetContact{{"phone", fmt.Sprintf("+1 202 555 %04d", i%10000)}},
		}
	}
	if n > 1 {
		people[1].Email = nil
		people[1].Contacts = append(people[1].Contacts, parquetContact{"fax", "+1 202 555 0199"})
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[parquetPerson](&b, options...)
	if _, err := w.Write(people); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// grid keeps the rows of a tabular kind.
type grid struct {
	rows []string
	err  error // that ended the rows
}

func (g *grid) File(_ context.Context, _ string, r io.Reader) error {
	rows := NewGrid(r)
	for {
		row, err := rows.Next()
		if err != nil {
			g.err = err
			return nil
		}
		g.rows = append(g.rows, string(bytes.Join(row, []byte("|"))))
	}
}

func TestParquetRowsAreWrittenAsPeopleWriteThem(t *testing.T) {
	want := []string{
		"customer_id|name|email|born|since|balance|active|address.city|contacts.kind|contacts.value",
		"1000|Person 0 Ångström|person0@example.org|1989-12-27|2023-11-14 22:13:20|-10.05|true|Oslo|phone|+1 202 555 0000",
		"1001|Person 1 Ångström||1989-12-28|2023-11-14 22:13:20|-10.04|false|Oslo|phone|+1 202 555 0001",
		"||||||||fax|+1 202 555 0199",
	}
	for _, c := range []struct {
		name  string
		codec compress.Codec
	}{{"plain", &parquet.Uncompressed}, {"snappy", &parquet.Snappy}, {"gzip", &parquet.Gzip}, {"zstd", &parquet.Zstd},
		{"lz4", &parquet.Lz4Raw}, {"brotli", &parquet.Brotli}} {
		t.Run(c.name, func(t *testing.T) {
			var g grid
			if err := Read(context.Background(), jobOf(Parquet, parquetOf(t, 2, parquet.Compression(c.codec))), &g); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, g.rows); diff != "" || g.err != io.EOF {
				t.Errorf("rows (-want +got):\n%s, ended by %v", diff, g.err)
			}
		})
	}
}

// The file in testdata is for the tests of other packages.
func TestParquetFixtureIsWhatIsMadeHere(t *testing.T) {
	const path = "testdata/people.parquet"
	if *update {
		if err := os.WriteFile(path, parquetOf(t, 300), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var g grid
	if err := Read(context.Background(), jobOf(Parquet, b), &g); err != nil || g.err != io.EOF || len(g.rows) != 302 {
		t.Errorf("%d rows, %v, %v", len(g.rows), err, g.err)
	}
}

func TestParquetOfSeveralRowGroupsAndPages(t *testing.T) {
	for version := 1; version <= 2; version++ {
		b := parquetOf(t, 1000, parquet.MaxRowsPerRowGroup(300), parquet.PageBufferSize(1<<10), parquet.DataPageVersion(version))
		var g grid
		if err := Read(context.Background(), jobOf(Parquet, b), &g); err != nil || g.err != io.EOF {
			t.Fatal(err, g.err)
		}
		if len(g.rows) != 1002 || !strings.HasPrefix(g.rows[1001], "1999|Person 999 ") {
			t.Errorf("version %d: %d rows, the last %q", version, len(g.rows), g.rows[len(g.rows)-1])
		}
	}
}

func TestParquetThatIsNotWholeIsDamage(t *testing.T) {
	b := parquetOf(t, 500)
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"cut off":          {b[:len(b)/2], document.ErrDamaged},
		"nothing":          {[]byte("PAR1"), document.ErrDamaged},
		"a huge footer":    {append(bytes.Clone(b[:len(b)-8]), "\xff\xff\xff\xffPAR1"...), document.ErrDamaged},
		"encrypted footer": {slices.Concat([]byte("PARE"), make([]byte, 64), []byte("\x08\x00\x00\x00PARE")), document.ErrEncrypted},
	} {
		if err := Read(context.Background(), jobOf(Parquet, c.file), &grid{}); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
	huge := jobOf(Parquet, append(bytes.Clone(b[:len(b)-8]), "\xff\xff\xff\xffPAR1"...))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_ = Read(context.Background(), huge, &grid{}) // told above
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 1<<20 {
		t.Errorf("a stated footer took %d bytes of memory", after.TotalAlloc-before.TotalAlloc)
	}
	// Rows before the damage are given.
	broken := bytes.Clone(b)
	copy(broken[len(b)/3:], bytes.Repeat([]byte{0xff}, 64))
	var g grid
	err := Read(context.Background(), jobOf(Parquet, broken), &g)
	if err == nil && g.err == io.EOF {
		t.Error("damage in a page is not told")
	}
}

func TestAGridIsNotBelieved(t *testing.T) {
	for name, b := range map[string]string{
		"too many cells":    "\xff\xff\xff\x7f",
		"too long a cell":   "\x01\xff\xff\xff\x7f",
		"cut off in a cell": "\x01\x05ab",
		"cut off in a row":  "\x03\x01a",
		"endless number":    strings.Repeat("\xff", 20),
	} {
		if _, err := NewGrid(strings.NewReader(b)).Next(); err == nil || err == io.EOF {
			t.Errorf("%s: error %v", name, err)
		}
	}
	row, err := NewGrid(bytes.NewReader(appendRow(nil, [][]byte{[]byte("a"), nil, []byte("ø")}))).Next()
	if err != nil || len(row) != 3 || string(row[0]) != "a" || len(row[1]) != 0 || string(row[2]) != "ø" {
		t.Errorf("row %q, %v", row, err)
	}
}

func BenchmarkParquet(b *testing.B) {
	file := parquetOf(b, 20_000)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		var n counted
		if err := Read(context.Background(), jobOf(Parquet, file), &n); err != nil || n < 20_000 {
			b.Fatal(err, n)
		}
	}
	b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// counted counts rows.
type counted int

func (n *counted) File(_ context.Context, _ string, r io.Reader) error {
	for rows := NewGrid(r); ; *n++ {
		if _, err := rows.Next(); err != nil {
			return nil
		}
	}
}

// FuzzParquet runs the library in this process, under the recover that a
// worker has: what is asserted is ours, that rows are rows and errors are told.
func FuzzParquet(f *testing.F) {
	f.Add(parquetOf(f, 3))
	f.Add(parquetOf(f, 3, parquet.Compression(&parquet.Uncompressed), parquet.DataPageVersion(2)))
	f.Fuzz(func(t *testing.T, b []byte) {
		defer func() { _ = recover() }()
		var g grid
		err := Read(context.Background(), jobOf(Parquet, b), &g)
		if err != nil && why(err) == ": unnamed error" {
			t.Errorf("error %v", err)
		}
		if g.err != nil && g.err != io.EOF && why(g.err) == ": unnamed error" {
			t.Errorf("rows ended by %v", g.err)
		}
	})
}
