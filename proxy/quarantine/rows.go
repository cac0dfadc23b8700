package quarantine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Reading messages from their rows.

const messageColumns = `seq, id, incident, incident_key, state, sealed,
	action, policy, policy_version, subjects, records, fields, completeness,
	size, sha256, received, expires, decided_by, decided, stored, plain, kept > 0, answered`

// row is a message and what only the store needs to know of it.
type row struct {
	Message
	seq    int64
	sealed []byte // what names people
	closed error  // why sealed cannot be opened, nil if it was
	stored bool   // its content is there
	plain  bool   // in a file of its own, as before version 2
}

func scanMessage(scan func(...any) error) (row, error) {
	var r row
	var fields string
	var received, expires, decided int64
	err := scan(&r.seq, &r.ID, &r.Incident, &r.IncidentKey, &r.State, &r.sealed,
		&r.Action, &r.Policy, &r.PolicyVersion, &r.Subjects, &r.Records, &fields, &r.Completeness,
		&r.Size, &r.SHA256, &received, &expires, &r.DecidedBy, &decided, &r.stored, &r.plain, &r.Kept, &r.Answered)
	if err != nil {
		return row{}, err
	}
	r.Received, r.Expires, r.Decided = fromMicros(received), fromMicros(expires), fromMicros(decided)
	if err := json.Unmarshal([]byte(fields), &r.Fields); err != nil {
		return row{}, fmt.Errorf("message %s: %w", r.ID, err)
	}
	return r, nil
}

// find reads a message with its recipients. id may be as a person typed it.
func (s *Store) find(ctx context.Context, tx *sql.Tx, id string) (row, error) {
	id, err := NormaliseID(id)
	if err != nil {
		return row{}, err
	}
	r, err := scanMessage(tx.QueryRowContext(ctx, "SELECT "+messageColumns+" FROM messages WHERE id = ?", id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, fmt.Errorf("message %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return row{}, fmt.Errorf("read message %s: %w", id, err)
	}
	return r, s.complete(ctx, tx, &r)
}

// complete reads the recipients of a message, and opens what is sealed of it.
func (s *Store) complete(ctx context.Context, tx *sql.Tx, r *row) (err error) {
	if r.Recipients, err = recipientsOf(ctx, tx, r.seq); err != nil {
		return fmt.Errorf("read recipients of %s: %w", r.ID, err)
	}
	return s.openRecord(ctx, tx, r)
}

func recipientsOf(ctx context.Context, tx *sql.Tx, seq int64) ([]Recipient, error) {
	rows, err := tx.QueryContext(ctx, "SELECT state, reply FROM recipients WHERE message = ? ORDER BY place", seq)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var all []Recipient
	for rows.Next() {
		var r Recipient
		if err := rows.Scan(&r.State, &r.Reply); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// decide notes the state a person brought a message to.
func (s *Store) decide(ctx context.Context, tx *sql.Tx, r row, state State, by string) error {
	_, err := tx.ExecContext(ctx, "UPDATE messages SET state = ?, decided_by = ?, decided = ? WHERE seq = ?",
		string(state), by, micros(s.now()), r.seq)
	if err != nil {
		return fmt.Errorf("message %s: set state: %w", r.ID, err)
	}
	return nil
}

// decidedError tells who decided before.
func decidedError(r row) error {
	return fmt.Errorf("message %s is %s since %s, by %q: %w", r.ID, r.State, r.Decided.Format(time.RFC3339), r.DecidedBy, ErrDecided)
}
