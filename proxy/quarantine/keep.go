package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// What messages.kept consists of: the holds of a message and of its incident end
// each by themselves.
const (
	keptItself     = 1
	keptByIncident = 2
)

// Keep puts a message, or all of an incident and what will join it, under legal
// hold: it does not expire and cannot be deleted. That it can be released or
// refused stays. id is a message's or an incident's.
func (s *Store) Keep(ctx context.Context, id, by, reason string) error {
	return s.keep(ctx, keepRequest{id: id, by: by, reason: reason, act: ActKept, kept: true})
}

// EndKeep ends a legal hold: that of the incident leaves those of single messages
// as they are. A message that only its incident's keeps gives [ErrKept]. Messages
// whose time is over meanwhile are warned of and go a day later.
func (s *Store) EndKeep(ctx context.Context, id, by, reason string) error {
	return s.keep(ctx, keepRequest{id: id, by: by, reason: reason, act: ActKeepEnded})
}

type keepRequest struct {
	id, by, reason string
	act            Act
	kept           bool
}

func (s *Store) keep(ctx context.Context, q keepRequest) error {
	if q.by == "" {
		return fmt.Errorf("legal hold: %w: nobody is named", ErrInvalid)
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		if strings.HasPrefix(strings.ToUpper(strings.TrimSpace(q.id)), incidentPrefix) {
			return s.keepIncident(ctx, tx, q)
		}
		r, err := s.find(ctx, tx, q.id)
		if err != nil {
			return err
		}
		if err := q.keepMessage(ctx, tx, r); err != nil {
			return fmt.Errorf("message %s: %w", r.ID, err)
		}
		return s.append(ctx, tx, Entry{Message: r.ID, Act: q.act, By: q.by, Reason: q.reason, Detail: Detail{SHA256: r.SHA256}})
	})
	if err != nil {
		return fmt.Errorf("legal hold: %w", err)
	}
	return nil
}

func (q keepRequest) keepMessage(ctx context.Context, tx *sql.Tx, r row) error {
	var holds int
	if err := tx.QueryRowContext(ctx, "SELECT kept FROM messages WHERE seq = ?", r.seq).Scan(&holds); err != nil {
		return err
	}
	if !q.kept && holds == keptByIncident {
		return fmt.Errorf("%w by its incident: end the hold of %s", ErrKept, r.Incident)
	}
	_, err := tx.ExecContext(ctx, "UPDATE messages SET "+q.set()+" WHERE seq = ?", keptItself, r.seq)
	return err
}

// set is the SQL that puts or ends one of the holds.
func (q keepRequest) set() string {
	if q.kept {
		return "kept = kept | ?, warned = 0"
	}
	return "kept = kept - (kept & ?), warned = 0"
}

func (s *Store) keepIncident(ctx context.Context, tx *sql.Tx, q keepRequest) error {
	id := normaliseIncident(q.id)
	var seq int64
	err := tx.QueryRowContext(ctx, "UPDATE incidents SET kept = ? WHERE id = ? RETURNING seq", q.kept, id).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("incident %.40q: %w", id, ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("incident %s: %w", id, err)
	}
	res, err := tx.ExecContext(ctx, "UPDATE messages SET "+q.set()+" WHERE incident = ?", keptByIncident, id)
	if err != nil {
		return fmt.Errorf("incident %s: %w", id, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("incident %s: %w", id, err)
	}
	return s.append(ctx, tx, Entry{Act: q.act, By: q.by, Reason: q.reason, Detail: Detail{Incident: id, Messages: int(n)}})
}
