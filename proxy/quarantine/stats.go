package quarantine

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"
)

// Stats is the store in numbers, for metrics. Reading it costs the same
// however much is held.
type Stats struct {
	Held       int64           // messages somebody has still to decide
	Bytes      int64           // of content kept, decided or not, as it was held
	Stored     int64           // bytes that it takes, each chunk once and compressed
	OldestHeld time.Time       // when the oldest of Held was received; zero if none
	ByState    map[State]int64 // messages, with every state that there is
	NextExpiry time.Time       // when the first of Held expires; zero if none does
	Incidents  int64           // open ones
	// AuditRecords are the entries of the audit trail, and AuditFailures those
	// that this process could not write: what they were about was not done.
	AuditRecords, AuditFailures int64
	Capacity                    int64 // Options.Capacity
	Free                        int64 // bytes left on the volume
}

// oldestOpen is when the oldest open message was received. For each state it is one look
// at where that begins in the index of states and times: a program that plans by how many
// there are of a state would go along the index of times, to its end where there is none.
const oldestOpen = `SELECT coalesce(min((SELECT received FROM
		(SELECT m.state, m.received FROM messages m WHERE (m.state, m.received) >= (t.state, 0) ORDER BY m.state, m.received LIMIT 1) AS next
		WHERE next.state = t.state)), 0)
	FROM totals t WHERE open = 1`

// Stats reads the numbers.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	st := Stats{ByState: map[State]int64{}, Capacity: s.opts.Capacity, AuditFailures: s.auditFailures.Load()}
	err := s.read(ctx, func(tx *sql.Tx) error {
		if err := st.readTotals(ctx, tx); err != nil {
			return err
		}
		var oldest int64
		err := tx.QueryRowContext(ctx, oldestOpen).Scan(&oldest)
		if err != nil {
			return err
		}
		st.OldestHeld = fromMicros(oldest)
		var next int64
		err = tx.QueryRowContext(ctx, `SELECT coalesce(min((SELECT min(expires) FROM messages m
				WHERE m.state = t.state AND expires > 0 AND stored = 1 AND kept = 0)), 0)
			FROM totals t WHERE open = 1`).Scan(&next)
		if err != nil {
			return err
		}
		st.NextExpiry = fromMicros(next)
		if err := tx.QueryRowContext(ctx, "SELECT bytes FROM volume").Scan(&st.Stored); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM audit").Scan(&st.AuditRecords); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT count(*) FROM incidents WHERE (open > 0) = TRUE").Scan(&st.Incidents)
	})
	if err != nil {
		return Stats{}, fmt.Errorf("stats: %w", err)
	}
	free, err := s.opts.disk.Free(s.dir)
	if err != nil {
		return Stats{}, fmt.Errorf("stats: free space: %w", err)
	}
	st.Free = int64(min(free, math.MaxInt64))
	return st, nil
}

func (st *Stats) readTotals(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT state, open, messages, bytes FROM totals")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var state State
		var open bool
		var messages, bytes int64
		if err := rows.Scan(&state, &open, &messages, &bytes); err != nil {
			return err
		}
		st.ByState[state] = messages
		st.Bytes += bytes
		if open {
			st.Held += messages
		}
	}
	return rows.Err()
}
