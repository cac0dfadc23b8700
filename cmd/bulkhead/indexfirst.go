package main

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// firstRows are the first rows of a grid.
type firstRows struct {
	rows     [][][]byte
	labelled bool
	whole    bool // the grid has no more
	next     int
}

func readFirst(g table.Grid) (*firstRows, error) {
	s := &firstRows{}
	for len(s.rows) < typedRows {
		row, err := g.Next()
		if errors.Is(err, io.EOF) {
			s.whole = true
			break
		}
		if err != nil {
			return nil, err
		}
		own := make([][]byte, len(row))
		for i, cell := range row {
			own[i] = slices.Clone(cell)
		}
		s.rows = append(s.rows, own)
	}
	if l, is := g.(table.Labelled); is {
		s.labelled = l.Labelled()
	}
	return s, nil
}

// Next implements table.Grid.
func (s *firstRows) Next() ([][]byte, error) {
	if s.next == len(s.rows) {
		return nil, io.EOF
	}
	s.next++
	return s.rows[s.next-1], nil
}

// Labelled implements table.Labelled.
func (s *firstRows) Labelled() bool { return s.labelled }

// columns recognises the columns by the largest stretch of the sample, and
// returns them with the number of the first row below their header.
func (s *firstRows) columns(ctx context.Context, typer *table.Typer) (columns []table.Column, first int, err error) {
	most := 0
	err = typer.Read(ctx, s, table.Limits{}, func(seg *table.Segment) error {
		if seg.Transposed {
			return errors.New("the table has its fields down and its people across: turn it first")
		}
		if columns == nil {
			first = seg.First
		}
		if len(seg.Rows) > most {
			most, columns = len(seg.Rows), slices.Clone(seg.Columns)
		}
		return nil
	})
	return columns, first, err
}
