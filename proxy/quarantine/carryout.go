package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Who carries out a decision has it for the time of a lease, and again with each
// message. It keeps others from taking it up, and nothing else: two that carry out one
// decision do each message once, by the lease of the message.

// leaseEnd outlasts the lease of the message that is under way when somebody goes: what
// became of that is settled before others come to it.
func (s *Store) leaseEnd() int64 { return micros(s.now().Add(s.opts.Lease * 9 / 8)) }

// KeepDecision says that a decision is still being carried out, and reports whether a
// person has stopped it.
func (s *Store) KeepDecision(ctx context.Context, id int64) (stopped bool, err error) {
	var at, lease int64
	err = s.reader.QueryRowContext(ctx, "SELECT stopped, lease FROM decisions WHERE seq = ?", id).Scan(&at, &lease)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err == nil && at == 0 && lease < micros(s.now().Add(s.opts.Lease*17/16)) { // not with each message
		err = s.writeRows(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE decisions SET lease = ? WHERE seq = ?", s.leaseEnd(), id)
			return err
		})
	}
	if err != nil {
		return false, fmt.Errorf("decision %d: %w", id, err)
	}
	return at > 0, nil
}

// LeaveDecision says that a decision is not carried out any further here: others need
// not wait for the end of the lease.
func (s *Store) LeaveDecision(ctx context.Context, id int64) error {
	err := s.writeRows(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE decisions SET lease = 0 WHERE seq = ?", id)
		return err
	})
	if err != nil {
		return fmt.Errorf("decision %d: %w", id, err)
	}
	return nil
}

// TakeUnfinished gives the incidents of which a decision was broken off by a crash, the
// oldest decision first, to one of those who ask. Those that a person has stopped are
// not among them. Where machines share the database a decision is taken for broken off
// once nobody has said for the time of a lease that it is carried out, and is left to
// who has the private key. Of a file the caller knows that whoever was before it has
// ended.
func (s *Store) TakeUnfinished(ctx context.Context) (incidents []string, err error) {
	const unfinished = "FROM decisions WHERE state = 'running' AND stopped = 0 AND (lease <= ? OR ? = 1)"
	alone := !s.db.tells()
	if !alone && s.keys.identity.None() {
		return nil, nil
	}
	var some bool
	err = s.reader.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 "+unfinished+")", micros(s.now()), alone).Scan(&some)
	if err == nil && some { // mostly there is none, without waiting for writers
		err = s.write(ctx, func(tx *sql.Tx) error {
			now := micros(s.now())
			err := eachRow(ctx, tx, "SELECT incident "+unfinished+" ORDER BY seq", []any{now, alone}, func(rows *sql.Rows) error {
				var id string
				err := rows.Scan(&id)
				incidents = append(incidents, id)
				return err
			})
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, "UPDATE decisions SET lease = ? WHERE seq IN (SELECT seq "+unfinished+")", s.leaseEnd(), now, alone)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("decisions: %w", err)
	}
	return incidents, nil
}
