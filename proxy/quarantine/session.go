package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Session is a browser in which somebody is logged in.
type Session struct {
	Hash    []byte // SHA-256 of its cookie
	Name    string
	Role    string // that of the account, where there is one of the name
	Method  string // how the person proved who they are
	Created time.Time
	Seen    time.Time // to about a minute
	Ends    time.Time
}

// BeginSession stores one, notes the log-in in the audit trail, and forgets
// sessions that have ended.
func (s *Store) BeginSession(ctx context.Context, x Session) error {
	if err := checkAccountName(x.Name); err != nil {
		return fmt.Errorf("begin session: %w", err)
	}
	now := micros(s.now())
	err := s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM sessions WHERE ends <= ?", now); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO sessions (hash, name, role, method, created, seen, ends) VALUES (?, ?, ?, ?, ?, ?, ?)",
			x.Hash, x.Name, x.Role, x.Method, now, now, micros(x.Ends))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE accounts SET seen = ? WHERE lower(name) = lower(?)", now, x.Name); err != nil {
			return err
		}
		return s.append(ctx, tx, Entry{Act: ActSignedIn, By: x.Name, Detail: Detail{Method: x.Method, Role: x.Role}})
	})
	if err != nil {
		return fmt.Errorf("begin session: %w", err)
	}
	return nil
}

const sessionColumns = `hash, s.name, coalesce(a.role, s.role), method, s.created, s.seen, ends
	FROM sessions s LEFT JOIN accounts a ON lower(a.name) = lower(s.name) AND s.method = 'password'
	WHERE coalesce(a.disabled, 0) = 0 AND (s.method <> 'password' OR a.name IS NOT NULL)`

func scanSession(row interface{ Scan(...any) error }) (x Session, err error) {
	var created, seen, ends int64
	err = row.Scan(&x.Hash, &x.Name, &x.Role, &x.Method, &created, &seen, &ends)
	x.Created, x.Seen, x.Ends = fromMicros(created), fromMicros(seen), fromMicros(ends)
	return x, err
}

// Session gives the one of a cookie's hash, with the role that its person has
// now. The error is [ErrNoAccount] where there is none, or it has ended, or its
// account is gone or disabled.
func (s *Store) Session(ctx context.Context, hash []byte) (x Session, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		x, err = scanSession(tx.QueryRowContext(ctx, "SELECT "+sessionColumns+" AND hash = ? AND ends > ?", hash, micros(s.now())))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("session: %w", ErrNoAccount)
	}
	return x, err
}

// Sessions lists those of a person, the newest first.
func (s *Store) Sessions(ctx context.Context, name string) (all []Session, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		return eachRow(ctx, tx, "SELECT "+sessionColumns+" AND lower(s.name) = lower(?) AND ends > ? ORDER BY s.created DESC", []any{name, micros(s.now())},
			func(rows *sql.Rows) error {
				x, err := scanSession(rows)
				all = append(all, x)
				return err
			})
	})
	return all, err
}

// TouchSession notes that a session is in use, and until when it goes on.
func (s *Store) TouchSession(ctx context.Context, hash []byte, ends time.Time) error {
	return s.exec(ctx, "UPDATE sessions SET seen = ?, ends = ? WHERE hash = ?", micros(s.now()), micros(ends), hash)
}

// EndSession ends one.
func (s *Store) EndSession(ctx context.Context, hash []byte) error {
	return s.exec(ctx, "DELETE FROM sessions WHERE hash = ?", hash)
}

// EndSessions ends all of a person but one; nil for none.
func (s *Store) EndSessions(ctx context.Context, name string, but []byte) error {
	if but == nil {
		but = []byte{} // nothing differs from NULL
	}
	return s.exec(ctx, "DELETE FROM sessions WHERE lower(name) = lower(?) AND hash <> ?", name, but)
}

// exec runs one statement.
func (s *Store) exec(ctx context.Context, query string, args ...any) error {
	return s.writeRows(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}
