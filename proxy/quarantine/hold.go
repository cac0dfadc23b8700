package quarantine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Hold keeps a message: what the caller knows of it in m, and its content
// read to the end. When it returns without an error the message will survive
// a power cut, and only then may the client be answered 250. The returned
// message carries what Hold adds: ID, Incident, State, Size, SHA256, Received.
//
// A recipient that is named twice is kept once. [ErrFull] is returned when the
// store is at its capacity or the disk at its reserve, [ErrOvertaken] when another
// relay has held a run of the sender that m's does not know of. After an error nothing
// is held, with one exception that no store can avoid: where the commit itself
// failed, the message may be found held after all; the client, answered 4xx,
// will then bring it again.
//
// A message whose content the store has but for its head costs reading it,
// hashing it, and one commit.
func (s *Store) Hold(ctx context.Context, m Message, content io.Reader) (Message, error) {
	if err := m.check(); err != nil {
		return Message{}, fmt.Errorf("hold: %w", err)
	}
	m.normalise(s.now(), s.opts.Retention)
	if err := s.checkSpace(); err != nil {
		return Message{}, fmt.Errorf("hold: %w", err)
	}
	in, err := s.begin(ctx)
	if err != nil {
		return Message{}, fmt.Errorf("hold: %w", err)
	}
	if err := in.receive(ctx, &m, content); err != nil {
		return Message{}, fmt.Errorf("hold: %w", full(errors.Join(err, in.drop(ctx))))
	}
	// Set when all but the commit is done. Up to then the pack is ours to
	// remove; after it the rows may be there, and only Sweep can tell.
	committing, used := false, false
	err = s.write(ctx, func(tx *sql.Tx) (err error) {
		if used, err = s.insert(ctx, tx, in, &m); err != nil {
			return err
		}
		committing = true
		return nil
	})
	if !committing || err == nil && !used {
		err = errors.Join(err, in.drop(ctx))
	}
	if err != nil {
		return Message{}, fmt.Errorf("hold %s: %w", m.ID, err)
	}
	in.done()
	return m, nil
}

// insert writes the rows of m, its chunks, its incident and its first audit
// entry.
func (s *Store) insert(ctx context.Context, tx *sql.Tx, in *intake, m *Message) (used bool, err error) {
	if err := s.checkCapacity(ctx, tx, in.fresh); err != nil {
		return false, err
	}
	before, err := mayHold(ctx, tx, m.Run)
	if err != nil {
		return false, err
	}
	if m.ID, err = s.unusedID(ctx, tx); err != nil {
		return false, err
	}
	if m.Incident, err = s.incidentFor(ctx, tx, m); err != nil {
		return false, err
	}
	seq, err := s.insertMessageRows(ctx, tx, in.key, m)
	if err != nil {
		return false, err
	}
	if used, err = in.commit(ctx, tx, seq); err != nil {
		return false, err
	}
	if err := s.holdRun(ctx, tx, m, before); err != nil {
		return false, err
	}
	return used, s.append(ctx, tx, Entry{
		Message: m.ID, Act: ActHeld, By: bySystem, Reason: m.Policy,
		Detail: Detail{
			SHA256: m.SHA256, Recipients: len(m.Recipients), Subjects: m.Subjects,
			Action: m.Action, PolicyVersion: m.PolicyVersion, Completeness: m.Completeness,
		},
	})
}

// unusedID draws an id that no message ever had.
func (s *Store) unusedID(ctx context.Context, tx *sql.Tx) (string, error) {
	const tries = 10 // a collision at a million messages is one in a million
	for range tries {
		id, err := newID(s.opts.Random, messagePrefix)
		if err != nil {
			return "", err
		}
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM messages WHERE id = ?", id).Scan(&n); err != nil {
			return "", fmt.Errorf("look for an id: %w", err)
		}
		if n == 0 {
			return id, nil
		}
	}
	return "", fmt.Errorf("no unused id in %d tries", tries)
}

// insertMessageRows writes a message and its recipients.
func (s *Store) insertMessageRows(ctx context.Context, tx *sql.Tx, key writeKey, m *Message) (int64, error) {
	seq, err := s.insertMessage(ctx, tx, key, m)
	if err != nil {
		return 0, err
	}
	var rows []any
	for i, r := range m.Recipients {
		rows = append(rows, seq, i+1, s.hashAddress(r.Address), s.hashDomain(r.Address))
	}
	if err := insertRows(ctx, tx, "recipients (message, place, address, domain)", 4, rows); err != nil {
		return 0, fmt.Errorf("insert recipients: %w", err)
	}
	return seq, nil
}

func (s *Store) insertMessage(ctx context.Context, tx *sql.Tx, key writeKey, m *Message) (int64, error) {
	fields, err := json.Marshal(m.Fields)
	if err != nil {
		return 0, fmt.Errorf("encode fields: %w", err)
	}
	sealed, err := sealRecord(key, m.ID, recordOf(m))
	if err != nil {
		return 0, err
	}
	var seq int64
	sender := s.hashAddress(m.From)
	err = tx.QueryRowContext(ctx, `INSERT INTO messages (
			id, incident, incident_key, state, sealed, sender_hash, sender_domain,
			action, policy, policy_version, subjects, records, fields, completeness,
			size, sha256, received, expires, answered, plain, kept)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, CASE WHEN (SELECT kept FROM incidents WHERE id = ?) > 0 THEN ? ELSE 0 END) RETURNING seq, kept > 0`,
		m.ID, m.Incident, m.IncidentKey, string(m.State), sealed, sender, s.hashDomain(m.From),
		m.Action, m.Policy, m.PolicyVersion, m.Subjects, m.Records, string(fields), m.Completeness,
		m.Size, m.SHA256, micros(m.Received), micros(m.Expires), m.Answered, m.Incident, keptByIncident).Scan(&seq, &m.Kept)
	if err != nil {
		return 0, fmt.Errorf("insert message: %w", err)
	}
	return seq, countSender(ctx, tx, seq, sender, m)
}

// checkSpace keeps the reserve of the disk.
func (s *Store) checkSpace() error {
	if s.opts.Reserve < 0 {
		return nil
	}
	free, err := s.opts.disk.Free(s.dir)
	if err != nil {
		return fmt.Errorf("free space of %s: %w", s.dir, full(err))
	}
	if free < uint64(s.opts.Reserve) {
		return fmt.Errorf("%w: %d bytes free on disk, %d are kept in reserve", ErrFull, free, s.opts.Reserve)
	}
	return nil
}

// checkCapacity keeps the store's own bound on bytes as they are stored. It is
// called with the write lock held.
func (s *Store) checkCapacity(ctx context.Context, tx *sql.Tx, more int64) error {
	if s.opts.Capacity == 0 {
		return nil
	}
	var held int64
	if err := tx.QueryRowContext(ctx, "SELECT bytes FROM volume").Scan(&held); err != nil {
		return fmt.Errorf("read volume: %w", err)
	}
	if held+more > s.opts.Capacity {
		return fmt.Errorf("%w: %d bytes stored, %d more would pass the capacity of %d", ErrFull, held, more, s.opts.Capacity)
	}
	return nil
}
