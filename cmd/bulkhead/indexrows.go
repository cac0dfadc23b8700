package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// indexer reads tables into an index's builder: one goroutine reads, others
// normalise and hash.
type indexer struct {
	ctx    context.Context
	stop   context.CancelCauseFunc
	build  *exact.Builder
	choice *choice
	det    *detect.Detector
	typer  *table.Typer

	batches chan *batch
	free    sync.Pool
	workers sync.WaitGroup

	rows    int64
	taken   map[int]bool // the index's columns in use
	headers []string
	tick    func()
}

// batch is the chosen cells of some rows.
type batch struct {
	first   uint32 // record of the first row
	rows    int
	columns []indexColumn
	text    []byte
	ends    []int // of each cell in text, row by row
}

// indexColumn is a column of a table and its place in the index.
type indexColumn struct {
	taken
	column int
}

// Bounds of a batch.
const (
	batchRows = 1024
	typedRows = 512 // rows by which the columns of a table are recognised
)

func newIndexer(ctx context.Context, b *exact.Builder, choice *choice) (*indexer, error) {
	det, err := detect.New()
	if err != nil {
		return nil, err
	}
	lexicon, err := table.LoadLexicon(nil)
	if err != nil {
		return nil, err
	}
	x := &indexer{
		build: b, choice: choice, det: det, typer: table.NewTyper(det, lexicon),
		batches: make(chan *batch, 8), taken: map[int]bool{}, tick: func() {},
	}
	x.free.New = func() any { return new(batch) }
	x.ctx, x.stop = context.WithCancelCause(ctx)
	for range max(runtime.GOMAXPROCS(0), 1) {
		w := b.Writer()
		x.workers.Go(func() {
			for batch := range x.batches {
				if err := x.hash(w, batch); err != nil {
					x.stop(err)
				}
				x.free.Put(batch)
			}
			if err := w.Close(); err != nil {
				x.stop(err)
			}
		})
	}
	return x, nil
}

// close waits until all that was read is with the builder.
func (x *indexer) close() error {
	close(x.batches)
	x.workers.Wait()
	err := context.Cause(x.ctx)
	x.stop(nil)
	return err
}

// hash gives the values of a batch to the builder. What is no value of its
// column's type, as "n/a", and addresses of functions are left out.
func (x *indexer) hash(w *exact.Writer, b *batch) error {
	at, cell := 0, 0
	for i := range b.rows {
		for _, c := range b.columns {
			value := b.text[at:b.ends[cell]]
			at, cell = b.ends[cell], cell+1
			if len(value) == 0 || !x.valid(c.kind, value) {
				continue
			}
			if err := w.Add(b.first+uint32(i), c.column, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// valid reports whether a value can be one of its column's type, where that
// can be told of a single value.
func (x *indexer) valid(kind detect.Type, value []byte) bool {
	switch kind {
	case detect.ContactEmail:
		return x.det.Is(kind, value) && !detect.Role(value)
	case detect.FinanceCard, detect.FinanceIBAN, detect.NetIP:
		return x.det.Is(kind, value)
	}
	return true
}

// grid indexes the rows of one table.
func (x *indexer) grid(g table.Grid) error {
	sample, err := readFirst(g)
	if err != nil {
		return err
	}
	columns, first, err := sample.columns(x.ctx, x.typer)
	if err != nil || len(columns) == 0 {
		return errors.Join(err, drain(g))
	}
	for _, c := range columns {
		if c.Header != "" && len(x.headers) < 100 && !slices.Contains(x.headers, c.Header) {
			x.headers = append(x.headers, c.Header)
		}
	}
	list, err := x.choice.pick(columns, sample.labelled)
	if err != nil {
		return err
	}
	places := make([]indexColumn, 0, len(list))
	for _, t := range list {
		at, err := x.build.Column(t.name, t.kind)
		if err != nil {
			return err
		}
		x.taken[at] = true
		places = append(places, indexColumn{t, at})
	}
	if len(places) == 0 {
		return drain(g)
	}
	b := x.newBatch(places)
	add := func(row [][]byte) error {
		b.add(row)
		if b.rows < batchRows {
			return nil
		}
		full := b
		b = x.newBatch(places)
		return x.send(full)
	}
	for _, row := range sample.rows[min(first, len(sample.rows)):] {
		if err := add(row); err != nil {
			return err
		}
	}
	for !sample.whole {
		row, err := g.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := add(row); err != nil {
			return err
		}
	}
	return x.send(b)
}

func (x *indexer) newBatch(columns []indexColumn) *batch {
	b := x.free.Get().(*batch)
	b.columns, b.rows, b.text, b.ends = columns, 0, b.text[:0], b.ends[:0]
	return b
}

// add takes the chosen cells of a row.
func (b *batch) add(row [][]byte) {
	for _, c := range b.columns {
		for i, at := range c.cells {
			if at < len(row) {
				if i > 0 {
					b.text = append(b.text, ' ')
				}
				b.text = append(b.text, row[at]...)
			}
		}
		b.ends = append(b.ends, len(b.text))
	}
	b.rows++
}

// send gives a batch to the workers.
func (x *indexer) send(b *batch) (err error) {
	if b.rows == 0 {
		return nil
	}
	if b.first, err = x.build.Reserve(b.rows); err != nil {
		return err
	}
	x.rows += int64(b.rows)
	x.tick()
	select {
	case x.batches <- b:
		return nil
	case <-x.ctx.Done():
		return context.Cause(x.ctx)
	}
}

func drain(g table.Grid) error {
	for {
		if _, err := g.Next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
