package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// postgresDatabase is a schema of a PostgreSQL database, which any number of
// processes on any machines share.
type postgresDatabase struct {
	config *pgx.ConnConfig
	name   string
	parts  dayParts
}

const (
	// connectTimeout bounds one attempt to reach the server.
	connectTimeout = 5 * time.Second
	// idleTimeout is how long a connection that nobody uses is kept.
	idleTimeout = 5 * time.Minute
	// frozenTimeout ends the transaction of a process that has stopped within it:
	// all others may be waiting for its lock.
	frozenTimeout = 30 * time.Second

	// rowWriters bounds the connections of writeRows.
	rowWriters = 2

	// migrationLock is the lock of begin_write that migrations take alone.
	migrationLock = "SELECT pg_advisory_xact_lock(1651862635, 1)"
	// aloneLock is the one of those that are to be alone among themselves.
	aloneLock = "SELECT pg_advisory_xact_lock(1651862635, 2)"
)

// newPostgres reads the address of a database: a URL or the keywords of libpq. A
// password in it gives way to one that is not empty.
func newPostgres(address, password string) (*postgresDatabase, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		// pgx's error hides the password of a URL, and not of what is none.
		return nil, errors.New("the address cannot be read; it looks like postgres://USER@HOST:5432/DATABASE?sslmode=verify-full")
	}
	if password != "" {
		config.Password = password
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.ValidateConnect == nil {
		// A standby knows late what was written, or never: that a run is held, say.
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	for name, value := range map[string]string{
		"application_name": "bulkhead",
		// No 250 before the disk's, whatever the server is set to.
		"synchronous_commit":                  "on",
		"lock_timeout":                        fmt.Sprint(busyTimeout.Milliseconds()),
		"idle_in_transaction_session_timeout": fmt.Sprint(frozenTimeout.Milliseconds()),
		// A page is read faster than what is compiled for it.
		"jit": "off",
	} {
		if _, set := config.RuntimeParams[name]; !set {
			config.RuntimeParams[name] = value
		}
	}
	return &postgresDatabase{config: config, name: fmt.Sprintf("postgres://%s@%s:%d/%s", config.User, config.Host, config.Port, config.Database)}, nil
}

func (d *postgresDatabase) String() string { return d.name }

func (d *postgresDatabase) open() (writer, rows, reader *sql.DB, err error) {
	pool := func(most int) *sql.DB {
		db := sql.OpenDB(newPostgresConnector(d.config, answerMost))
		db.SetMaxOpenConns(most)
		db.SetMaxIdleConns(most)
		db.SetConnMaxIdleTime(idleTimeout)
		return db
	}
	return pool(1), pool(rowWriters), pool(readers), nil
}

// planAnew makes the server plan what a page asks for each time: a state that few
// messages are in, a sender of many, decide which index is followed, and it would make
// one plan for all of them when it has seen a statement five times.
func (d *postgresDatabase) planAnew(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, "SET LOCAL plan_cache_mode = force_custom_plan")
	return err
}

// begin reads the clock after it has waited for others.
func (d *postgresDatabase) begin(ctx context.Context, tx *sql.Tx, alone bool) (version int, at time.Time, err error) {
	var now int64
	if err := tx.QueryRowContext(ctx, "SELECT begin_write(?), "+postgresClock, alone).Scan(&version, &now); err != nil {
		return 0, at, fmt.Errorf("begin to write: %w", err)
	}
	return version, fromMicros(now), nil
}

// postgresClock is the time now, and not that of the transaction's start, in
// microseconds.
const postgresClock = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

func (d *postgresDatabase) now(ctx context.Context, q querier) (at time.Time, err error) {
	var now int64
	if err := q.QueryRowContext(ctx, "SELECT "+postgresClock).Scan(&now); err != nil {
		return at, fmt.Errorf("ask for the time: %w", err)
	}
	return fromMicros(now), nil
}

func (d *postgresDatabase) oldest(ctx context.Context, tx *sql.Tx) (oldest int, err error) {
	if err := tx.QueryRowContext(ctx, "SELECT oldest FROM schema_version").Scan(&oldest); err != nil {
		return 0, fmt.Errorf("read the version: %w", err)
	}
	return oldest, nil
}

// migrate waits for the transactions of others that write, and they for it.
func (d *postgresDatabase) migrate(ctx context.Context, db *sql.DB, steps []migration) error {
	version, err := postgresVersion(ctx, db)
	if err != nil {
		return fmt.Errorf("read the version: %w", err)
	}
	if version == len(steps) {
		return nil // the usual case, without a lock
	}
	return transact(ctx, db, nil, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, migrationLock); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		version, err := postgresVersion(ctx, tx)
		if err != nil {
			return fmt.Errorf("migrate: read the version: %w", err)
		}
		if version > len(steps) {
			return newerError(version, len(steps))
		}
		if err := carryOver(ctx, tx, steps, version); err != nil {
			return err
		}
		if version < len(steps) {
			_, err = tx.ExecContext(ctx, "UPDATE schema_version SET version = ?, oldest = ?", len(steps), min(oldestPostgresWriter, len(steps)))
		}
		return err
	})
}

// postgresVersion is 0 where there is no schema yet.
func postgresVersion(ctx context.Context, q querier) (version int, err error) {
	var there bool
	if err := q.QueryRowContext(ctx, "SELECT to_regclass('schema_version') IS NOT NULL").Scan(&there); err != nil || !there {
		return 0, err
	}
	return version, q.QueryRowContext(ctx, "SELECT version FROM schema_version").Scan(&version)
}

// sendersOfDays chooses among the 10 that had the most of each day: a provider has
// millions of senders, and to add up all of them takes many seconds. Who is in no day's
// 10 and has more over all than the last one shown is left out.
func (d *postgresDatabase) sendersOfDays() string {
	return `WITH days AS (SELECT generate_series(greatest(?1::bigint, (SELECT min(day) FROM sender_days)), ?2::bigint) AS day),
		most AS (SELECT DISTINCT x.sender FROM days CROSS JOIN LATERAL
			(SELECT sender FROM sender_days WHERE day = days.day ORDER BY messages DESC, sender LIMIT 10) x),
		sums AS (SELECT most.sender, sum((SELECT x.messages FROM sender_days x WHERE x.day = days.day AND x.sender = most.sender)) AS n
			FROM most CROSS JOIN days GROUP BY most.sender ORDER BY n DESC, most.sender LIMIT ?3)
		SELECT s.sender, sums.n, s.open, s.incidents, s.people, s.message, s.last
		FROM sums JOIN senders s ON s.sender = sums.sender ORDER BY sums.n DESC, sums.sender`
}

// forget has nothing to do: the server's pages are not ours. What was deleted is in
// them until it vacuums, and in its log and its backups as long as these are kept.
func (d *postgresDatabase) forget(context.Context, *sql.DB) error { return nil }

// again says yes where the server has undone a transaction for the sake of another.
func (d *postgresDatabase) again(err error) bool {
	const serialization, deadlock = "40001", "40P01"
	code := faultOf(err)
	return code == serialization || code == deadlock
}

// faultOf gives the code of an error of the server, "" of any other.
func faultOf(err error) string {
	var fault *pgconn.PgError
	if !errors.As(err, &fault) {
		return ""
	}
	return fault.Code
}

func (d *postgresDatabase) dialect() string { return "postgres" }
