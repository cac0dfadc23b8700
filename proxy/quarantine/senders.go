package quarantine

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
)

// senderSize is how many bytes of a hash name a sender: 96 bits are enough to
// tell all apart.
const senderSize = 12

// SenderName names a sender, the same in every process of the store. Without
// the store's secret the name can be tried on nobody.
func (s *Store) SenderName(who string) string {
	sum := sha256.Sum256([]byte(who))
	return s.keys.senderName(hex.EncodeToString(sum[:senderSize]))
}

// senderName makes a sender's name of the one that versions before 8 had, so
// that these find their runs again.
func (k *keyring) senderName(unkeyed string) string {
	sum := k.senders.Sum([]byte(unkeyed))
	return hex.EncodeToString(sum[:senderSize])
}

// rename008 is the part of migration 8 that SQL cannot do: it gives the senders
// of an older store their keyed names. SQLite writes zeros over the others.
func (s *Store) rename008(ctx context.Context, tx *sql.Tx) error {
	old, err := oldSenders(ctx, tx)
	if err != nil {
		return err
	}
	if len(old) > 0 {
		if err := s.loadKeysIn(ctx, tx, &s.keys); err != nil {
			return err
		}
	}
	for _, name := range old {
		if _, err := tx.ExecContext(ctx, "UPDATE sender_names SET new = ? WHERE old = ?", s.keys.senderName(name), name); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE runs SET sender = (SELECT new FROM sender_names WHERE old = sender);
		UPDATE exposures SET sender = (SELECT new FROM sender_names WHERE old = sender);
		DROP TABLE sender_names;`)
	return err
}

func oldSenders(ctx context.Context, tx *sql.Tx) (all []string, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT old FROM sender_names")
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		all = append(all, name)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the senders: %w", err)
	}
	return all, nil
}
