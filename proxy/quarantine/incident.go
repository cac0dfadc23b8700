package quarantine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
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

	Fields       []string // field types, of its first copy
	Completeness string   // the least of its copies
	Size         int64    // bytes of its first copy
	Assigned     string   // who has claimed it, "" for nobody
	Mark         IncidentMark

	seq, message int64 // its row, and that of its first copy
}

// IncidentQuery picks incidents. Its zero value picks all.
type IncidentQuery struct {
	State       IncidentState // "": all
	Policy      string        // "": all
	MinSubjects int
	// ChangedSince picks those that got a copy, or of which one was decided, at
	// this time or later; zero: all.
	ChangedSince time.Time
	Search       search.Expr // nil: all
	Me           string      // who "assigned:me" is
	Sort         Sort
	After        Cursor // where the page before ended; "": the first page
	Limit        int    // at most so many; 0 is 100, never more than 1000
}

// Incidents gives a page of incidents, and the cursor of the next page, "" after
// the last one.
func (s *Store) Incidents(ctx context.Context, q IncidentQuery) ([]Incident, Cursor, error) {
	var page IncidentPage
	err := s.endLapsed(ctx)
	if err == nil {
		err = s.readPage(ctx, func(tx *sql.Tx) (err error) {
			page, err = s.incidentPage(ctx, tx, q)
			return err
		})
	}
	if err != nil {
		return nil, "", fmt.Errorf("incidents: %w", err)
	}
	all := make([]Incident, len(page.Incidents))
	for i := range page.Incidents {
		all[i] = page.Incidents[i].Incident
	}
	return all, page.Next, nil
}

