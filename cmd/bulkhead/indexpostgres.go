package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// postgres indexes the rows of a query, as they come: neither side holds them
// all. The transaction is read-only, so that no query can change anything.
func (x *indexer) postgres(url, query string, p program) (err error) {
	// The driver hides the password in its errors.
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // values come as text
	conn, err := pgx.ConnectConfig(x.ctx, cfg)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(x.ctx)) //nolint:errcheck // nothing was changed
	tx, err := conn.BeginTx(x.ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(x.ctx)) //nolint:errcheck // nothing was changed
	rows, err := tx.Query(x.ctx, query)
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defer rows.Close()
	bar := newCounter(p.stderr, "rows")
	defer bar.clear()
	x.tick = func() { bar.set(int(x.rows)) }
	g := &queryGrid{rows: rows}
	for _, f := range rows.FieldDescriptions() {
		g.header = append(g.header, []byte(f.Name))
	}
	if err := x.grid(g); err != nil {
		return err
	}
	rows.Close()
	return withoutValues(rows.Err())
}

// queryGrid gives the rows of a query, under a header of the columns' names.
type queryGrid struct {
	rows   pgx.Rows
	header [][]byte
	begun  bool
}

// Labelled implements table.Labelled.
func (*queryGrid) Labelled() bool { return true }

// Next implements table.Grid. NULL is an empty cell.
func (g *queryGrid) Next() ([][]byte, error) {
	if !g.begun {
		g.begun = true
		return g.header, nil
	}
	if g.rows.Next() {
		return g.rows.RawValues(), nil
	}
	if err := g.rows.Err(); err != nil {
		return nil, fmt.Errorf("query: %w", withoutValues(err))
	}
	return nil, io.EOF
}

// withoutValues words an error of the server without what it quotes of the
// data: its class says enough where the fault is in a row.
func withoutValues(err error) error {
	var fault *pgconn.PgError
	if errors.As(err, &fault) && strings.HasPrefix(fault.Code, "22") {
		return fmt.Errorf("a value of a row is at fault: SQLSTATE %s", fault.Code)
	}
	return err
}
