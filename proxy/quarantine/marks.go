package quarantine

import (
	"context"
	"fmt"
	"time"
)

// Mark is what people decided on the held copies of a run, in messages.
type Mark struct {
	Released int64  // sent on, to some recipient at least
	Refused  int64  // refused or deleted by a person
	Message  string // the id of one of its copies
	// Said is what reviewers said of the hold, whatever was decided.
	Said IncidentMark
}

// Marks gives what people decided, by run, of runs that had a copy held since
// the given time. What expired undecided is no decision.
func (s *Store) Marks(ctx context.Context, since time.Time) (map[string]Mark, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT incident_key, max(id),
			sum(state IN ('released', 'partly_released') OR state IN ('deleted', 'expired') AND reached > 0),
			sum(state = 'refused' OR state = 'deleted' AND reached = 0),
			coalesce((SELECT mark FROM incidents i WHERE i.key = incident_key AND i.key <> '' AND mark <> '' ORDER BY seq DESC LIMIT 1), '')
		FROM messages WHERE received >= ? AND incident_key <> '' GROUP BY incident_key`, micros(since))
	if err != nil {
		return nil, fmt.Errorf("marks: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	marks := map[string]Mark{}
	for rows.Next() {
		var run string
		var m Mark
		if err := rows.Scan(&run, &m.Message, &m.Released, &m.Refused, &m.Said); err != nil {
			return nil, fmt.Errorf("marks: %w", err)
		}
		marks[run] = m
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("marks: %w", err)
	}
	return marks, nil
}

// CountExposures tells how many messages were judged since the given time.
func (s *Store) CountExposures(ctx context.Context, since time.Time) (n int64, err error) {
	err = s.reader.QueryRowContext(ctx, "SELECT count(*) FROM exposures WHERE at >= ?", micros(since)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("exposures: %w", err)
	}
	return n, nil
}
