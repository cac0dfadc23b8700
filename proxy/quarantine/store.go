package quarantine

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// Options are the settings of a store. The zero value is what a relay uses.
type Options struct {
	// Clock gives the time; nil is time.Now.
	Clock func() time.Time
	// Random feeds the ids; nil is crypto/rand.
	Random io.Reader
	// Capacity is how many bytes of content the store may hold; 0: no bound.
	Capacity int64
	// Reserve is how many bytes of the disk are left free, so that a full
	// quarantine stops neither the database nor its neighbours; 0 is 64 MiB,
	// negative none.
	Reserve int64
	// Lease is how long a release may take before its recipients become
	// unknown; 0 is 15 minutes. It must be longer than the deadline of the
	// upstream transaction.
	Lease time.Duration
	// Grace is how old a file without a row must be before Sweep takes it for
	// left over; 0 is an hour.
	Grace time.Duration

	disk disk // nil is the machine's; tests set it
}

const (
	defaultReserve = 64 << 20
	defaultLease   = 15 * time.Minute
	defaultGrace   = time.Hour

	// busyTimeout is how long a writer waits for the others. A held copy
	// takes two or three fsyncs; this is a thousand of them on a slow disk.
	busyTimeout = 15 * time.Second

	// readers bounds the connections that answer queries.
	readers = 4

	databaseName = "quarantine.db"
)

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Reserve == 0 {
		o.Reserve = defaultReserve
	}
	if o.Lease == 0 {
		o.Lease = defaultLease
	}
	if o.Grace == 0 {
		o.Grace = defaultGrace
	}
	if o.disk == nil {
		o.disk = osDisk{}
	}
	return o
}

// Store is an open quarantine. Its methods may be called at once.
type Store struct {
	dir  string
	opts Options
	// SQLite has one writer at a time. One connection makes writers of this
	// process queue in Go, where their contexts end the wait, and not in
	// SQLite's polling.
	writer *sql.DB
	reader *sql.DB
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
	if err := s.makeFolders(); err != nil {
		return nil, explain(dir, err)
	}
	if err := s.openDatabase(ctx); err != nil {
		return nil, fmt.Errorf("quarantine: database %s: %w", s.databasePath(), err)
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

func (s *Store) databasePath() string { return filepath.Join(s.dir, databaseName) }
func (s *Store) incomingDir() string  { return filepath.Join(s.dir, "incoming") }
func (s *Store) contentDir() string   { return filepath.Join(s.dir, "content") }

func (s *Store) now() time.Time { return s.opts.Clock() }

// makeFolders makes what is missing and proves that files can be written.
func (s *Store) makeFolders() error {
	d := s.opts.disk
	switch info, err := d.Lstat(s.dir); {
	case errors.Is(err, fs.ErrNotExist):
		if err := s.makeFolder(s.dir); err != nil {
			return err
		}
	case err != nil:
		return err
	case !info.IsDir() && info.Mode()&fs.ModeSymlink == 0:
		return errNotFolder
	}
	for _, path := range []string{s.incomingDir(), s.contentDir()} {
		if err := d.Mkdir(path); err != nil {
			return err
		}
	}
	// SQLite gives its log the mode of the database, so the mode is set here,
	// before anything is in it.
	f, err := d.Create(s.databasePath())
	switch {
	case err == nil:
		if err := f.Close(); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	if err := d.SyncDir(s.dir); err != nil {
		return err
	}
	return s.probe()
}

// makeFolder makes a folder and those above it, each to last.
func (s *Store) makeFolder(path string) error {
	d := s.opts.disk
	parent := filepath.Dir(path)
	if _, err := d.Lstat(parent); errors.Is(err, fs.ErrNotExist) {
		if err := s.makeFolder(parent); err != nil {
			return err
		}
	}
	if err := d.Mkdir(path); err != nil {
		return err
	}
	return d.SyncDir(parent)
}

// probe writes one file, since a folder can be made long before the disk is
// remounted read-only or given to another user.
func (s *Store) probe() error {
	id, err := newID(s.opts.Random, "probe")
	if err != nil {
		return err
	}
	path := filepath.Join(s.incomingDir(), id)
	f, err := s.opts.disk.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), s.opts.disk.Remove(path))
}

var errNotFolder = errors.New("it is not a folder")

// explain adds what an operator can do.
func explain(dir string, err error) error {
	advice := "choose another data folder"
	switch {
	case errors.Is(err, fs.ErrPermission):
		advice = fmt.Sprintf("make it writable for user id %d, or choose another data folder", os.Getuid())
	case errors.Is(full(err), ErrFull):
		advice = "free some space, or choose another data folder"
	}
	return fmt.Errorf("quarantine: folder %s cannot be used: %w; %s", dir, err, advice)
}

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

	steps, err := migrations()
	if err == nil {
		err = migrate(ctx, s.writer, steps)
	}
	if err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}

// dsn asks for what a store of record needs: waiting instead of failing, the
// write-ahead log that lets readers go on, and an fsync in each commit.
func dsn(path, more string) string {
	query := fmt.Sprintf("_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"+
		"&_pragma=foreign_keys(1)&_pragma=journal_size_limit(67108864)&%s", busyTimeout.Milliseconds(), more)
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query}
	return u.String()
}

// write runs fn in a transaction that holds the write lock from its start.
func (s *Store) write(ctx context.Context, fn func(*sql.Tx) error) error {
	return transact(ctx, s.writer, nil, fn)
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
