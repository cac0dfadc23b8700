package quarantine

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
)

// Verify reads the whole audit trail and returns [ErrTampered], with the place
// of the first fault, unless every entry fits its hash and the one before it,
// and the messages fit their entries: each was held with this content, and
// each refusal and deletion was somebody's.
//
// Who can write the database can also write a whole new chain. To prove that
// nobody did, keep the hash of the last entry elsewhere and compare: see
// [Store.AuditHead].
func (s *Store) Verify(ctx context.Context) error {
	err := s.read(ctx, func(tx *sql.Tx) error {
		if err := verifyChain(ctx, tx); err != nil {
			return err
		}
		return verifyMessages(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("verify audit trail: %w", err)
	}
	return nil
}

// AuditHead gives the last entry's number and hash, which stand for the whole
// trail up to it; 0 and "" when there is none.
func (s *Store) AuditHead(ctx context.Context) (seq int64, hash string, err error) {
	var sum []byte
	err = s.reader.QueryRowContext(ctx, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").Scan(&seq, &sum)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, "", fmt.Errorf("audit: %w", err)
	}
	return seq, hex.EncodeToString(sum), nil
}

func verifyChain(ctx context.Context, tx *sql.Tx) error {
	var seq int64
	var before []byte
	return eachEntry(ctx, tx, "TRUE ORDER BY seq", nil, func(r entryRow) error {
		seq++
		if r.seq != seq {
			return fmt.Errorf("%w: entry %d is missing", ErrTampered, seq)
		}
		if !bytes.Equal(r.hash, r.sum(before)) {
			return fmt.Errorf("%w: entry %d does not fit its hash", ErrTampered, seq)
		}
		before = bytes.Clone(r.hash)
		return nil
	})
}

// verifyMessages finds what a chain cannot show by itself: entries cut off at
// its end, and rows changed behind it.
func verifyMessages(ctx context.Context, tx *sql.Tx) error {
	checks := []struct{ fault, query string }{
		{"was never held with this content", `SELECT id FROM messages m WHERE NOT EXISTS (
			SELECT 1 FROM audit a WHERE a.message = m.id AND a.act = 'held' AND a.detail LIKE '%"sha256":"' || m.sha256 || '"%') LIMIT 1`},
		{"was held, but is gone", `SELECT message FROM audit a WHERE act = 'held' AND NOT EXISTS (
			SELECT 1 FROM messages m WHERE m.id = a.message) LIMIT 1`},
		{"is in a state that nobody brought it to", `SELECT id FROM messages m WHERE state <> 'held' AND NOT EXISTS (
			SELECT 1 FROM audit a WHERE a.message = m.id AND a.act = CASE
				WHEN m.state IN ('refused', 'deleted', 'expired') THEN m.state
				WHEN m.state = 'releasing' THEN 'release_begun'
				ELSE a.act END AND a.act <> 'held') LIMIT 1`},
	}
	for _, c := range checks {
		var id string
		err := tx.QueryRowContext(ctx, c.query).Scan(&id)
		if err == nil {
			return fmt.Errorf("%w: message %s %s", ErrTampered, id, c.fault)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return nil
}
