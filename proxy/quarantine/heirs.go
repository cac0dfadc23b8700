package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Move says that a run has become part of another, and takes a relay's share there,
// where it is counted already, with what was delivered and judged of it. A run of
// which nobody has a share any more is gone.
type Move struct{ Relay, From, To string }

// moveRuns leaves days alone that are before the run began: one of them may be about to
// go. Of a run that is nobody's any more it moves what has come of late.
func (s *Store) moveRuns(ctx context.Context, tx *sql.Tx, all []Move) error {
	for _, m := range all {
		now := micros(s.now())
		first := now
		// Nobody else writes it from here on.
		err := tx.QueryRowContext(ctx, "UPDATE runs SET writes = writes + 1 WHERE key = ? RETURNING first", m.From).Scan(&first)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("move run: %w", err)
		}
		deliveries, exposures := s.db.daysSince(first)
		if err := adopt(ctx, tx, m.From); err != nil {
			return err
		}
		for _, step := range []struct {
			sql  string
			args []any
		}{
			{"DELETE FROM run_shares WHERE run = ? AND relay = ?", []any{m.From, m.Relay}},
			{"UPDATE deliveries SET run = ? WHERE run = ?" + deliveries, []any{m.To, m.From}},
			{"UPDATE exposures SET run = ? WHERE run = ? AND at >= ?" + exposures, []any{m.To, m.From, first}},
			{`DELETE FROM runs WHERE key = ? AND held = 0
				AND NOT EXISTS (SELECT 1 FROM run_shares s WHERE s.run = runs.key)`, []any{m.From}},
			{"DELETE FROM run_heirs WHERE run = ?", []any{m.To}}, // it may have been part of the other before
			{`INSERT INTO run_heirs (run, heir, at) VALUES (?, ?, ?)
				ON CONFLICT (run) DO UPDATE SET heir = excluded.heir, at = excluded.at`, []any{m.From, m.To, now}},
		} {
			if _, err := tx.ExecContext(ctx, step.sql, step.args...); err != nil {
				return fmt.Errorf("move run: %w", err)
			}
		}
		if err := addUp(ctx, tx, m.From); err != nil {
			return err
		}
	}
	return nil
}

// adopt makes what an older program has written of runs the share of nobody in
// particular. It knows of no shares, and writes a sum that is more than they are. The
// caller keeps others from the runs.
func adopt(ctx context.Context, tx *sql.Tx, runs ...any) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO run_shares (run, relay, copies, delivered)
		SELECT key, '', CASE WHEN copies > c THEN copies - c ELSE 0 END, CASE WHEN delivered > d THEN delivered - d ELSE 0 END FROM (
			SELECT key, copies, delivered,
				coalesce((SELECT sum(s.copies) FROM run_shares s WHERE s.run = runs.key), 0) AS c,
				coalesce((SELECT sum(s.delivered) FROM run_shares s WHERE s.run = runs.key), 0) AS d
			FROM runs WHERE key IN (?`+strings.Repeat(", ?", len(runs)-1)+`)) AS sums
		WHERE copies > c OR delivered > d
		ON CONFLICT (run, relay) DO UPDATE SET copies = run_shares.copies + excluded.copies, delivered = run_shares.delivered + excluded.delivered`, runs...)
	if err != nil {
		return fmt.Errorf("adopt what an older program has of runs: %w", err)
	}
	return nil
}

// leftShares finds the shares of runs that have become part of others, and the last of
// these where they have, too. Their relays have written nothing since a time; one of
// which no batch is known is as old as the run.
const leftShares = `WITH RECURSIVE ends (run, heir) AS (
		SELECT run, heir FROM run_heirs UNION SELECT e.run, h.heir FROM ends e JOIN run_heirs h ON h.run = e.heir)
	SELECT e.run, e.heir, s.relay, heir.sender FROM ends e
	JOIN run_shares s ON s.run = e.run JOIN runs left_run ON left_run.key = e.run JOIN runs heir ON heir.key = e.heir
	LEFT JOIN relays r ON r.relay = s.relay
	WHERE NOT EXISTS (SELECT 1 FROM run_heirs h WHERE h.run = e.heir)
	AND left_run.held = 0 AND coalesce(r.at, left_run.last) < ? ORDER BY e.run, s.relay LIMIT 1000`

// leftShare is one that leftShares finds.
type leftShare struct {
	Move
	sender string
}

// TakeOver takes the shares that relays which have written nothing since a time have
// left in runs that became part of others to where the rest is, and returns how many
// there were. A relay that had not gone takes what it writes later there by itself,
// and no share counts twice for it. It may be called by whoever, at once, and again.
func (s *Store) TakeOver(ctx context.Context, gone time.Time) (taken int, err error) {
	var all []leftShare
	err = eachRow(ctx, s.reader, leftShares, []any{micros(gone)}, func(rows *sql.Rows) error {
		var l leftShare
		err := rows.Scan(&l.From, &l.To, &l.Relay, &l.sender)
		all = append(all, l)
		return err
	})
	for _, l := range all {
		if err == nil {
			err = s.write(ctx, func(tx *sql.Tx) error { return s.takeOver(ctx, tx, l) })
		}
		if err != nil {
			return taken, fmt.Errorf("take over what a relay has left of run %s: %w", l.From, err)
		}
		taken++
	}
	return taken, err
}

// byNobody is who tells of what was taken over: the relay itself may still be there, and
// has to hear of it as others do.
const byNobody = "-"

func (s *Store) takeOver(ctx context.Context, tx *sql.Tx, l leftShare) error {
	for _, key := range []string{min(l.From, l.To), max(l.From, l.To)} { // in the order of putRuns
		if _, err := tx.ExecContext(ctx, "UPDATE runs SET writes = writes + 1 WHERE key = ?", key); err != nil {
			return err
		}
	}
	if err := adopt(ctx, tx, l.From, l.To); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO run_shares (run, relay, copies, delivered)
		SELECT ?, relay, copies, delivered FROM run_shares WHERE run = ? AND relay = ?
		ON CONFLICT (run, relay) DO UPDATE SET copies = run_shares.copies + excluded.copies, delivered = run_shares.delivered + excluded.delivered`,
		l.To, l.From, l.Relay)
	if err != nil {
		return err
	}
	if err := s.moveRuns(ctx, tx, []Move{l.Move}); err != nil {
		return err
	}
	if err := addUp(ctx, tx, l.To); err != nil {
		return err
	}
	return s.announce(ctx, tx, byNobody, newsWritten, []string{l.sender})
}
