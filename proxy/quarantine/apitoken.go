package quarantine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// APIToken lets a program act for a person.
type APIToken struct {
	ID      string
	Hash    []byte // SHA-256 of the whole token
	Name    string // whose it is
	Role    string // that of the account, where there is one of the name
	Scope   []string
	Label   string // what it is for
	Created time.Time
	Ends    time.Time
	Used    time.Time // to about a minute; zero: never
}

// maxLabel bounds a token's label, in bytes.
const maxLabel = 200

// AddToken adds one.
func (s *Store) AddToken(ctx context.Context, t APIToken, by string) error {
	if err := errors.Join(checkAccountName(t.Name), checkAccountName(by)); err != nil {
		return fmt.Errorf("add token: %w", err)
	}
	if len(t.Label) > maxLabel {
		return fmt.Errorf("add token: %w: what it is for has more than %d bytes", ErrInvalid, maxLabel)
	}
	scope, err := json.Marshal(t.Scope)
	if err != nil {
		return fmt.Errorf("add token: %w", err)
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO tokens (id, hash, name, role, scope, label, created, ends) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			t.ID, t.Hash, t.Name, t.Role, string(scope), t.Label, micros(s.now()), micros(t.Ends))
		if err != nil {
			return err
		}
		return s.append(ctx, tx, Entry{Act: ActTokenMade, By: by, Reason: t.Label,
			Detail: Detail{Account: t.Name, Token: t.ID, Changed: t.Scope, Until: t.Ends.UTC().Format(time.RFC3339)}})
	})
	if err != nil {
		return fmt.Errorf("add token: %w", err)
	}
	return nil
}

const tokenColumns = `id, hash, t.name, coalesce(a.role, t.role), scope, label, t.created, ends, used
	FROM tokens t LEFT JOIN accounts a ON lower(a.name) = lower(t.name)`

func scanToken(row interface{ Scan(...any) error }) (t APIToken, err error) {
	var created, ends, used int64
	var scope string
	if err := row.Scan(&t.ID, &t.Hash, &t.Name, &t.Role, &scope, &t.Label, &created, &ends, &used); err != nil {
		return t, err
	}
	t.Created, t.Ends, t.Used = fromMicros(created), fromMicros(ends), fromMicros(used)
	return t, json.Unmarshal([]byte(scope), &t.Scope)
}

// Token gives the one of a hash, with the role that its person has now. The
// error is [ErrNoAccount] where there is none, or it has ended, or its account
// is disabled.
func (s *Store) Token(ctx context.Context, hash []byte) (t APIToken, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		t, err = scanToken(tx.QueryRowContext(ctx, "SELECT "+tokenColumns+" WHERE hash = ? AND ends > ? AND coalesce(a.disabled, 0) = 0",
			hash, micros(s.now())))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("token: %w", ErrNoAccount)
	}
	return t, err
}

// Tokens lists those of a person, or with "" all, the newest first. Ended ones
// are listed too.
func (s *Store) Tokens(ctx context.Context, name string) (all []APIToken, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		return eachRow(ctx, tx, "SELECT "+tokenColumns+" WHERE ? = '' OR lower(t.name) = lower(?) ORDER BY t.created DESC, id", []any{name, name},
			func(rows *sql.Rows) error {
				t, err := scanToken(rows)
				all = append(all, t)
				return err
			})
	})
	return all, err
}

// TouchToken notes that a token was used.
func (s *Store) TouchToken(ctx context.Context, id string) error {
	return s.exec(ctx, "UPDATE tokens SET used = ? WHERE id = ?", micros(s.now()), id)
}

// RevokeToken removes one: of this person's, or with "" whosever it is. The
// error is [ErrNoAccount] where there is none.
func (s *Store) RevokeToken(ctx context.Context, id, name, by string) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		var whose string
		err := tx.QueryRowContext(ctx, "DELETE FROM tokens WHERE id = ? AND (? = '' OR lower(name) = lower(?)) RETURNING name", id, name, name).Scan(&whose)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("token %.40q: %w", id, ErrNoAccount)
		}
		if err != nil {
			return err
		}
		return s.append(ctx, tx, Entry{Act: ActTokenRevoked, By: by, Detail: Detail{Account: whose, Token: id}})
	})
	if err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	return nil
}
