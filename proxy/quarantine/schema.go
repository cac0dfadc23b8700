package quarantine

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
)

//go:embed migrations/*/*.sql
var migrationFiles embed.FS

// migration leads from one version to the next.
type migration struct {
	sql string
	// then is what SQL cannot do, in the same transaction; nil: nothing.
	then func(context.Context, *sql.Tx) error
}

// migrations gives those that lead from version i to i+1. The files are
// applied in the order of their names, which begin with a number.
func (s *Store) migrations() ([]migration, error) { return s.migrationsOf("sqlite") }

func (s *Store) migrationsOf(dialect string) ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/"+dialect+"/*.sql")
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
		case "migrations/sqlite/0002_sealed.sql":
			m.then = s.seal002
		case "migrations/sqlite/0008_senders.sql":
			m.then = s.rename008
		}
		all = append(all, m)
	}
	return all, nil
}

// carryOver brings the schema from a version to the last one, within a transaction.
func carryOver(ctx context.Context, tx *sql.Tx, steps []migration, version int) error {
	for i, step := range steps[version:] {
		_, err := tx.ExecContext(ctx, step.sql)
		if err == nil && step.then != nil {
			err = step.then(ctx, tx)
		}
		if err != nil {
			return fmt.Errorf("migrate to version %d: %w", version+i+1, err)
		}
	}
	return nil
}

// oldestWriter is the least version of the schema that a program must know to
// write to this one. A program that is replaced has the store open still when the
// new one migrates it: what it writes last is right as long as a migration only
// adds, with defaults. Raise it with one that does more. It is kept in the database,
// since a program asks before each write. Raising it has a price: a program that is
// refused cannot note whom it has delivered to, so that an incident would not name them.
// Hence the shares of relays (SQLite's 18) did not raise it: see adopt.
const (
	oldestWriter         = 13
	oldestPostgresWriter = 1
)

func newerError(version, known int) error {
	return fmt.Errorf("%w: its schema is %d, this program knows %d; start the newer program, or choose another data folder",
		ErrNewer, version, known)
}
