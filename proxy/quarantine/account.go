package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Account is somebody who can log in with a password. Names are the same in
// capitals and small letters.
type Account struct {
	Name     string
	Role     string // what it may is not this package's to know
	Password string // its argon2id hash, in the PHC string format
	TOTP     string // the secret of the second factor, in base32; "" without
	Disabled bool
	Created  time.Time
	Seen     time.Time // the last log-in; zero: never
}

// What an account may be called: what the audit trail has, and people read.
func checkAccountName(name string) error {
	if name == "" || len(name) > maxName || !utf8.ValidString(name) || strings.TrimSpace(name) != name {
		return fmt.Errorf("%w: want a name of 1 to %d bytes, without spaces around it", ErrInvalid, maxName)
	}
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("%w: the name has characters that cannot be seen", ErrInvalid)
	}
	if strings.EqualFold(name, bySystem) {
		return fmt.Errorf("%w: %q is the program's own name", ErrInvalid, name)
	}
	return nil
}

// AddAccount adds one. The error is [ErrExists] where there is one of the name.
func (s *Store) AddAccount(ctx context.Context, a Account, by string) error {
	return s.addAccount(ctx, a, by, false)
}

// AddFirstAccount adds an account, by its own person, if there is none at all;
// else the error is [ErrExists].
func (s *Store) AddFirstAccount(ctx context.Context, a Account) error {
	return s.addAccount(ctx, a, a.Name, true)
}

func (s *Store) addAccount(ctx context.Context, a Account, by string, first bool) error {
	if err := errors.Join(checkAccountName(a.Name), checkAccountName(by)); err != nil {
		return fmt.Errorf("add account: %w", err)
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		var there int
		err := tx.QueryRowContext(ctx, "SELECT count(*) FROM accounts WHERE ? = 1 OR lower(name) = lower(?)", first, a.Name).Scan(&there)
		if err != nil {
			return err
		}
		if there > 0 {
			return fmt.Errorf("account %q: %w", a.Name, ErrExists)
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO accounts (name, role, password, totp, disabled, created) VALUES (?, ?, ?, ?, ?, ?)",
			a.Name, a.Role, a.Password, a.TOTP, a.Disabled, micros(s.now()))
		if err != nil {
			return err
		}
		return s.append(ctx, tx, Entry{Act: ActAccountAdded, By: by, Detail: Detail{Account: a.Name, Role: a.Role}})
	})
	if err != nil {
		return fmt.Errorf("add account: %w", err)
	}
	return nil
}

// ChangeAccount lets change alter an account but for its name, and ends its
// sessions, since they were begun as what it no longer is. Others are all other
// accounts, as they are while this one changes.
func (s *Store) ChangeAccount(ctx context.Context, name, by string, change func(a *Account, others []Account) error) error {
	if err := checkAccountName(by); err != nil {
		return fmt.Errorf("change account: %w", err)
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		a, err := accountIn(ctx, tx, name)
		if err != nil {
			return err
		}
		others, err := accountsIn(ctx, tx, " WHERE lower(name) <> lower(?) ORDER BY lower(name)", a.Name)
		if err != nil {
			return err
		}
		before := a
		if err := change(&a, others); err != nil || a == before {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE accounts SET role = ?, password = ?, totp = ?, step = CASE WHEN totp = ? THEN step ELSE 0 END, disabled = ? WHERE lower(name) = lower(?)",
			a.Role, a.Password, a.TOTP, a.TOTP, a.Disabled, name)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM sessions WHERE lower(name) = lower(?)", name); err != nil {
			return err
		}
		return s.append(ctx, tx, Entry{Act: ActAccountChanged, By: by, Detail: changeOf(before, a)})
	})
	if err != nil {
		return fmt.Errorf("change account: %w", err)
	}
	return nil
}

// changeOf says what is other, and of secrets only that they are.
func changeOf(before, after Account) Detail {
	d := Detail{Account: before.Name}
	if after.Role != before.Role {
		d.Role = after.Role
	}
	if after.Password != before.Password {
		d.Changed = append(d.Changed, "password")
	}
	if after.TOTP != before.TOTP {
		d.Changed = append(d.Changed, map[bool]string{true: "second_factor", false: "no_second_factor"}[after.TOTP != ""])
	}
	if after.Disabled != before.Disabled {
		d.Changed = append(d.Changed, map[bool]string{true: "disabled", false: "enabled"}[after.Disabled])
	}
	return d
}

// Account gives one; the error is [ErrNoAccount] where there is none.
func (s *Store) Account(ctx context.Context, name string) (a Account, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		a, err = accountIn(ctx, tx, name)
		return err
	})
	return a, err
}

const accountColumns = "name, role, password, totp, disabled, created, seen FROM accounts"

func accountIn(ctx context.Context, tx *sql.Tx, name string) (Account, error) {
	a, err := scanAccount(tx.QueryRowContext(ctx, "SELECT "+accountColumns+" WHERE lower(name) = lower(?)", name))
	if errors.Is(err, sql.ErrNoRows) {
		return a, fmt.Errorf("account %.40q: %w", name, ErrNoAccount)
	}
	return a, err
}

func scanAccount(row interface{ Scan(...any) error }) (a Account, err error) {
	var created, seen int64
	err = row.Scan(&a.Name, &a.Role, &a.Password, &a.TOTP, &a.Disabled, &created, &seen)
	a.Created, a.Seen = fromMicros(created), fromMicros(seen)
	return a, err
}

// Accounts lists all, by name.
func (s *Store) Accounts(ctx context.Context) (all []Account, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		all, err = accountsIn(ctx, tx, " ORDER BY lower(name)")
		return err
	})
	return all, err
}

// accountsIn lists those that fit the end of a query, which is from this
// package.
func accountsIn(ctx context.Context, tx *sql.Tx, end string, args ...any) (all []Account, err error) {
	err = eachRow(ctx, tx, "SELECT "+accountColumns+end, args, func(rows *sql.Rows) error {
		a, err := scanAccount(rows)
		all = append(all, a)
		return err
	})
	return all, err
}

// HasAccounts reports whether there is any account.
func (s *Store) HasAccounts(ctx context.Context) (has bool, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM accounts)").Scan(&has)
	})
	return has, err
}

// UseStep notes that a code of a time step has let an account in, since a code
// may do so once (RFC 6238, 5.2): the error is [ErrExists] where it, or a later
// one, has.
func (s *Store) UseStep(ctx context.Context, name string, step int64) error {
	return s.writeRows(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, "UPDATE accounts SET step = ? WHERE lower(name) = lower(?) AND step < ?", step, name, step)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("the code of account %.40q: %w", name, ErrExists))
		}
		return nil
	})
}

// eachRow calls fn for each row of a query.
func eachRow(ctx context.Context, tx querier, query string, args []any, fn func(*sql.Rows) error) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
