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
	// their own verdict, and not by a release: of one relay where it writes, and of
	// all where it is read.
	Copies, Delivered int64
	// Relay is who writes it, "" for nobody in particular. OwnCopies and
	// OwnDelivered are of the relay that reads.
	Relay                   string
	OwnCopies, OwnDelivered int64
	Subjects                int64 // distinct third-party people of all copies
	Held                    bool  // some copy was to be held; then:
	Policy                  string
	Answer                  string // what the client was told
	Incident                string // "" while it has none
	// Seen is, for one that is to be held, how many of its sender's runs were by
	// then as far as its relay knows: see [ErrOvertaken].
	Seen int64
	Keys int64 // number of the last entry of its keys, 0 for none
}

// maxRuns bounds what Runs returns.
const maxRuns = 64

const runColumns = `key, sender, print, first, last, copies, delivered, subjects, held, policy, answer, incident, keys`

// Runs gives the last runs of a sender that had a copy since the given time,
// the oldest first, to the relay that asks. Those that are held are preferred:
// without them nothing is left to brake their copies.
func (s *Store) Runs(ctx context.Context, sender, relay string, since time.Time) ([]Run, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT newest.*, coalesce(own.copies, 0), coalesce(own.delivered, 0) FROM (
			SELECT `+runColumns+` FROM runs WHERE sender = ? AND last >= ? ORDER BY held DESC, last DESC LIMIT ?) AS newest
		LEFT JOIN run_shares own ON own.run = newest.key AND own.relay = ? ORDER BY newest.last`,
		sender, micros(since), maxRuns, relay)
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var all []Run
	for rows.Next() {
		var ownCopies, ownDelivered int64
		r, err := scanRun(rows.Scan, &ownCopies, &ownDelivered)
		if err != nil {
			return nil, fmt.Errorf("runs: %w", err)
		}
		r.OwnCopies, r.OwnDelivered = ownCopies, ownDelivered
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	return all, nil
}

// Run gives one run, or [ErrNotFound].
func (s *Store) Run(ctx context.Context, key string) (Run, error) {
	r, err := scanRun(s.reader.QueryRowContext(ctx, "SELECT "+runColumns+" FROM runs WHERE key = ?", key).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Run{}, fmt.Errorf("run %.40q: %w", key, ErrNotFound)
	}
	if err != nil {
		return Run{}, fmt.Errorf("run: %w", err)
	}
	return r, nil
}

func scanRun(scan func(...any) error, more ...any) (r Run, err error) {
	var first, last int64
	err = scan(append([]any{&r.Key, &r.Sender, &r.Print, &first, &last, &r.Copies, &r.Delivered, &r.Subjects,
		&r.Held, &r.Policy, &r.Answer, &r.Incident, &r.Keys}, more...)...)
	r.First, r.Last = fromMicros(first), fromMicros(last)
	return r, err
}

// putRuns writes runs. What is known of one only grows, so that an older state
// that comes late takes nothing away; and each relay writes its own share, so that
// none takes away what another has written. The incident of one that has any is
// not theirs to write: see becomesOf. The first statement keeps all others
// from a run until the transaction ends, so that the last one adds up all shares.
func putRuns(ctx context.Context, tx *sql.Tx, runs []Run) error {
	var again []any // those that were there before
	sorted := slices.SortedFunc(slices.Values(runs), func(a, b Run) int { return strings.Compare(a.Key, b.Key) })
	for len(sorted) > 0 {
		n := withoutTwice(sorted)
		var values, shares []any
		for _, r := range sorted[:n] {
			values = append(values, r.Key, r.Sender, r.Print, micros(r.First), micros(r.Last), r.Copies, r.Delivered,
				r.Subjects, r.Held, r.Policy, r.Answer, r.Incident)
			shares = append(shares, r.Key, r.Relay, r.Copies, r.Delivered)
		}
		known, err := putRunRows(ctx, tx, n, values)
		if err != nil {
			return fmt.Errorf("write runs: %w", err)
		}
		if len(known) > 0 {
			if err := adopt(ctx, tx, known...); err != nil {
				return err
			}
		}
		if err := upsertRows(ctx, tx, "run_shares (run, relay, copies, delivered)", 4, shares, putShareConflict); err != nil {
			return fmt.Errorf("write a relay's share of runs: %w", err)
		}
		again, sorted = append(again, known...), sorted[n:]
	}
	for keys := range slices.Chunk(again, rowsAtOnce) {
		if err := addUp(ctx, tx, keys...); err != nil {
			return err
		}
	}
	return nil
}

const putShareConflict = ` ON CONFLICT (run, relay) DO UPDATE SET
	copies = CASE WHEN excluded.copies > run_shares.copies THEN excluded.copies ELSE run_shares.copies END,
	delivered = CASE WHEN excluded.delivered > run_shares.delivered THEN excluded.delivered ELSE run_shares.delivered END`

// withoutTwice is how many runs at the start of a sorted list one statement writes:
// PostgreSQL writes no row twice in one.
func withoutTwice(sorted []Run) int {
	n := 1
	for n < min(rowsAtOnce, len(sorted)) && sorted[n].Key != sorted[n-1].Key {
		n++
	}
	return n
}

// putRunRows writes n runs, and gives the keys of those that were there before.
func putRunRows(ctx context.Context, tx *sql.Tx, n int, values []any) (known []any, err error) {
	const row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	rows, err := tx.QueryContext(ctx, "INSERT INTO runs (key, sender, print, first, last, copies, delivered, subjects, held, policy, answer, incident) VALUES "+
		row+strings.Repeat(", "+row, n-1)+putRunConflict, values...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var key string
		var writes int64
		if err := rows.Scan(&key, &writes); err != nil {
			return nil, err
		}
		if writes > 1 {
			known = append(known, key)
		}
	}
	return known, rows.Err()
}

const putRunConflict = ` ON CONFLICT (key) DO UPDATE SET
		writes = runs.writes + 1,
		last = CASE WHEN excluded.last > runs.last THEN excluded.last ELSE runs.last END,
		subjects = CASE WHEN excluded.subjects > runs.subjects THEN excluded.subjects ELSE runs.subjects END,
		policy = CASE WHEN runs.held = 1 THEN runs.policy ELSE excluded.policy END,
		answer = CASE WHEN runs.held = 1 THEN runs.answer ELSE excluded.answer END,
		held = CASE WHEN excluded.held > runs.held THEN excluded.held ELSE runs.held END,
		incident = CASE WHEN runs.incident = '' THEN excluded.incident ELSE runs.incident END
	RETURNING key, writes`

// addUp adds up all shares of runs, which the transaction has written to.
func addUp(ctx context.Context, tx *sql.Tx, runs ...any) error {
	_, err := tx.ExecContext(ctx, `UPDATE runs SET
		copies = (SELECT coalesce(sum(s.copies), 0) FROM run_shares s WHERE s.run = runs.key),
		delivered = (SELECT coalesce(sum(s.delivered), 0) FROM run_shares s WHERE s.run = runs.key)
		WHERE key IN (?`+strings.Repeat(", ?", len(runs)-1)+")", runs...)
	if err != nil {
		return fmt.Errorf("add up runs: %w", err)
	}
	return nil
}

// holdRun writes the run of a message that is held, and what its incident has
// of it.
func (s *Store) holdRun(ctx context.Context, tx *sql.Tx, m *Message, before runBefore) error {
	if m.Run == nil {
		return nil
	}
	m.Run.Incident, m.Run.Held = m.Incident, true
	if err := putRuns(ctx, tx, []Run{*m.Run}); err != nil {
		return err
	}
	another := before.incident != m.Incident
	if another && !before.first {
		if err := becomesOf(ctx, tx, m.Run); err != nil {
			return err
		}
	}
	if another {
		if err := s.announce(ctx, tx, m.Run.Relay, newsHeld, []string{m.Run.Sender}); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, "UPDATE incidents SET subjects = ? WHERE id = ? AND subjects < ?", m.Run.Subjects, m.Incident, m.Run.Subjects)
	if err != nil {
		return fmt.Errorf("write incident: %w", err)
	}
	return nil
}

// becomesOf makes a run of which a copy was held before that of another incident,
// which one that is held after a release begins.
func becomesOf(ctx context.Context, tx *sql.Tx, r *Run) error {
	if _, err := tx.ExecContext(ctx, "UPDATE runs SET incident = ? WHERE key = ?", r.Incident, r.Key); err != nil {
		return fmt.Errorf("write a run's incident: %w", err)
	}
	return nil
}

// runBefore is what is known of a run before a copy of it is held.
type runBefore struct {
	first    bool   // no copy was
	incident string // of the last copy that was
}

// mayHold reports [ErrOvertaken] for a run of which no copy was held before, if its
// relay does not know of all others of the sender that were.
func mayHold(ctx context.Context, tx *sql.Tx, r *Run) (before runBefore, err error) {
	if r == nil || r.Relay == "" {
		return runBefore{}, nil
	}
	var was bool
	var held int64
	err = tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM runs WHERE key = ? AND held = 1),
		coalesce((SELECT incident FROM runs WHERE key = ?), ''), coalesce((SELECT held FROM sender_runs WHERE sender = ?), 0)`,
		r.Key, r.Key, r.Sender).Scan(&was, &before.incident, &held)
	switch {
	case err != nil:
		return runBefore{}, fmt.Errorf("look for held runs: %w", err)
	case !was && held != r.Seen:
		return runBefore{}, ErrOvertaken
	}
	before.first = !was
	return before, nil
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
