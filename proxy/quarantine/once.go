package quarantine

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ErrReused says that a key was used before, for something else.
var ErrReused = errors.New("the key was used for something else")

// How long a key is remembered, and after what time whoever began with one and
// did not end is taken for gone.
const (
	onceTime = 24 * time.Hour
	onceGone = time.Minute
)

// BeginOnce begins what somebody asks for under a key, or gives the answer of
// the time before, at most a day ago. Key and digest are hashes, of who asks and
// their key and of what they ask for. It returns [ErrReused] where the digest is
// another one, and [ErrBusy] where it is under way. Without an answer or an
// error it is the caller's to do, and to end with [Store.EndOnce].
func (s *Store) BeginOnce(ctx context.Context, key, digest [32]byte) (answer []byte, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		now := s.now()
		if _, err := tx.ExecContext(ctx, "DELETE FROM once WHERE at < ?", micros(now.Add(-onceTime))); err != nil {
			return err
		}
		var before []byte
		var at int64
		err := tx.QueryRowContext(ctx, "SELECT digest, at, answer FROM once WHERE key = ?", key[:]).Scan(&before, &at, &answer)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case !bytes.Equal(before, digest[:]):
			return ErrReused
		case answer != nil:
			return nil
		case at > micros(now.Add(-onceGone)):
			return ErrBusy
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO once (key, digest, at) VALUES (?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, at = excluded.at, answer = NULL`, key[:], digest[:], micros(now))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("what was asked for under a key: %w", err)
	}
	return answer, nil
}

// EndOnce keeps the answer to what was begun under a key; nil forgets the key,
// since nothing was done.
func (s *Store) EndOnce(ctx context.Context, key [32]byte, answer []byte) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if answer == nil {
			_, err := tx.ExecContext(ctx, "DELETE FROM once WHERE key = ? AND answer IS NULL", key[:])
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE once SET answer = ? WHERE key = ?", answer, key[:])
		return err
	})
	if err != nil {
		return fmt.Errorf("the answer under a key: %w", err)
	}
	return nil
}
