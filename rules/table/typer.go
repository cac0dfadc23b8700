package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Typer tells what the columns of grids hold. It is safe for concurrent use.
type Typer struct {
	spare   sync.Pool // of *reading
	values  Values
	lexicon *Lexicon
	marks   *marks
	bonds   []bond
}

// NewTyper returns a Typer that reads values with v and headers with lex.
func NewTyper(v Values, lex *Lexicon) *Typer {
	return &Typer{values: v, lexicon: lex, marks: newMarks(), bonds: bonds()}
}

// Knows reports whether the lexicon has a header as it is written, styles and
// case apart. One that it does not have may still be told by its parts.
func (t *Typer) Knows(header string) bool {
	return len(t.lexicon.phrases[joined(words(header))]) > 0
}

// Read reads g to its end and gives its rows to visit, a segment at a time.
// Each segment is typed by its own cells, the header over it and what the
// segment before it held, so that a table may change on its way. The error is
// the grid's, the context's or the visitor's; one that wraps ErrLimit is returned
// after all rows were given, where one of them had more than lim.Columns cells.
func (t *Typer) Read(ctx context.Context, g Grid, lim Limits, visit func(*Segment) error) error {
	r, _ := t.spare.Get().(*reading)
	if r == nil {
		r = &reading{rows: rows{marks: t.marks}}
	}
	r.typer, r.lim, r.visit = t, lim.orDefault(), visit
	err := r.read(ctx, g)
	if r.empty(); cap(r.rows.text) <= maxSpare {
		t.spare.Put(r)
	}
	return err
}

// maxSpare is the most room in bytes that is kept for the next grid or text: a
// cell may be of any length.
const maxSpare = 1 << 20

// read is Typer.Read.
func (r *reading) read(ctx context.Context, g Grid) error {
	if l, ok := g.(Labelled); ok {
		r.labelled = l.Labelled()
	}
	take := r.taker(g)
	for {
		err := take()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			// What came before is still worth knowing.
			return errors.Join(fmt.Errorf("read table: %w", err), r.finish())
		}
		if r.rows.full(r.lim) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := r.emit(false); err != nil {
				return err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	cut := r.rows.cut
	if err := r.finish(); err != nil || !cut {
		return err
	}
	return fmt.Errorf("read table: columns %w", ErrLimit)
}

// filler is a Grid that can copy its next row itself, at most limit cells of it.
// The error is that of Next.
type filler interface {
	fill(r *rows, limit int) error
}

// taker returns what takes the next row of g.
func (r *reading) taker(g Grid) func() error {
	if f, ok := g.(filler); ok {
		return func() error { return f.fill(&r.rows, r.lim.Columns) }
	}
	return func() error {
		row, err := g.Next()
		if err == nil {
			r.rows.add(row, r.lim.Columns)
		}
		return err
	}
}