// Incident gives one incident, or [ErrNotFound].
func (s *Store) Incident(ctx context.Context, id string) (Incident, error) {
	if err := s.endLapsed(ctx); err != nil {
		return Incident{}, fmt.Errorf("incident: %w", err)
	}
	id = normaliseIncident(id)
	i, err := scanIncident(s.reader.QueryRowContext(ctx, "SELECT "+incidentColumns+" FROM incidents WHERE id = ?", id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Incident{}, fmt.Errorf("incident %.40q: %w", id, ErrNotFound)
	}
	if err != nil {
		return Incident{}, fmt.Errorf("incident: %w", err)
	}
	return i, nil
}

const incidentColumns = `seq, id, key, policy, copies, open, delivered + passed, subjects, first, last,
	message, fields, completeness, size, assigned, mark, ` + awaiting

func (s *Store) incidentSQL(q IncidentQuery, at place, floor *place, limit int) (string, []any) {
	where, args := at.beyond(q.Sort)
	if floor != nil {
		more, values := floor.upTo(q.Sort)
		where, args = where+" AND "+more, append(args, values...)
	}
	where += q.stateSQL()
	if q.State == IncidentAwaiting {
		where += " AND " + awaiting
	}
	if q.MinSubjects > 0 {
		where, args = where+" AND subjects >= ?", append(args, q.MinSubjects)
	}
	if q.Policy != "" {
		c := s.finderOf(q, args)
		where, args = where+" AND "+c.column("policy")+" = ?", append(args, q.Policy)
	}
	if !q.ChangedSince.IsZero() {
		where += " AND (last >= ? OR id IN (SELECT incident FROM messages WHERE decided >= ?))"
		args = append(args, micros(q.ChangedSince), micros(q.ChangedSince))
	}
	if q.Search != nil {
		c := s.finderOf(q, args)
		where, args = where+" AND "+c.sql(q.Search), c.args
	}
	return "SELECT " + incidentColumns + " FROM incidents WHERE " + where + at.order(q.Sort) + " LIMIT ?", append(args, limit+1)
}

func (s *Store) finderOf(q IncidentQuery, args []any) finder {
	return finder{s: s, of: ofIncidents, me: q.Me, args: args, ordered: q.Sort.column() == ""}
}

func scanIncident(scan func(...any) error) (Incident, error) {
	var i Incident
	var open, first, last int64
	var awaits bool
	var fields string
	if err := scan(&i.seq, &i.ID, &i.Run, &i.Policy, &i.Copies, &open, &i.Delivered, &i.Subjects, &first, &last,
		&i.message, &fields, &i.Completeness, &i.Size, &i.Assigned, &i.Mark, &awaits); err != nil {
		return Incident{}, err
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
	if err := json.Unmarshal([]byte(fields), &i.Fields); err != nil {
		return Incident{}, fmt.Errorf("incident %s: %w", i.ID, err)
	}
	return i, nil
}

// incidentFor finds the incident that m belongs to, the open one of its key
// whose last copy is less than a day older, or begins a new one.
func (s *Store) incidentFor(ctx context.Context, tx *sql.Tx, m *Message) (string, error) {
	id, seen, err := findIncident(ctx, tx, m)
	if err != nil {
		return "", fmt.Errorf("find incident: %w", err)
	}
	if id != "" {
		return id, addKinds(ctx, tx, id, seen, m)
	}
	if id, err = newID(s.opts.Random, incidentPrefix); err != nil {
		return "", err
	}
	fields, err := json.Marshal(m.Fields)
	if err != nil {
		return "", fmt.Errorf("encode fields: %w", err)
	}
	first, err := json.Marshal(kinds{}.with(m))
	if err != nil {
		return "", fmt.Errorf("encode kinds: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO incidents (id, key, policy, first, last, subjects, sender, sender_domain, fields, size, kinds)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, id, m.IncidentKey, m.Policy, micros(m.Received), micros(m.Received),
		m.Subjects, s.hashAddress(m.From), s.hashDomain(m.From), string(fields), m.Size, string(first))
	if err != nil {
		return "", fmt.Errorf("insert incident: %w", err)
	}
	return id, nil
}

// findIncident gives the id and the kinds of the incident that m joins, "" if
// there is none: the one that it names, or the open one of its run.
func findIncident(ctx context.Context, tx *sql.Tx, m *Message) (id, seen string, err error) {
	if m.Incident != "" {
		err := tx.QueryRowContext(ctx, "SELECT id, kinds FROM incidents WHERE id = ? AND key = ?", m.Incident, m.IncidentKey).Scan(&id, &seen)
		if !errors.Is(err, sql.ErrNoRows) {
			return id, seen, err
		}
	}
	if m.IncidentKey == "" {
		return "", "", nil
	}
	err = tx.QueryRowContext(ctx, `SELECT id, kinds FROM incidents
		WHERE key = ? AND key <> '' AND last > ? AND open > 0 ORDER BY last DESC LIMIT 1`,
		m.IncidentKey, micros(m.Received.Add(-quiet))).Scan(&id, &seen)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", nil
	}
	return id, seen, err
}

// kinds are what the copies of an incident were held by, and what was in them,
// in order.
type kinds struct {
	Policies []string `json:"policies"`
	Fields   []string `json:"fields"`
}

// with gives the kinds with those of a further copy.
func (k kinds) with(m *Message) kinds {
	return kinds{union(k.Policies, m.Policy), union(k.Fields, m.Fields...)}
}

func union(all []string, more ...string) []string {
	all = append(append([]string{}, all...), more...) // in JSON a list, never null
	slices.Sort(all)
	return slices.Compact(all)
}

// addKinds writes the kinds of a further copy, if it has others than were seen.
func addKinds(ctx context.Context, tx *sql.Tx, incident, seen string, m *Message) error {
	var k kinds
	if err := json.Unmarshal([]byte(seen), &k); err != nil {
		return fmt.Errorf("kinds of incident %s: %w", incident, err)
	}
	all := k.with(m)
	if len(all.Policies) == len(k.Policies) && len(all.Fields) == len(k.Fields) {
		return nil
	}
	encoded, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("encode kinds: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "UPDATE incidents SET kinds = ? WHERE id = ?", string(encoded), incident); err != nil {
		return fmt.Errorf("write kinds of incident %s: %w", incident, err)
	}
	return nil
}

// normaliseIncident gives the id of an incident as a person may have typed it.
func normaliseIncident(id string) string { return strings.ToUpper(strings.TrimSpace(id)) }
