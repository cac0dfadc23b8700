package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// removal are the packs, and mails of older stores, that have nothing in them any
// more, once the transaction that says so is committed.
type removal struct{ names []string }

// removeContent removes a message's content: its pieces, the chunks that no
// other message has, and with each chunk the only copy of its key, without
// which its bytes are noise wherever they are left. Evidence stays.
func (s *Store) removeContent(ctx context.Context, tx *sql.Tx, r row, gone *removal) error {
	if _, err := tx.ExecContext(ctx, "UPDATE messages SET stored = 0 WHERE seq = ?", r.seq); err != nil {
		return fmt.Errorf("message %s: %w", r.ID, err)
	}
	if r.plain {
		gone.names = append(gone.names, r.ID+mailSuffix)
		return nil
	}
	ranges, err := rangesOf(ctx, tx, r.seq)
	if err != nil {
		return fmt.Errorf("message %s: read its pieces: %w", r.ID, err)
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM pieces WHERE message = ? AND stream = ?", r.seq, streamContent); err != nil {
		return fmt.Errorf("message %s: remove its pieces: %w", r.ID, err)
	}
	for _, c := range ranges {
		// A piece that covers a chunk begins at most maxRange before it.
		_, err := tx.ExecContext(ctx, `DELETE FROM chunks WHERE seq BETWEEN ? AND ? AND NOT EXISTS (
			SELECT 1 FROM pieces p WHERE p.first BETWEEN chunks.seq - ? AND chunks.seq AND p.last >= chunks.seq)`,
			c.first, c.last, maxRange-1)
		if err != nil {
			return fmt.Errorf("message %s: remove its chunks: %w", r.ID, err)
		}
	}
	return s.removePacks(ctx, tx, gone)
}

func rangesOf(ctx context.Context, tx *sql.Tx, message int64) (all []chunkRange, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT first, last FROM pieces WHERE message = ? AND stream = ?", message, streamContent)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var c chunkRange
		if err := rows.Scan(&c.first, &c.last); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// removePacks removes packs that no chunk is in.
func (s *Store) removePacks(ctx context.Context, tx *sql.Tx, gone *removal) error {
	rows, err := tx.QueryContext(ctx, "DELETE FROM packs WHERE live = 0 RETURNING name")
	if err != nil {
		return fmt.Errorf("remove packs: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return fmt.Errorf("remove packs: %w", err)
		}
		gone.names = append(gone.names, name+packSuffix)
	}
	return rows.Err()
}

// removeFiles removes what a committed transaction left over. The rows went
// first: a crash here leaves files that nobody sees, and Sweep removes.
func (s *Store) removeFiles(ctx context.Context, gone removal) error {
	var errs []error
	for _, name := range gone.names {
		if err := s.packs.Remove(ctx, name); err != nil {
			errs = append(errs, err)
			break // a store that is away is not asked for each
		}
	}
	return errors.Join(append(errs, s.db.forget(ctx, s.writer))...)
}
