package quarantine

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// What the ledger does otherwise in PostgreSQL: many relays write it at once, and what
// grows with each message is kept in parts: see postgresparts.go.

// lockRuns locks rows in one order. A run that is not there yet is nobody's.
func (d *postgresDatabase) lockRuns(ctx context.Context, tx *sql.Tx, runs []Run) (held bool, err error) {
	if len(runs) == 0 {
		return false, nil
	}
	keys := make([]string, len(runs))
	for i := range runs {
		keys[i] = runs[i].Key
	}
	err = tx.QueryRowContext(ctx, `SELECT coalesce(max(held), 0) FROM (SELECT held FROM runs
		WHERE key IN (SELECT unnest(string_to_array(?, chr(31)))) ORDER BY key FOR NO KEY UPDATE) AS locked`, strings.Join(keys, "\x1f")).Scan(&held)
	if err != nil {
		return false, fmt.Errorf("lock runs: %w", err)
	}
	return held, nil
}
