package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/chunk"
)

const (
	defaultReserve = 64 << 20
	defaultLease   = 15 * time.Minute
	defaultGrace   = time.Hour

	// busyTimeout is how long a writer waits for those of other processes:
	// long beside a commit, which takes one fsync, and short beside the ten
	// minutes that a client waits for its reply (RFC 5321, 4.5.3.2.6).
	busyTimeout = 15 * time.Second

	// readers bounds the connections that answer queries.
	readers = 4

	databaseName = "quarantine.db"
)

// Store is an open quarantine. Its methods may be called at once.
type Store struct {
	dir  string
	opts Options
	// SQLite has one writer at a time. One connection makes writers of this
	// process queue in Go, where their contexts end the wait, and not in
	// SQLite's polling.
	writer *sql.DB
	reader *sql.DB
	keys   keyring
	sealer sealer
	codec  codec
	cutter *chunk.Cutter
	known  known
	schema int // the version of the database that this program knows

	auditFailures atomic.Int64 // entries that could not be written
}

// Open opens the store in dir, and makes it first if there is none: folders
// with mode 0700, files with 0600. A folder that exists keeps its mode. Errors
// name the path and what to do about it; [ErrNewer] is one of them.
//
// Opening is cheap enough for a command line: it ends releases whose lease is
// over, and leaves the search for left-over files to [Store.Sweep].
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	s := &Store{dir: dir, opts: o.withDefaults()}
	if s.codec, err = newCodec(); err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	if err := s.makeFolders(); err != nil {
		return nil, explain(dir, err)
	}
	if err := s.openDatabase(ctx); err != nil {
		return nil, fmt.Errorf("quarantine: database %s: %w", s.databasePath(), err)
	}
	if err := s.loadKeys(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("quarantine: keys: %w", err), s.Close())
	}
	if s.cutter, err = newCutter(s.keys); err != nil {
		return nil, errors.Join(fmt.Errorf("quarantine: %w", err), s.Close())
	}
	if err := s.endLapsed(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("quarantine: database %s: %w", s.databasePath(), err), s.Close())
	}
	return s, nil
}

// Close waits for calls under way and closes the database.
func (s *Store) Close() error {
	if err := errors.Join(s.reader.Close(), s.writer.Close()); err != nil {
		return fmt.Errorf("quarantine: close: %w", err)
	}
	return nil
}

func (s *Store) now() time.Time { return s.opts.Clock() }

func (s *Store) openDatabase(ctx context.Context) error {
	var err error
	if s.writer, err = sql.Open("sqlite", dsn(s.databasePath(), "_txlock=immediate")); err != nil {
		return err
	}
	s.writer.SetMaxOpenConns(1)
	if s.reader, err = sql.Open("sqlite", dsn(s.databasePath(), "_pragma=query_only(1)")); err != nil {
		return errors.Join(err, s.writer.Close())
	}
	s.reader.SetMaxOpenConns(readers)

	steps, err := s.migrations()
	if s.schema = len(steps); err == nil {
		err = migrate(ctx, s.writer, steps)
	}
	if err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
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

// write runs fn in a transaction that holds the write lock from its start.
func (s *Store) write(ctx context.Context, fn func(*sql.Tx) error) error {
	ready := false // all but the commit is done, which has the audit entries in it
	err := transact(ctx, s.writer, nil, func(tx *sql.Tx) error {
		err := s.mayWrite(ctx, tx)
		if err == nil {
			err = fn(tx)
		}
		ready = err == nil
		return err
	})
	if err != nil && ready {
		s.auditFailures.Add(1)
	}
	return err
}

// read runs fn in a transaction that sees one state of the database.
func (s *Store) read(ctx context.Context, fn func(*sql.Tx) error) error {
	return transact(ctx, s.reader, &sql.TxOptions{ReadOnly: true}, fn)
}

func transact(ctx context.Context, db *sql.DB, o *sql.TxOptions, fn func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, o)
	if err != nil {
		return full(err)
	}
	defer func() { _ = tx.Rollback() }() // no effect after Commit
	if err := fn(tx); err != nil {
		return full(err)
	}
	return full(tx.Commit())
}
