package quarantine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Run is the messages of one sender that share their content, as the relay
// tells of it. It holds no personal data.
type Run struct {
	Key    string // as [Message.IncidentKey]
	Sender string // as [Store.SenderName] makes it
	Print  []byte // by which further copies are known
	First  time.Time
	Last   time.Time
	// Copies are all that came, Delivered those that the upstream accepted by
	// their own verdict, and not by a release.
	Copies, Delivered int64
	Subjects          int64 // distinct third-party people of all copies
	Held              bool  // some copy was to be held; then:
	Policy            string
	Answer            string // what the client was told
	Incident          string // "" while it has none
}

// maxRuns bounds what Runs returns.
const maxRuns = 64

// Runs gives the last runs of a sender that had a copy since the given time,
// the oldest first. Those that are held are preferred: without them nothing is
// left to brake their copies.
func (s *Store) Runs(ctx context.Context, sender string, since time.Time) ([]Run, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT * FROM (
			SELECT key, sender, print, first, last, copies, delivered, subjects, held, policy, answer, incident
			FROM runs WHERE sender = ? AND last >= ? ORDER BY held DESC, last DESC LIMIT ?) AS newest ORDER BY last`,
		sender, micros(since), maxRuns)
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var all []Run
	for rows.Next() {
		var r Run
		var first, last int64
		if err := rows.Scan(&r.Key, &r.Sender, &r.Print, &first, &last, &r.Copies, &r.Delivered, &r.Subjects,
			&r.Held, &r.Policy, &r.Answer, &r.Incident); err != nil {
			return nil, fmt.Errorf("runs: %w", err)
		}
		r.First, r.Last = fromMicros(first), fromMicros(last)
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	return all, nil
}

// Run gives one run, or [ErrNotFound].
func (s *Store) Run(ctx context.Context, key string) (Run, error) {
	var r Run
	var first, last int64
	err := s.reader.QueryRowContext(ctx, `SELECT key, sender, print, first, last, copies, delivered, subjects, held, policy, answer, incident
		FROM runs WHERE key = ?`, key).Scan(&r.Key, &r.Sender, &r.Print, &first, &last, &r.Copies, &r.Delivered, &r.Subjects,
		&r.Held, &r.Policy, &r.Answer, &r.Incident)
	if errors.Is(err, sql.ErrNoRows) {
		return Run{}, fmt.Errorf("run %.40q: %w", key, ErrNotFound)
	}
	if err != nil {
		return Run{}, fmt.Errorf("run: %w", err)
	}
	r.First, r.Last = fromMicros(first), fromMicros(last)
	return r, nil
}

// putRun writes a run. What is known of it only grows, so that an older state
// that comes late takes nothing away.
func putRun(ctx context.Context, tx *sql.Tx, r *Run) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO runs (key, sender, print, first, last, copies, delivered, subjects, held, policy, answer, incident)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET
			last = CASE WHEN excluded.last > runs.last THEN excluded.last ELSE runs.last END,
			copies = CASE WHEN excluded.copies > runs.copies THEN excluded.copies ELSE runs.copies END,
			delivered = CASE WHEN excluded.delivered > runs.delivered THEN excluded.delivered ELSE runs.delivered END,
			subjects = CASE WHEN excluded.subjects > runs.subjects THEN excluded.subjects ELSE runs.subjects END,
			policy = CASE WHEN runs.held = 1 THEN runs.policy ELSE excluded.policy END,
			answer = CASE WHEN runs.held = 1 THEN runs.answer ELSE excluded.answer END,
			held = CASE WHEN excluded.held > runs.held THEN excluded.held ELSE runs.held END,
			incident = CASE WHEN excluded.incident = '' THEN runs.incident ELSE excluded.incident END`,
		r.Key, r.Sender, r.Print, micros(r.First), micros(r.Last), r.Copies, r.Delivered, r.Subjects, r.Held, r.Policy, r.Answer, r.Incident)
	if err != nil {
		return fmt.Errorf("write run: %w", err)
	}
	return nil
}

// holdRun writes the run of a message that is held, and what its incident has
// of it.
func holdRun(ctx context.Context, tx *sql.Tx, m *Message) error {
	if m.Run == nil {
		return nil
	}
	m.Run.Incident, m.Run.Held = m.Incident, true
	if err := putRun(ctx, tx, m.Run); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "UPDATE incidents SET subjects = ? WHERE id = ? AND subjects < ?", m.Run.Subjects, m.Incident, m.Run.Subjects)
	if err != nil {
		return fmt.Errorf("write incident: %w", err)
	}
	return nil
}

// RunDecision is what people have decided on the copies of an incident.
type RunDecision struct {
	Open     bool // some copy is undecided
	Released bool // no copy is undecided, and each was released to all of its recipients
	// Subjects is the most people that were reviewed, Policies by what copies were
	// held, Fields what was in them, and Complete whether each was read to its end.
	Subjects int64
	Policies []string
	Fields   []string
	Complete bool
}

// RunDecision tells what people have decided on an incident, or [ErrNotFound].
// It reads one row, however many copies there are.
func (s *Store) RunDecision(ctx context.Context, incident string) (RunDecision, error) {
	var d RunDecision
	var copies, open, released int64
	var seen, completeness string
	err := s.reader.QueryRowContext(ctx, "SELECT copies, open, released, subjects, kinds, completeness FROM incidents WHERE id = ?", incident).
		Scan(&copies, &open, &released, &d.Subjects, &seen, &completeness)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("incident %.40q: %w", incident, ErrNotFound)
	}
	var k kinds
	if err == nil {
		err = json.Unmarshal([]byte(seen), &k)
	}
	if err != nil {
		return RunDecision{}, fmt.Errorf("decision: %w", err)
	}
	d.Open, d.Released = open > 0, open == 0 && released == copies
	d.Policies, d.Fields, d.Complete = k.Policies, k.Fields, completeness == complete
	return d, nil
}

// complete is what a message's Completeness says where all of it was read.
const complete = "complete"
