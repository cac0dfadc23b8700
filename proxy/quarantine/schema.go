package quarantine

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration leads from one version to the next.
type migration struct {
	sql string
	// then is what SQL cannot do, in the same transaction; nil: nothing.
	then func(context.Context, *sql.Tx) error
}

// migrations gives those that lead from version i to i+1. The files are
// applied in the order of their names, which begin with a number.
func (s *Store) migrations() ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, name := range names {
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		m := migration{sql: string(text)}
		switch name {
		case "migrations/0002_sealed.sql":
			m.then = s.seal002
		case "migrations/0008_senders.sql":
			m.then = s.rename008
		}
		all = append(all, m)
	}
	return all, nil
}

// migrate brings the database to the newest version. The version is SQLite's
// user_version, which changes with the transaction, and the transaction holds
// the write lock from its start, so processes that start together migrate
// once. goose would do the same with a table of its own and no such lock.
func migrate(ctx context.Context, db *sql.DB, steps []migration) error {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("read the version: %w", err)
	}
	if version == len(steps) {
		return nil // the usual case, without waiting for writers
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // no effect after Commit

	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("migrate: read the version: %w", err)
	}
	if version > len(steps) {
		return fmt.Errorf("%w: its schema is %d, this program knows %d; start the newer program, or choose another data folder",
			ErrNewer, version, len(steps))
	}
	if version == len(steps) {
		return nil
	}
	for i, step := range steps[version:] {
		_, err := tx.ExecContext(ctx, step.sql)
		if err == nil && step.then != nil {
			err = step.then(ctx, tx)
		}
		if err != nil {
			return fmt.Errorf("migrate to version %d: %w", version+i+1, err)
		}
	}
	// PRAGMA takes no arguments.
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(steps))); err != nil {
		return fmt.Errorf("migrate: set the version: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return emptyLog(ctx, db)
}

// emptyWait is how long emptying the log waits for readers of an older state;
// writers of all processes wait with it.
const emptyWait = 100 * time.Millisecond

// emptyLog moves what the write-ahead log has into the database, whose freed
// pages are zeros: what was deleted is then in neither. Where a reader of an
// older state is in the way it is left to the next time.
func emptyLog(ctx context.Context, db *sql.DB) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("empty the log: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }() // back to db
	if err := waitFor(ctx, conn, emptyWait); err != nil {
		return fmt.Errorf("empty the log: %w", err)
	}
	var busy, pages, moved int
	err = conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
	if err := errors.Join(err, waitFor(context.WithoutCancel(ctx), conn, busyTimeout)); err != nil {
		return fmt.Errorf("empty the log: %w", err)
	}
	return nil
}

// waitFor sets how long a connection waits for locks.
func waitFor(ctx context.Context, conn *sql.Conn, d time.Duration) error {
	// PRAGMA takes no arguments.
	_, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", d.Milliseconds()))
	return err
}
