package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// IncidentState says whether an incident still has open copies.
type IncidentState string

// The states of an incident. One that awaits approval is open, too.
const (
	IncidentOpen     IncidentState = "open"
	IncidentAwaiting IncidentState = "awaiting_approval" // a second person has to agree
	IncidentDecided  IncidentState = "decided"
)

// awaiting is the SQL that tells whether an incident awaits approval.
const awaiting = "EXISTS (SELECT 1 FROM decisions d WHERE d.incident = incidents.id AND d.state = 'awaiting')"

// quiet is how long after its last copy an incident takes no further ones.
const quiet = 24 * time.Hour

// Incident is a run of which something was held, as people review it.
type Incident struct {
	ID     string // "IN-7K2M-Q9XD"
	State  IncidentState
	Policy string // of its first copy
	Copies int    // held
	Run    string // the run that it is of, as Message.IncidentKey
	// Delivered is how many copies of the run have left: those that passed by
	// their own verdict, and those held ones that a release brought to a
	// recipient.
	Delivered int
	// Subjects is how many distinct third-party people the copies of the run
	// carried: exact up to 100,000, beyond it an estimate. Of a message without
	// a run it is what that one carried.
	Subjects int
	First    time.Time // when its first copy was received
	Last     time.Time // when its last copy was received
}

// IncidentQuery picks incidents. Its zero value picks all.
type IncidentQuery struct {
	State       IncidentState // "": all
	Policy      string        // "": all
	MinSubjects int
	// ChangedSince picks those that got a copy, or of which one was decided, at
	// this time or later; zero: all.
	ChangedSince time.Time
	After        Cursor // where the page before ended; "": the first page
	Limit        int    // at most so many; 0 is 100, never more than 1000
}

// Incidents gives a page of incidents, the newest first by when they began,
// and the cursor of the next page, "" after the last one.
func (s *Store) Incidents(ctx context.Context, q IncidentQuery) ([]Incident, Cursor, error) {
	limit := pageSize(q.Limit)
	at, err := parseCursor(q.After)
	if err != nil {
		return nil, "", fmt.Errorf("incidents: %w", err)
	}
	if err := s.endLapsed(ctx); err != nil {
		return nil, "", fmt.Errorf("incidents: %w", err)
	}
	query, args := incidentSQL(q, at, limit)
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, "", fmt.Errorf("incidents: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var page []Incident
	var seqs []int64
	for rows.Next() {
		i, seq, err := scanIncident(rows.Scan)
		if err != nil {
			return nil, "", fmt.Errorf("incidents: %w", err)
		}
		page, seqs = append(page, i), append(seqs, seq)
	}
	if err := rows.Err(); err != nil {
		return nil, "", fmt.Errorf("incidents: %w", err)
	}
	if len(page) <= limit {
		return page, "", nil
	}
	return page[:limit], position{math.MaxInt64, seqs[limit-1]}.cursor(), nil
}

// Incident gives one incident, or [ErrNotFound].
func (s *Store) Incident(ctx context.Context, id string) (Incident, error) {
	if err := s.endLapsed(ctx); err != nil {
		return Incident{}, fmt.Errorf("incident: %w", err)
	}
	id = normaliseIncident(id)
	i, _, err := scanIncident(s.reader.QueryRowContext(ctx, "SELECT "+incidentColumns+" FROM incidents WHERE id = ?", id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Incident{}, fmt.Errorf("incident %.40q: %w", id, ErrNotFound)
	}
	if err != nil {
		return Incident{}, fmt.Errorf("incident: %w", err)
	}
	return i, nil
}

const incidentColumns = `seq, id, key, policy, copies, open,
	delivered + coalesce((SELECT r.delivered FROM runs r WHERE r.key = incidents.key), 0), subjects, first, last, ` + awaiting

func incidentSQL(q IncidentQuery, at position, limit int) (string, []any) {
	where, args := "seq < ?", []any{at.seq}
	switch q.State {
	case "":
	case IncidentAwaiting:
		where += " AND (open > 0) = 1 AND " + awaiting
	default:
		where, args = where+" AND (open > 0) = ?", append(args, q.State == IncidentOpen)
	}
	if q.MinSubjects > 0 {
		where, args = where+" AND subjects >= ?", append(args, q.MinSubjects)
	}
	if q.Policy != "" {
		where, args = where+" AND policy = ?", append(args, q.Policy)
	}
	if !q.ChangedSince.IsZero() {
		where += " AND (last >= ? OR id IN (SELECT incident FROM messages WHERE decided >= ?))"
		args = append(args, micros(q.ChangedSince), micros(q.ChangedSince))
	}
	return "SELECT " + incidentColumns + " FROM incidents WHERE " + where + " ORDER BY seq DESC LIMIT ?", append(args, limit+1)
}

func scanIncident(scan func(...any) error) (Incident, int64, error) {
	var i Incident
	var seq, open, first, last int64
	var awaits bool
	if err := scan(&seq, &i.ID, &i.Run, &i.Policy, &i.Copies, &open, &i.Delivered, &i.Subjects, &first, &last, &awaits); err != nil {
		return Incident{}, 0, err
	}
	switch {
	case open == 0:
		i.State = IncidentDecided
	case awaits:
		i.State = IncidentAwaiting
	default:
		i.State = IncidentOpen
	}
	i.First, i.Last = fromMicros(first), fromMicros(last)
	return i, seq, nil
}

// incidentFor finds the incident that m belongs to, the open one of its key
// whose last copy is less than a day older, or begins a new one.
func (s *Store) incidentFor(ctx context.Context, tx *sql.Tx, m *Message) (string, error) {
	var id string
	if m.Incident != "" {
		err := tx.QueryRowContext(ctx, "SELECT id FROM incidents WHERE id = ? AND key = ?", m.Incident, m.IncidentKey).Scan(&id)
		if err == nil {
			return id, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return "", fmt.Errorf("find incident: %w", err)
		}
	}
	if m.IncidentKey != "" {
		err := tx.QueryRowContext(ctx, `SELECT id FROM incidents
			WHERE key = ? AND key <> '' AND last > ? AND open > 0 ORDER BY last DESC LIMIT 1`,
			m.IncidentKey, micros(m.Received.Add(-quiet))).Scan(&id)
		if err == nil {
			return id, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return "", fmt.Errorf("find incident: %w", err)
		}
	}
	id, err := newID(s.opts.Random, incidentPrefix)
	if err != nil {
		return "", err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO incidents (id, key, policy, first, last) VALUES (?, ?, ?, ?, ?)",
		id, m.IncidentKey, m.Policy, micros(m.Received), micros(m.Received))
	if err != nil {
		return "", fmt.Errorf("insert incident: %w", err)
	}
	return id, nil
}

// normaliseIncident gives the id of an incident as a person may have typed it.
func normaliseIncident(id string) string { return strings.ToUpper(strings.TrimSpace(id)) }
