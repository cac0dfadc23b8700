package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// database is what differs between the databases that the rows of a store can be
// in. All else is SQL that each of them reads the same: RETURNING, ON CONFLICT with
// its columns named, CASE, FILTER, row values, booleans as numbers.
type database interface {
	// String names it in errors, without a password.
	String() string
	// open gives the connections of a store: see [Store].
	open() (writer, rows, reader *sql.DB, err error)
	// migrate brings the schema to the newest version.
	migrate(ctx context.Context, db *sql.DB, steps []migration) error
	// begin is the first of a transaction that writes, and gives the version of the
	// schema, and the time as now does. Alone says that no other transaction which is
	// begun so is under way until it ends.
	begin(ctx context.Context, tx *sql.Tx, alone bool) (version int, at time.Time, err error)
	// now is the time of the database's own clock, zero where that is the machine's.
	now(ctx context.Context, q querier) (time.Time, error)
	// oldest is the least version that a program must know to write: see oldestWriter.
	oldest(ctx context.Context, tx *sql.Tx) (int, error)
	// dialect names the folder of its migrations.
	dialect() string
	// again says whether a transaction that ended with an error has had no effect and
	// may go otherwise the next time.
	again(err error) bool
	// tells says whether the others are for everybody who uses the database: announce
	// says something when the transaction is there, or at once without one, and listen
	// hears what is said until the context ends or the line breaks.
	tells() bool
	announce(ctx context.Context, by querier, text string) error
	listen(ctx context.Context, to line) error
	// lockRuns keeps others from writing to runs, and says whether any is held.
	lockRuns(ctx context.Context, tx *sql.Tx, runs []Run) (held bool, err error)
	// parted says whether tables that grow with each message are in parts, those of
	// deliveries by their column day.
	parted() bool
	// makeRoom makes the parts of tables that the rows of a ledger go into. noRoom says
	// of an error that such a part has gone meanwhile.
	makeRoom(ctx context.Context, s *Store, l *Ledger) error
	noRoom(err error) bool
	// daysSince is SQL that narrows what is done to deliveries and to exposures to the
	// parts in which there may be some since a time: it waits for no others.
	daysSince(at int64) (deliveries, exposures string)
	// dropExposures removes exposures older than a time, dropDeliveries deliveries
	// that no incident names.
	dropExposures(ctx context.Context, s *Store, before time.Time) (removed int64, err error)
	dropDeliveries(ctx context.Context, s *Store, before time.Time) (removed int64, err error)
	// planAnew makes the statements of a transaction be planned for their arguments.
	planAnew(ctx context.Context, tx *sql.Tx) error
	// sendersOfDays is the SQL for who had the most messages held from one day to
	// another, at most so many.
	sendersOfDays() string
	// forget makes sure that what was deleted is nowhere in the files that belong to
	// the store.
	forget(ctx context.Context, db *sql.DB) error
}

// openDatabase opens the database, and migrates it.
func (s *Store) openDatabase(ctx context.Context) (err error) {
	if s.db, err = s.chooseDatabase(); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if s.writer, s.rows, s.reader, err = s.db.open(); err != nil {
		return fmt.Errorf("database %s: %w", s.db, err)
	}
	steps, err := s.migrationsOf(s.db.dialect())
	if s.schema = len(steps); err == nil {
		err = s.db.migrate(ctx, s.writer, steps)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("database %s: %w", s.db, err), s.Close())
	}
	return nil
}

// chooseDatabase gives the one of the options.
func (s *Store) chooseDatabase() (database, error) {
	if s.opts.Database == "" {
		return sqliteDatabase{s.databasePath()}, nil
	}
	return newPostgres(s.opts.Database, s.opts.Password)
}

// write runs fn in a transaction that excludes every other one of write, in all
// processes, from its start: what it has read stays so until it ends.
func (s *Store) write(ctx context.Context, fn func(*sql.Tx) error) error {
	return s.writeIn(ctx, s.writer, true, fn)
}

// writeRows runs fn in a transaction that excludes others by the rows that both
// write, and by nothing else: it is for what comes with each message that is not
// held, and for what concerns a row by itself.
//
// Where others were in the way fn is called again, so it must begin anew.
func (s *Store) writeRows(ctx context.Context, fn func(*sql.Tx) error) (err error) {
	const tries = 5
	for range tries {
		err = s.writeIn(ctx, s.rows, false, fn)
		if err == nil || !s.db.again(err) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (s *Store) writeIn(ctx context.Context, db *sql.DB, alone bool, fn func(*sql.Tx) error) error {
	ready := false // all but the commit is done, which has the audit entries in it
	err := transact(ctx, db, nil, func(tx *sql.Tx) error {
		err := s.mayWrite(ctx, tx, alone)
		if err == nil {
			err = fn(tx)
		}
		ready = err == nil
		return err
	})
	if err != nil && ready && alone {
		s.auditFailures.Add(1)
	}
	return err
}

// mayWrite begins a transaction that writes. It reports ErrNewer if a newer program
// has changed the database since it was opened, so that what this one would write
// is not right any more.
func (s *Store) mayWrite(ctx context.Context, tx *sql.Tx, alone bool) error {
	asked := s.clock.passed()
	version, at, err := s.db.begin(ctx, tx, alone)
	if err == nil {
		s.clock.set(at, asked)
	}
	if err != nil || version <= s.schema {
		return err // nil is the usual case
	}
	oldest, err := s.db.oldest(ctx, tx)
	if err != nil {
		return err
	}
	if oldest > s.schema {
		return fmt.Errorf("%w: a newer program has made its schema %d, this one knows %d", ErrNewer, version, s.schema)
	}
	return nil
}

// read runs fn in a transaction that sees one state of the database.
func (s *Store) read(ctx context.Context, fn func(*sql.Tx) error) error {
	return transact(ctx, s.reader, &sql.TxOptions{ReadOnly: true}, fn)
}

// readPage does so for what people look at: what they search for decides how.
func (s *Store) readPage(ctx context.Context, fn func(*sql.Tx) error) error {
	return s.read(ctx, func(tx *sql.Tx) error {
		if err := s.db.planAnew(ctx, tx); err != nil {
			return err
		}
		return fn(tx)
	})
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

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}
