package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Usual is what a sender usually sends, as one relay has seen it.
type Usual struct {
	Sender string
	Relay  string
	At     time.Time
	Shape  []byte
	// Instead are relays whose own this one has taken over: theirs go.
	Instead []string
}

// SenderRuns is what relays know together of a sender, but for its runs.
type SenderRuns struct {
	Held  int64 // of its runs, ever
	Keys  int64 // number of the last entry of its keys
	Usual []Usual
}

// SenderRuns gives what relays have written of a sender.
func (s *Store) SenderRuns(ctx context.Context, sender string) (SenderRuns, error) {
	var of SenderRuns
	err := s.reader.QueryRowContext(ctx, "SELECT held, keys FROM sender_runs WHERE sender = ?", sender).Scan(&of.Held, &of.Keys)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return SenderRuns{}, fmt.Errorf("sender: %w", err)
	}
	rows, err := s.reader.QueryContext(ctx, "SELECT sender, relay, at, shape FROM sender_usual WHERE sender = ?", sender)
	if err != nil {
		return SenderRuns{}, fmt.Errorf("sender: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var u Usual
		var at int64
		if err := rows.Scan(&u.Sender, &u.Relay, &at, &u.Shape); err != nil {
			return SenderRuns{}, fmt.Errorf("sender: %w", err)
		}
		u.At = fromMicros(at)
		of.Usual = append(of.Usual, u)
	}
	if err := rows.Err(); err != nil {
		return SenderRuns{}, fmt.Errorf("sender: %w", err)
	}
	return of, nil
}

func putUsual(ctx context.Context, tx *sql.Tx, all []Usual) error {
	var rows []any
	for _, u := range slices.SortedFunc(slices.Values(all), func(a, b Usual) int { return strings.Compare(a.Sender, b.Sender) }) {
		rows = append(rows, u.Sender, u.Relay, micros(u.At), u.Shape)
		for _, gone := range u.Instead {
			if _, err := tx.ExecContext(ctx, "DELETE FROM sender_usual WHERE sender = ? AND relay = ?", u.Sender, gone); err != nil {
				return fmt.Errorf("take over what a sender usually sends: %w", err)
			}
		}
	}
	err := upsertRows(ctx, tx, "sender_usual (sender, relay, at, shape)", 4, rows,
		" ON CONFLICT (sender, relay) DO UPDATE SET at = excluded.at, shape = excluded.shape")
	if err != nil {
		return fmt.Errorf("write what a sender usually sends: %w", err)
	}
	return nil
}
