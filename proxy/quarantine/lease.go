package quarantine

import (
	"context"
	"database/sql"
	"fmt"
)

// The end of a release, by its result or by its lease.

// endLapsed ends the releases whose lease is over. Readers call it, so that
// the stored state is always the true one; it costs them one look at an index
// that is nearly always empty.
func (s *Store) endLapsed(ctx context.Context) error {
	var lapsed bool
	err := s.reader.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM releases WHERE ended = 0 AND lease <= ?)",
		micros(s.now())).Scan(&lapsed)
	if err != nil {
		return fmt.Errorf("look for ended leases: %w", err)
	}
	if !lapsed {
		return nil
	}
	return s.write(ctx, func(tx *sql.Tx) error { return s.endLapsedIn(ctx, tx) })
}

type lapsed struct {
	release, message int64
	id, by           string
}

// endLapsedIn marks as unknown what a crash left as sending: whether the
// upstream took the message, nobody can say now.
func (s *Store) endLapsedIn(ctx context.Context, tx *sql.Tx) error {
	all, err := findLapsed(ctx, tx, micros(s.now()))
	if err != nil {
		return fmt.Errorf("end leases: %w", err)
	}
	for _, l := range all {
		res, err := tx.ExecContext(ctx, "UPDATE recipients SET state = 'unknown' WHERE message = ? AND release = ? AND state = 'sending'",
			l.message, l.release)
		if err != nil {
			return fmt.Errorf("end lease of %s: %w", l.id, err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return fmt.Errorf("end lease of %s: %w", l.id, err)
		}
		if err := endRelease(ctx, tx, l.release, "lapsed", micros(s.now())); err != nil {
			return err
		}
		if err := settleState(ctx, tx, l.message); err != nil {
			return err
		}
		err = s.append(ctx, tx, Entry{
			Message: l.id, Act: ActReleaseLapsed, By: bySystem, Reason: "no result before the end of the lease of " + l.by,
			Detail: Detail{Results: map[RecipientState]int{RecipientUnknown: int(n)}},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func findLapsed(ctx context.Context, tx *sql.Tx, now int64) ([]lapsed, error) {
	rows, err := tx.QueryContext(ctx, `SELECT r.seq, r.message, m.id, r.by FROM releases r JOIN messages m ON m.seq = r.message
		WHERE r.ended = 0 AND r.lease <= ?`, now)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var all []lapsed
	for rows.Next() {
		var l lapsed
		if err := rows.Scan(&l.release, &l.message, &l.id, &l.by); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, rows.Err()
}

func endRelease(ctx context.Context, tx *sql.Tx, release int64, outcome string, now int64) error {
	_, err := tx.ExecContext(ctx, "UPDATE releases SET ended = ?, outcome = ? WHERE seq = ?", now, outcome, release)
	if err != nil {
		return fmt.Errorf("end release: %w", err)
	}
	return nil
}

// settleState gives a message the state that follows from its recipients,
// unless a person decided it for good while its release was thought dead.
func settleState(ctx context.Context, tx *sql.Tx, message int64) error {
	var n recipientCounts
	err := tx.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE state = 'held'),
			count(*) FILTER (WHERE state = 'sending'), count(*) FILTER (WHERE state = 'released')
		FROM recipients WHERE message = ?`, message).Scan(&n.all, &n.held, &n.sending, &n.released)
	if err != nil {
		return fmt.Errorf("count recipients: %w", err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE messages SET reached = ?,
			state = CASE WHEN (SELECT open FROM totals t WHERE t.state = messages.state) = 1 THEN ? ELSE state END
		WHERE seq = ?`, n.released, string(n.state()), message)
	if err != nil {
		return fmt.Errorf("set state: %w", err)
	}
	return nil
}

type recipientCounts struct{ all, held, sending, released int }

func (n recipientCounts) state() State {
	switch {
	case n.sending > 0:
		return Releasing
	case n.released == n.all:
		return Released
	case n.released > 0:
		return PartlyReleased
	case n.held == n.all:
		return Held
	}
	return ReleaseFailed
}
