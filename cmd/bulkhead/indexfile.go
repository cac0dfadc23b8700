package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// file indexes the tables of a file.
func (x *indexer) file(path string, p program) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	info, err := file.Stat()
	if err != nil {
		return err
	}
	const unit = 1 << 20
	bar := newProgress(p.stderr, "MiB of "+filepath.Base(path), int(info.Size()/unit))
	defer bar.clear()
	source := &followed{ReaderAt: file}
	x.tick = func() { bar.set(int(source.furthest.Load() / unit)) }
	workers := newWorkers(nil)
	defer workers.Close() //nolint:errcheck // killed, whatever they say
	lim := extract.Limits{
		Bytes: math.MaxInt64, PartBytes: math.MaxInt64, Ratio: math.MaxInt32, Cells: math.MaxInt64, Time: 1000 * time.Hour,
		Scratch: func() (extract.Scratch, error) { return newScratch(os.TempDir()) }, Isolate: workers.Isolate,
	}
	found, err := extract.New().File(x.ctx, filepath.Base(path), extract.Source{ReaderAt: source, Size: info.Size()}, lim, tables{x})
	if err != nil {
		return err
	}
	// A part of the customers is not the customers.
	for _, u := range found.Unread {
		return fmt.Errorf("%s is not read: %s", u.Path, u.Detail)
	}
	return nil
}

// followed tells how far a file was read.
type followed struct {
	io.ReaderAt
	furthest atomic.Int64
}

func (f *followed) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.ReaderAt.ReadAt(p, off)
	if end := off + int64(n); end > f.furthest.Load() {
		f.furthest.Store(end)
	}
	return n, err
}

// tables takes the tables of a file; text around them is of no use.
type tables struct{ x *indexer }

// Text implements extract.Sink.
func (t tables) Text(_ extract.Part, r io.Reader) error {
	return table.Split(t.x.ctx, r, table.Limits{}, t)
}

// Table implements extract.Sink.
func (t tables) Table(_ extract.Part, g table.Grid) error { return t.x.grid(g) }

// Grid implements table.Output.
func (t tables) Grid(_ table.Kind, g table.Grid) error { return t.x.grid(g) }

// Prose implements table.Output.
func (tables) Prose([]byte) error { return nil }

func (tables) Repeated(*table.Repeat) (bool, error) { return false, nil }
