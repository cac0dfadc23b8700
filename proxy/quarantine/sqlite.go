package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"
)

const databaseName = "quarantine.db"

// sqliteDatabase is a file. Its one writer at a time is what write needs, so all
// that writes is alone.
type sqliteDatabase struct{ path string }

func (d sqliteDatabase) String() string { return d.path }

func (d sqliteDatabase) open() (writer, rows, reader *sql.DB, err error) {
	if writer, err = sql.Open("sqlite", dsn(d.path, "_txlock=immediate")); err != nil {
		return nil, nil, nil, err
	}
	writer.SetMaxOpenConns(1) // SQLite's polling for its lock is no queue
	if reader, err = sql.Open("sqlite", dsn(d.path, "_pragma=query_only(1)")); err != nil {
		return nil, nil, nil, errors.Join(err, writer.Close())
	}
	reader.SetMaxOpenConns(readers)
	return writer, writer, reader, nil
}

// dsn asks for what a store of record needs: waiting instead of failing, the
// write-ahead log that lets readers go on, an fsync in each commit, and zeros
// over what is deleted, so that a key that is gone is gone.
func dsn(path, more string) string {
	query := fmt.Sprintf("_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"+
		"&_pragma=foreign_keys(1)&_pragma=secure_delete(1)&_pragma=journal_size_limit(67108864)&%s", busyTimeout.Milliseconds(), more)
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query}
	return u.String()
}

// begin needs no lock: the transaction has SQLite's since its start.
func (d sqliteDatabase) begin(ctx context.Context, tx *sql.Tx, _ bool) (version int, at time.Time, err error) {
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, at, fmt.Errorf("read the version: %w", err)
	}
	return version, at, nil
}

// now: whoever uses a file is on its machine.
func (d sqliteDatabase) now(context.Context, querier) (at time.Time, err error) { return at, nil }

// oldest is in application_id.
func (d sqliteDatabase) oldest(ctx context.Context, tx *sql.Tx) (oldest int, err error) {
	if err := tx.QueryRowContext(ctx, "PRAGMA application_id").Scan(&oldest); err != nil {
		return 0, fmt.Errorf("read the version: %w", err)
	}
	return oldest, nil
}

func (d sqliteDatabase) migrate(ctx context.Context, db *sql.DB, steps []migration) error {
	return migrate(ctx, db, steps)
}

func (d sqliteDatabase) dialect() string { return "sqlite" }

// again: SQLite's writers wait for each other.
func (d sqliteDatabase) again(error) bool { return false }

// A file tells nobody.
func (d sqliteDatabase) tells() bool                                     { return false }
func (d sqliteDatabase) announce(context.Context, querier, string) error { return nil }
func (d sqliteDatabase) listen(context.Context, line) error              { return errNoNews }

// lockRuns has nothing to do: who writes is alone.
func (d sqliteDatabase) lockRuns(context.Context, *sql.Tx, []Run) (held bool, err error) {
	return false, nil
}

func (d sqliteDatabase) parted() bool { return false }

// makeRoom has nothing to do: there is one table of each.
func (d sqliteDatabase) makeRoom(context.Context, *Store, *Ledger) error { return nil }

func (d sqliteDatabase) daysSince(int64) (deliveries, exposures string) { return "", "" }

func (d sqliteDatabase) noRoom(error) bool { return false }

func (d sqliteDatabase) dropExposures(ctx context.Context, s *Store, before time.Time) (removed int64, err error) {
	return s.prune(ctx, pruneExposures, before)
}

func (d sqliteDatabase) dropDeliveries(ctx context.Context, s *Store, before time.Time) (removed int64, err error) {
	return s.prune(ctx, pruneDeliveries, before)
}

// planAnew: SQLite plans each statement for any arguments.
func (d sqliteDatabase) planAnew(context.Context, *sql.Tx) error { return nil }

func (d sqliteDatabase) sendersOfDays() string { return overviewSenders }

func (d sqliteDatabase) forget(ctx context.Context, db *sql.DB) error { return emptyLog(ctx, db) }

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
		return newerError(version, len(steps))
	}
	if version == len(steps) {
		return nil
	}
	if err := carryOver(ctx, tx, steps, version); err != nil {
		return err
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
