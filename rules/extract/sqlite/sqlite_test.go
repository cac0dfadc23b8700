package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// sink records what Read gives.
type sink struct {
	order  []string
	tables map[string][][]string
	files  map[string]string
	fail   error // returned by each call
}

func (s *sink) Text(string, io.Reader) error { return errors.New("no text was expected") }

func (s *sink) Table(name string, g table.Grid) error {
	if s.tables == nil {
		s.tables = map[string][][]string{}
	}
	s.order = append(s.order, name)
	for {
		row, err := g.Next()
		if err != nil {
			return s.fail
		}
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = string(c)
		}
		s.tables[name] = append(s.tables[name], cells)
	}
}

func (s *sink) File(name string, src io.ReaderAt, size int64) error {
	b, err := io.ReadAll(io.NewSectionReader(src, 0, size))
	if s.files == nil {
		s.files = map[string]string{}
	}
	s.files[name] = string(b)
	return errors.Join(s.fail, err)
}

func limits() document.Limits {
	return document.Limits{Bytes: 64 << 20, Ratio: 200, Cells: 1_000_000, Pages: 100, Depth: 24}
}

func read(t testing.TB, b []byte, lim document.Limits) (*sink, error) {
	t.Helper()
	s := &sink{}
	return s, Read(context.Background(), bytes.NewReader(b), int64(len(b)), lim, s)
}

func load(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/*.db")
	if err != nil || len(names) == 0 {
		t.Fatalf("no databases: %v", err)
	}
	files := map[string][]byte{}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(n)] = b
	}
	return files
}

// expected is what the databases in testdata hold.
func expected() map[string][][]string {
	customer := [][]string{{"id", "full name", "mail", "balance", "note"}}
	byKey := [][]string{{"k", "a", "b"}}
	for i := range 60 {
		note := ""
		switch i {
		case 7:
			note = strings.Repeat("long ", 700)
		case 9:
			note = "plain text"
		}
		balance := strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", float64(i)/4), "0"), ".")
		customer = append(customer, []string{fmt.Sprint(i*7 + 1), fmt.Sprintf("Zoë Fjord %d", i), fmt.Sprintf("z%d@example.org", i), balance, note})
		byKey = append(byKey, []string{fmt.Sprintf("k%02d", i), fmt.Sprint(59 - i), fmt.Sprintf("b%d", 59-i)})
	}
	return map[string][][]string{
		"customer": customer,
		"by_key":   byKey,
		"odd": {{"x", "y", "z"}, {"1.5e+300", "-3"}, {"", "ü"},
			{"9223372036854775807", "-9223372036854775808"}},
	}
}

func TestTablesAreReadInEveryEncoding(t *testing.T) {
	for name, file := range load(t) {
		got, err := read(t, file, limits())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff([]string{"customer", "by_key", "odd"}, got.order); diff != "" {
			t.Errorf("%s: tables (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(expected(), got.tables); diff != "" {
			t.Errorf("%s: rows (-want +got):\n%s", name, diff)
		}
		if want := map[string]string{"customer-1": strings.Repeat("\x00\x01file\x02", 20)}; !cmp.Equal(want, got.files) {
			t.Errorf("%s: files %q", name, got.files)
		}
	}
}

func TestCutDatabaseIsReadAsFarAsItGoes(t *testing.T) {
	file := load(t)["utf8.db"]
	got, err := read(t, file[:len(file)/2], limits())
	if !errors.Is(err, document.ErrDamaged) {
		t.Errorf("error %v", err)
	}
	if n := len(got.tables["customer"]); n < 10 || n > 60 {
		t.Errorf("%d rows of the half that is left", n)
	}
}

func TestDamagedPageLosesOnlyItself(t *testing.T) {
	file := bytes.Clone(load(t)["utf8.db"])
	whole, _ := read(t, file, limits())
	// The last leaf page of customer is one that holds its last row.
	last := bytes.LastIndex(file, []byte("z59@example.org"))
	clear(file[last/512*512:][:512])
	got, err := read(t, file, limits())
	if !errors.Is(err, document.ErrDamaged) {
		t.Errorf("error %v", err)
	}
	if a, b := len(got.tables["customer"]), len(whole.tables["customer"]); a >= b || a < b-15 {
		t.Errorf("%d rows of %d are left", a, b)
	}
	if diff := cmp.Diff(whole.tables["odd"], got.tables["odd"]); diff != "" {
		t.Errorf("another table suffers (-want +got):\n%s", diff)
	}
}

// A child that is its own parent must not be followed for ever.
func TestLoopInTreeIsDamage(t *testing.T) {
	b := build(20_000, 512)
	for page := 1; page < len(b)/512; page++ {
		if p := b[page*512:]; p[0] == interiorTable {
			p[8], p[9], p[10], p[11] = 0, 0, byte((page+1)>>8), byte(page+1)
		}
	}
	if _, err := read(t, b, limits()); !errors.Is(err, document.ErrDamaged) {
		t.Errorf("error %v", err)
	}
}

func TestOtherFilesAreUnsupported(t *testing.T) {
	for _, s := range []string{"", "SQLite format 3\x00", strings.Repeat("\x8b\x1fnoise", 200)} {
		if _, err := read(t, []byte(s), limits()); !errors.Is(err, document.ErrUnsupported) {
			t.Errorf("%.20q: error %v", s, err)
		}
	}
}

func TestBoundsEndTheReading(t *testing.T) {
	file := load(t)["utf8.db"]
	cases := map[string]struct {
		change func(*document.Limits)
		want   error
	}{
		"tables": {func(l *document.Limits) { l.Pages = 1 }, document.ErrTooMany},
		"cells":  {func(l *document.Limits) { l.Cells = 100 }, document.ErrTooMany},
		"bytes":  {func(l *document.Limits) { l.Bytes = 8 << 10 }, document.ErrTooBig},
	}
	for name, c := range cases {
		lim := limits()
		c.change(&lim)
		got, err := read(t, file, lim)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
		if len(got.tables["customer"]) < 2 {
			t.Errorf("%s: what came before the bound is lost", name)
		}
	}
}

func TestOutputErrorComesBackUnchanged(t *testing.T) {
	want := errors.New("stop")
	file := load(t)["utf8.db"]
	err := Read(context.Background(), bytes.NewReader(file), int64(len(file)), limits(), &sink{fail: want})
	if err != want { //nolint:errorlint // unchanged is the promise
		t.Errorf("error %v", err)
	}
}

func TestCancelledContextEndsTheReading(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	file := load(t)["utf8.db"]
	if err := Read(ctx, bytes.NewReader(file), int64(len(file)), limits(), &sink{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
