package table

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Typer tells what the columns of grids hold. It is immutable and safe for
// concurrent use.
type Typer struct {
	values  Values
	lexicon *Lexicon
	marks   *marks
	bonds   []bond
}

// NewTyper returns a Typer that reads values with v and headers with lex.
func NewTyper(v Values, lex *Lexicon) *Typer {
	return &Typer{values: v, lexicon: lex, marks: newMarks(), bonds: bonds()}
}

// Read reads g to its end and gives its rows to visit, a segment at a time.
// Each segment is typed by its own cells, the header over it and what the
// segment before it held, so that a table may change on its way. The error is
// the grid's, the context's or the visitor's.
func (t *Typer) Read(ctx context.Context, g Grid, lim Limits, visit func(*Segment) error) error {
	r := &reading{typer: t, lim: lim.orDefault(), visit: visit, rows: rows{marks: t.marks}}
	if l, ok := g.(Labelled); ok {
		r.labelled = l.Labelled()
	}
	for {
		row, err := g.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			// What came before is still worth knowing.
			return errors.Join(fmt.Errorf("read table: %w", err), r.finish())
		}
		if r.rows.add(row, r.lim.Columns); r.rows.full(r.lim) {
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
	return r.finish()
}
