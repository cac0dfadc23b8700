package table_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// meter checks the promises of Split to its Output, and counts.
type meter struct {
	t     *testing.T
	prose int
	cells int // bytes of cells
	rows  int
	skip  bool // leave grids half read
}

func (*meter) Repeated(*table.Repeat) (bool, error) { return false, nil }

func (m *meter) Prose(text []byte) error {
	if len(text) == 0 || len(text) > 64<<10 {
		m.t.Errorf("a piece of prose of %d bytes", len(text))
	}
	m.prose += len(text)
	return nil
}

func (m *meter) Grid(_ table.Kind, g table.Grid) error {
	width := 0
	l, ok := g.(table.Labelled)
	for {
		row, err := g.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if ok && l.Labelled() && width > 0 && len(row) != width {
			m.t.Errorf("a row of %d cells under %d labels", len(row), width)
		}
		width = len(row)
		for _, cell := range row {
			m.cells += len(cell)
		}
		if m.rows++; m.skip && m.rows%3 == 0 {
			return nil
		}
	}
}

// FuzzSplit checks that any text is read to its end, that no more comes out
// than went in (but for labels), and that reading it in small pieces makes no
// difference.
func FuzzSplit(f *testing.F) {
	seeds, err := filepath.Glob("testdata/split/*.txt")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, seed := range seeds {
		text, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("{\"a\":[[[[1,2],[3]]]]}{\"a\":1},,\n[\"x\",\"y\"]"))
	f.Add([]byte("INSERT INTO t VALUES ('"))
	f.Add([]byte("a,b\n\"c,d\ne,f\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all := &meter{t: t}
		if err := table.Split(context.Background(), bytes.NewReader(text), table.Limits{}, all); err != nil && !errors.Is(err, table.ErrLimit) {
			t.Fatal(err)
		}
		if all.prose > len(text) {
			t.Errorf("%d bytes of prose out of %d", all.prose, len(text))
		}
		if all.cells > 64*len(text)+4096 {
			t.Errorf("%d bytes of cells out of %d", all.cells, len(text))
		}
		half := &meter{t: t, skip: true}
		if err := table.Split(context.Background(), bytes.NewReader(text), table.Limits{Columns: 3, Depth: 2}, half); err != nil && !errors.Is(err, table.ErrLimit) {
			t.Fatal(err)
		}
	})
}
