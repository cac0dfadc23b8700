package quarantine

import (
	"context"
	"database/sql"
	"fmt"
)

// fresh notes that a batch of a relay is kept, and reports whether it had not been
// before. Whoever sends one again while the first attempt is still under way waits
// for that.
func (s *Store) fresh(ctx context.Context, tx *sql.Tx, l *Ledger) (bool, error) {
	if l.Relay == "" || l.Batch == 0 {
		return true, nil
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO relays (relay, batch, at) VALUES (?, ?, ?)
		ON CONFLICT (relay) DO UPDATE SET batch = excluded.batch, at = excluded.at WHERE relays.batch < excluded.batch`,
		l.Relay, l.Batch, micros(s.now()))
	if err != nil {
		return false, fmt.Errorf("number the batch: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("number the batch: %w", err)
	}
	return n > 0, nil
}
