package quarantine

import (
	"context"
	"database/sql"
	"errors"
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
			count(*) FILTER (WHERE state IN ('released', 'partly_released') OR state IN ('deleted', 'expired') AND reached > 0),
			count(*) FILTER (WHERE state = 'refused' OR state = 'deleted' AND reached = 0),
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

const exposureAt = "SELECT at FROM exposures WHERE at >= ? ORDER BY at DESC LIMIT 1 OFFSET ?"

// NewestExposures gives the time since which at most so many messages were
// judged, not before the given one.
func (s *Store) NewestExposures(ctx context.Context, since time.Time, most int64) (time.Time, error) {
	var at int64
	err := s.reader.QueryRowContext(ctx, exposureAt, micros(since), most).Scan(&at)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return since, nil // there are no more
	case err != nil:
		return since, fmt.Errorf("exposures: %w", err)
	}
	return fromMicros(at + 1), nil
}

const incidentOfRun = "SELECT id FROM incidents WHERE key = ? AND key <> '' ORDER BY last DESC LIMIT 1"

// IncidentsOfRuns gives the ids of the newest incidents of runs, by run; a run
// of which nothing was held has none.
func (s *Store) IncidentsOfRuns(ctx context.Context, runs []string) (map[string]string, error) {
	found := map[string]string{}
	err := s.read(ctx, func(tx *sql.Tx) error {
		for _, run := range runs {
			var id string
			err := tx.QueryRowContext(ctx, incidentOfRun, run).Scan(&id)
			switch {
			case err == nil:
				found[run] = id
			case !errors.Is(err, sql.ErrNoRows):
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("incidents of runs: %w", err)
	}
	return found, nil
}

const (
	// countedSince counts those of the first hour, which may not be there from its
	// start, and adds up what was counted of each later one as it was judged.
	countedSince = `SELECT (SELECT count(*) FROM exposures WHERE at >= ? AND at < ?)
		+ (SELECT coalesce(sum(messages), 0) FROM hours WHERE hour >= ? / 3600000000)`
	oldestSince = "SELECT min(at) FROM exposures WHERE at >= ?"
)

// CountExposures tells how many messages were judged since the given time. It costs
// what there were hours, and the messages of one.
func (s *Store) CountExposures(ctx context.Context, since time.Time) (n int64, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		var from sql.NullInt64
		if err := tx.QueryRowContext(ctx, oldestSince, micros(since)).Scan(&from); err != nil || !from.Valid {
			return err
		}
		whole := (from.Int64/hourMicros + 1) * hourMicros
		return tx.QueryRowContext(ctx, countedSince, from.Int64, whole, whole).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("exposures: %w", err)
	}
	return n, nil
}
