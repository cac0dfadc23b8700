package quarantine

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Overview is what happened within a time, from figures that were kept up as it
// did. Messages count by the hour of their verdict (UTC), and the policies,
// senders and incidents by the hour or day in which they began.
type Overview struct {
	Since, Until time.Time // whole hours; what came within
	// Hours has one entry for each hour, action and completeness of which there
	// was a message, in the order of time.
	Hours    []HourCount
	Policies []PolicyCount // the most messages first, at most 20
	Senders  []Sender      // the most held messages within the time first, at most 10
	// Incidents that began within the time, the people whom they exposed, and of
	// these Kept: the people of incidents of which no copy reached anybody.
	Incidents, People, Kept int64
	// LastMessage is when the last verdict of all was given; zero: never.
	LastMessage time.Time
}

// HourCount counts messages.
type HourCount struct {
	Hour         time.Time
	Action       string // what was done: pass, tag, hold, reject or defer
	Completeness string // complete, partial or unscanned
	Messages     int64
}

// PolicyCount counts the messages that a policy decided on.
type PolicyCount struct {
	Policy, Action string
	Messages       int64
}

const (
	hourMicros = int64(time.Hour / time.Microsecond)
	dayMicros  = 24 * hourMicros

	topPolicies = 20
	topSenders  = 10
)

// The queries of the overview; each takes its first and its last hour or day.
const (
	overviewHours = `SELECT hour, action, completeness, messages FROM hours WHERE hour BETWEEN ? AND ?
		ORDER BY hour, action, completeness`
	overviewPolicies = `SELECT policy, action, sum(messages) AS n FROM policy_days WHERE day BETWEEN ? AND ?
		GROUP BY policy, action ORDER BY n DESC, policy, action LIMIT ?`
	overviewIncidents = `SELECT coalesce(sum(incidents), 0), coalesce(sum(people), 0), coalesce(sum(kept), 0)
		FROM incident_hours WHERE hour BETWEEN ? AND ?`
	// What counts is of the time alone. Where there are many: see sendersOfDays.
	overviewSenders = `SELECT s.sender, d.n, s.open, s.incidents, s.people, s.message, s.last FROM
		(SELECT sender, sum(messages) AS n FROM sender_days WHERE day BETWEEN ? AND ? GROUP BY sender ORDER BY n DESC, sender LIMIT ?) d
		JOIN senders s ON s.sender = d.sender ORDER BY d.n DESC, d.sender`
	overviewLast = "SELECT coalesce(max(at), 0) FROM exposures"
)

// Overview counts what happened since the given time. It costs what there were
// hours, policies and senders, however many messages.
func (s *Store) Overview(ctx context.Context, since time.Time) (Overview, error) {
	from, to := since.UnixMicro(), s.now().UnixMicro()
	o := Overview{Since: since.UTC().Truncate(time.Hour), Until: s.now().UTC().Truncate(time.Hour).Add(time.Hour)}
	err := s.readPage(ctx, func(tx *sql.Tx) (err error) {
		if o.Hours, err = readHours(ctx, tx, from/hourMicros, to/hourMicros); err != nil {
			return err
		}
		if o.Policies, err = readPolicies(ctx, tx, from/dayMicros, to/dayMicros, topPolicies); err != nil {
			return err
		}
		if o.Senders, err = s.readSenders(ctx, tx, s.db.sendersOfDays(), from/dayMicros, to/dayMicros, topSenders); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, overviewIncidents, from/hourMicros, to/hourMicros).Scan(&o.Incidents, &o.People, &o.Kept); err != nil {
			return err
		}
		var last int64
		err = tx.QueryRowContext(ctx, overviewLast).Scan(&last)
		o.LastMessage = fromMicros(last)
		return err
	})
	if err != nil {
		return Overview{}, fmt.Errorf("overview: %w", err)
	}
	return o, nil
}

// PolicyHits counts the messages that each policy decided on since the day of
// the given time (UTC), the most first, at most 1,000.
func (s *Store) PolicyHits(ctx context.Context, since time.Time) (all []PolicyCount, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		all, err = readPolicies(ctx, tx, since.UnixMicro()/dayMicros, s.now().UnixMicro()/dayMicros, 1000)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("policy hits: %w", err)
	}
	return all, nil
}

func readHours(ctx context.Context, tx *sql.Tx, from, to int64) (all []HourCount, err error) {
	rows, err := tx.QueryContext(ctx, overviewHours, from, to)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var h HourCount
		var hour int64
		if err := rows.Scan(&hour, &h.Action, &h.Completeness, &h.Messages); err != nil {
			return nil, err
		}
		h.Hour = time.UnixMicro(hour * hourMicros).UTC()
		all = append(all, h)
	}
	return all, rows.Err()
}

func readPolicies(ctx context.Context, tx *sql.Tx, from, to int64, limit int) (all []PolicyCount, err error) {
	rows, err := tx.QueryContext(ctx, overviewPolicies, from, to, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var p PolicyCount
		if err := rows.Scan(&p.Policy, &p.Action, &p.Messages); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, rows.Err()
}
