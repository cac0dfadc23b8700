package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/chunk"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
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
)

// Store is an open quarantine. Its methods may be called at once.
type Store struct {
	dir  string
	opts Options
	db   database
	// writer is one connection, so that the writers of this process that exclude
	// each other queue in Go, where their contexts end the wait. rows is for those
	// that only their rows exclude; it may be the same.
	writer *sql.DB
	rows   *sql.DB
	reader *sql.DB
	packs  packs.Store
	where  string // it keeps them: see openPacks
	keys   keyring
	sealer sealer
	codec  codec
	cutter *chunk.Cutter
	known  known
	schema int // the version of the database that this program knows
	clock  sharedClock

	news news

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
	s := &Store{dir: dir, opts: o.withDefaults(), news: news{began: time.Now()}}
	s.clock.start(s.opts.Clock, o.Clock != nil)
	if s.codec, err = newCodec(); err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	if err := s.makeFolders(); err != nil {
		return nil, explain(dir, err)
	}
	if err := s.openDatabase(ctx); err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	if err := s.openPacks(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("quarantine: %w", err), s.Close())
	}
	if err := s.loadKeys(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("quarantine: keys: %w", err), s.Close())
	}
	if s.cutter, err = newCutter(s.keys); err != nil {
		return nil, errors.Join(fmt.Errorf("quarantine: %w", err), s.Close())
	}
	if err := errors.Join(s.setClock(ctx), s.endLapsed(ctx)); err != nil {
		return nil, errors.Join(fmt.Errorf("quarantine: database %s: %w", s.db, err), s.Close())
	}
	return s, nil
}

// Close waits for calls under way and closes the database.
func (s *Store) Close() error {
	if err := errors.Join(s.reader.Close(), s.rows.Close(), s.writer.Close()); err != nil {
		return fmt.Errorf("quarantine: close: %w", err)
	}
	return nil
}
