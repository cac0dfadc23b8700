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
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d", len(steps), min(oldestWriter, len(steps)))); err != nil {
		return fmt.Errorf("migrate: set the version: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return emptyLog(ctx, db)
}

// oldestWriter is the least version of the schema that a program must know to
// write to this one. A program that is replaced has the store open still when the
// new one migrates it: what it writes last is right as long as a migration only
// adds, with defaults. Raise it with one that does more. It is kept in SQLite's
// application_id, since a program asks before each write.
const oldestWriter = 13

// mayWrite reports ErrNewer if a newer program has changed the database since it
// was opened, so that what this one would write is not right any more.
func (s *Store) mayWrite(ctx context.Context, tx *sql.Tx) error {
	var version, oldest int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("read the version: %w", err)
	}
	if version <= s.schema {
		return nil // the usual case
	}
	if err := tx.QueryRowContext(ctx, "PRAGMA application_id").Scan(&oldest); err != nil {
		return fmt.Errorf("read the version: %w", err)
	}
	if oldest > s.schema {
		return fmt.Errorf("%w: a newer program has made its schema %d, this one knows %d", ErrNewer, version, s.schema)
	}
	return nil
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
