package dbf

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
	"github.com/google/go-cmp/cmp"
)

var limits = document.Limits{Bytes: 64 << 20, Ratio: 200, Cells: 1 << 20, Pages: 100, Depth: 24}

// record keeps the rows and the file behind them.
type record struct {
	rows    []string
	cells   int
	trailer string
}

func (r *record) Text(string, io.Reader) error { return errors.New("no text is in a dBase file") }

func (r *record) File(_ string, src io.ReaderAt, size int64) error {
	b, err := io.ReadAll(io.NewSectionReader(src, 0, size))
	r.trailer = string(b)
	return err
}

func (r *record) Table(_ string, g table.Grid) error {
	for {
		row, err := g.Next()
		if err != nil {
			return nil
		}
		r.cells += len(row)
		r.rows = append(r.rows, string(bytes.Join(row, []byte("|"))))
	}
}

func read(b []byte) (*record, error) {
	r := new(record)
	err := Read(context.Background(), bytes.NewReader(b), int64(len(b)), limits, r)
	return r, err
}

func fixture(t testing.TB, name string) []byte {
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFilesOfAnotherWriter(t *testing.T) {
	for name, want := range map[string][]string{
		"db3.dbf": {"ID|NAME|EMAIL|PHONE|BORN|ACTIVE|BALANCE",
			"1000|Person 0 Ångström|person0@example.org|+1 202 555 0000|1980-01-01|T|0.25"},
		"vfp.dbf": {"ID|NAME|EMAIL|PHONE|BORN|ACTIVE|BALANCE|SINCE|SEQ",
			"1000|Person 0 Ångström|person0@example.org|+1 202 555 0000|1980-01-01|T|0.25|2023-11-14 22:13:20|0"},
	} {
		b := fixture(t, name)
		r, err := read(b)
		if err != nil || len(r.rows) != 301 {
			t.Fatalf("%s: %d rows, %v", name, len(r.rows), err)
		}
		if diff := cmp.Diff(want, r.rows[:2]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if !Is(b[:4096]) || !Is(b) {
			t.Errorf("%s is not known by its beginning", name)
		}
		cut, err := read(b[:len(b)/2])
		if !errors.Is(err, document.ErrDamaged) || len(cut.rows) < 100 {
			t.Errorf("%s cut off: %d rows, %v", name, len(cut.rows), err)
		}
	}
}

// made is a file of text columns, all of a width.
func made(width int, rows ...[]string) []byte {
	columns := len(rows[0])
	b := make([]byte, fixedSize, 1024)
	b[0], b[2], b[3] = 3, 1, 1
	binary.LittleEndian.PutUint32(b[4:], uint32(len(rows)-1))
	binary.LittleEndian.PutUint16(b[8:], uint16(fixedSize+columns*fieldSize+1))
	binary.LittleEndian.PutUint16(b[10:], uint16(1+columns*width))
	for _, name := range rows[0] {
		f := make([]byte, fieldSize)
		copy(f, name)
		f[11], f[16], f[17] = 'C', byte(width), byte(width>>8)
		b = append(b, f...)
	}
	b = append(b, 0x0d)
	for _, row := range rows[1:] {
		b = append(b, ' ')
		for _, cell := range row {
			b = fmt.Appendf(b, "%-*s", width, cell)
		}
	}
	return append(b, 0x1a)
}

func TestNothingInAFileIsPassedOver(t *testing.T) {
	plain := made(10, []string{"A", "B"}, []string{"x", "y"}, []string{"deleted", "z"})
	plain[bytes.Index(plain, []byte(" deleted"))] = '*'
	behind := bytes.Clone(plain)
	binary.LittleEndian.PutUint32(behind[4:], 1)
	wide := made(300, []string{"A"}, []string{strings.Repeat("w", 299)})
	sealed := bytes.Clone(plain)
	sealed[15] = 1
	for name, c := range map[string]struct {
		file    []byte
		last    string
		trailer string
		err     error
	}{
		"a deleted record":             {plain, "deleted|z", "", nil},
		"a record that is not counted": {behind, "deleted|z", "", nil},
		"a column wider than a byte":   {wide, strings.Repeat("w", 299), "", nil},
		"text behind the end":          {append(bytes.Clone(plain), strings.Repeat("secret ", 9)...), "deleted|z", strings.Repeat("secret ", 9), nil},
		"an encrypted table":           {sealed, "", "", document.ErrEncrypted},
		"no table":                     {[]byte(strings.Repeat("\x03 text ", 40)), "", "", document.ErrUnsupported},
	} {
		r, err := read(c.file)
		last := ""
		if len(r.rows) > 0 {
			last = r.rows[len(r.rows)-1]
		}
		if !errors.Is(err, c.err) || last != c.last || r.trailer != c.trailer {
			t.Errorf("%s: last row %q, trailer %q, error %v", name, last, r.trailer, err)
		}
	}
}

func people(n int) []byte {
	rows := [][]string{{"ID", "NAME", "EMAIL", "PHONE"}}
	for i := range n {
		rows = append(rows, []string{fmt.Sprint(1000 + i), fmt.Sprintf("Person %d", i), fmt.Sprintf("person%d@example.org", i), fmt.Sprintf("+1 202 555 %04d", i%10000)})
	}
	return made(40, rows...)
}

func BenchmarkDBF(b *testing.B) {
	file := people(20_000)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		var n counted
		if err := Read(context.Background(), bytes.NewReader(file), int64(len(file)), limits, &n); err != nil || n != 20_001 {
			b.Fatal(err, n)
		}
	}
	b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// counted counts rows.
type counted int

func (n *counted) Text(string, io.Reader) error          { return nil }
func (n *counted) File(string, io.ReaderAt, int64) error { return nil }
func (n *counted) Table(_ string, g table.Grid) error {
	for ; ; *n++ {
		if _, err := g.Next(); err != nil {
			return nil
		}
	}
}

// FuzzDBF: whatever a header states, rows are of the columns that it has, come
// from bytes that are there, and what is known by its beginning is read.
func FuzzDBF(f *testing.F) {
	f.Add(people(3))
	f.Add(fixture(f, "vfp.dbf")[:1000])
	f.Add(fixture(f, "db3.dbf")[:1000])
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := read(b)
		if err != nil && !errors.Is(err, document.ErrDamaged) && !errors.Is(err, document.ErrUnsupported) &&
			!errors.Is(err, document.ErrEncrypted) && !errors.Is(err, document.ErrTooMany) {
			t.Errorf("error %v", err)
		}
		if Is(b) && errors.Is(err, document.ErrUnsupported) {
			t.Error("known and not read")
		}
		if len(r.rows) > 1+len(b)/2 {
			t.Errorf("%d rows from %d bytes", len(r.rows), len(b))
		}
	})
}
