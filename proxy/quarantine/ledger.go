package quarantine

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Ledger is what a relay tells of messages that were not held, written as a
// whole. Written twice it says no more than once, but for deliveries and exposures of
// one without a number.
type Ledger struct {
	Relay string // that tells; "" where nobody else is to hear of it
	// Batch is the number of this one among the relay's, which writes one after the
	// other, from 1 and upwards: one whose number was written, or a later one, is there
	// already. 0 is none.
	Batch      int64
	Runs       []Run
	Moves      []Move // before the rest
	Senders    []Usual
	Keys       []Keys
	Deliveries []Delivery
	Exposures  []Exposure
}

// Delivery is a copy of a run that the upstream has accepted.
type Delivery struct {
	Run        string
	At         time.Time
	Recipients []string
}

// Exposure is what one message would have exposed, and what became of it. It
// holds no personal data.
type Exposure struct {
	At         time.Time
	Sender     string // as [Store.SenderName] makes it
	Run        string
	Action     string
	Policy     string
	Version    string // of rules and policies
	Exposure   []byte // JSON
	Recipients int64
	Bytes      int64
}

// WriteLedger keeps a ledger's entries, all or none.
func (s *Store) WriteLedger(ctx context.Context, l *Ledger) error {
	var k writeKey
	if len(l.Deliveries) > 0 {
		var err error
		if k, err = s.writeKey(ctx); err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
	}
	write := func(tx *sql.Tx) error {
		if fresh, err := s.fresh(ctx, tx, l); err != nil || !fresh {
			return err
		}
		if err := s.moveRuns(ctx, tx, l.Moves); err != nil {
			return err
		}
		if err := putRuns(ctx, tx, l.Runs); err != nil {
			return err
		}
		if err := putUsual(ctx, tx, l.Senders); err != nil {
			return err
		}
		if err := s.putKeys(ctx, tx, l.Keys); err != nil {
			return err
		}
		if err := s.insertDeliveries(ctx, tx, k, l.Deliveries); err != nil {
			return err
		}
		if err := insertExposures(ctx, tx, l.Exposures); err != nil {
			return err
		}
		if err := countExposures(ctx, tx, l.Exposures); err != nil {
			return err
		}
		return s.announce(ctx, tx, l.Relay, newsWritten, l.senders())
	}
	touched := slices.Clone(l.Runs)
	for _, m := range l.Moves {
		touched = append(touched, Run{Key: m.From})
	}
	const tries = 2
	var err error
	for range tries {
		if err = s.db.makeRoom(ctx, s, l); err == nil {
			err = s.writeLedger(ctx, touched, write)
		}
		if !s.db.noRoom(err) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// senders gives those of whom something was written.
func (l *Ledger) senders() []string {
	var all []string
	for i := range l.Runs {
		all = append(all, l.Runs[i].Sender)
	}
	for i := range l.Senders {
		all = append(all, l.Senders[i].Sender)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// errRunHeld: a run of a ledger is held.
var errRunHeld = errors.New("a run is held")

// writeLedger lets write write among others, and where one of the runs is held
// alone: the rows of its incident, which are kept up with it, are those that Hold
// writes, in another order.
func (s *Store) writeLedger(ctx context.Context, runs []Run, write func(*sql.Tx) error) error {
	if slices.ContainsFunc(runs, func(r Run) bool { return r.Held }) {
		return s.write(ctx, write)
	}
	err := s.writeRows(ctx, func(tx *sql.Tx) error {
		held, err := s.db.lockRuns(ctx, tx, runs)
		if err == nil && held {
			err = errRunHeld
		}
		if err != nil {
			return err
		}
		return write(tx)
	})
	if errors.Is(err, errRunHeld) {
		return s.write(ctx, write)
	}
	return err
}

func (s *Store) insertDeliveries(ctx context.Context, tx *sql.Tx, k writeKey, all []Delivery) error {
	into, columns := "deliveries (run, at, address, sealed)", 4
	if s.db.parted() {
		into, columns = "deliveries (run, at, address, sealed, day)", 5
	}
	var rows []any
	for _, d := range all {
		at := micros(d.At)
		for _, address := range d.Recipients {
			hash := s.hashAddress(address)
			rows = append(rows, d.Run, at, hash, k.seal([]byte(address), deliveredAs(d.Run, hash)))
			if s.db.parted() {
				rows = append(rows, at/dayMicros)
			}
		}
	}
	if err := insertRows(ctx, tx, into, columns, rows); err != nil {
		return fmt.Errorf("write deliveries: %w", err)
	}
	return nil
}

// rowsAtOnce is how many rows a statement inserts. What a short row costs by
// itself is mostly the statement.
const rowsAtOnce = 50

// insertRows inserts rows, whose values stand one row after the other, so many
// to a row. The driver starts a goroutine for each statement that a context can
// end: these are short, and the context is looked at between them.
func insertRows(ctx context.Context, tx *sql.Tx, into string, columns int, values []any) error {
	return upsertRows(ctx, tx, into, columns, values, "")
}

// upsertRows inserts rows as insertRows does; where one is there already it does
// what conflict says.
func upsertRows(ctx context.Context, tx *sql.Tx, into string, columns int, values []any, conflict string) error {
	whole := context.WithoutCancel(ctx)
	var insert *sql.Stmt // of full length
	for len(values) > 0 && ctx.Err() == nil {
		n := min(rowsAtOnce, len(values)/columns)
		if insert == nil || n < rowsAtOnce {
			row := "(?" + strings.Repeat(", ?", columns-1) + ")"
			next, err := tx.PrepareContext(whole, "INSERT INTO "+into+" VALUES "+row+strings.Repeat(", "+row, n-1)+conflict)
			if err != nil {
				return err
			}
			defer func() { _ = next.Close() }() // at most two; they end with the transaction
			insert = next
		}
		if _, err := insert.ExecContext(whole, values[:n*columns]...); err != nil {
			return err
		}
		values = values[n*columns:]
	}
	return ctx.Err()
}

// deliveredAs names the address of a delivery.
func deliveredAs(run string, hash []byte) string {
	b := append(make([]byte, 0, 128), "delivery "...) // on the stack, for the most
	b = append(append(b, run...), ' ')
	return string(hex.AppendEncode(b, hash))
}

func insertExposures(ctx context.Context, tx *sql.Tx, all []Exposure) error {
	var rows []any
	for _, e := range all {
		rows = append(rows, micros(e.At), e.Sender, e.Run, e.Action, e.Policy, e.Version, string(e.Exposure), e.Recipients, e.Bytes)
	}
	err := insertRows(ctx, tx, "exposures (at, sender, run, action, policy, version, exposure, recipients, bytes)", 9, rows)
	if err != nil {
		return fmt.Errorf("write exposures: %w", err)
	}
	return nil
}

// Served is somebody to whom a copy of a run has gone.
type Served struct {
	At time.Time
	// Address is "" where the private key is not here; Sealed is then true.
	Address string
	Sealed  bool
}

// Served calls visit for each recipient to whom a copy of a run has gone by its
// own verdict, in the order of time. It stops with visit's error.
func (s *Store) Served(ctx context.Context, run string, visit func(Served) error) error {
	rows, err := s.reader.QueryContext(ctx, "SELECT at, address, sealed, sealed_run FROM deliveries WHERE run = ? ORDER BY at, seq", run)
	if err != nil {
		return fmt.Errorf("served: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var at int64
		var hash, sealed []byte
		var first string
		if err := rows.Scan(&at, &hash, &sealed, &first); err != nil {
			return fmt.Errorf("served: %w", err)
		}
		if first == "" {
			first = run
		}
		one := Served{At: fromMicros(at)}
		address, err := s.unseal(ctx, s.reader, sealed, deliveredAs(first, hash))
		switch {
		case errors.Is(err, ErrSealed):
			one.Sealed = true
		case err != nil:
			return fmt.Errorf("served: %w", err)
		}
		one.Address = string(address)
		if err := visit(one); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("served: %w", err)
	}
	return nil
}

// HasServed reports whether a copy of a run has gone to an address by its own
// verdict. It needs no private key.
func (s *Store) HasServed(ctx context.Context, run, address string) (bool, error) {
	var has bool
	err := s.reader.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM deliveries WHERE run = ? AND address = ?)",
		run, s.hashAddress(address)).Scan(&has)
	if err != nil {
		return false, fmt.Errorf("served: %w", err)
	}
	return has, nil
}

const exposuresSince = `SELECT at, sender, run, action, policy, version, exposure, recipients, bytes
	FROM exposures WHERE at >= ? ORDER BY at DESC, seq DESC`

// Exposures calls visit for each message that was judged since the given time,
// the newest first. It stops with visit's error.
func (s *Store) Exposures(ctx context.Context, since time.Time, visit func(Exposure) error) error {
	rows, err := s.reader.QueryContext(ctx, exposuresSince, micros(since))
	if err != nil {
		return fmt.Errorf("exposures: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var e Exposure
		var at int64
		if err := rows.Scan(&at, &e.Sender, &e.Run, &e.Action, &e.Policy, &e.Version, &e.Exposure, &e.Recipients, &e.Bytes); err != nil {
			return fmt.Errorf("exposures: %w", err)
		}
		e.At = fromMicros(at)
		if err := visit(e); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("exposures: %w", err)
	}
	return nil
}

// pruneStep bounds what one transaction removes, so that no message waits long.
const pruneStep = 2000

// What PruneLedger does, in this order; each takes a time and a bound. Who writes to a
// file waits for them, so none may look through a whole table. In PostgreSQL nobody does:
// a row that was written meanwhile is not old any more, and stays.
const (
	pruneExposures  = "DELETE FROM exposures WHERE seq IN (SELECT seq FROM exposures WHERE at < ? ORDER BY at LIMIT ?)"
	pruneDeliveries = `DELETE FROM deliveries WHERE seq IN (SELECT d.seq FROM runs CROSS JOIN deliveries d
		WHERE d.run = runs.key AND runs.last < ? AND ` + unnamed + ` LIMIT ?)`
	pruneShares = `DELETE FROM run_shares WHERE (run, relay) IN (SELECT s.run, s.relay FROM runs CROSS JOIN run_shares s
		WHERE s.run = runs.key AND runs.last < ? AND ` + unnamed + ` LIMIT ?)`
	pruneUsual      = "DELETE FROM sender_usual WHERE at < ?1 AND (sender, relay) IN (SELECT sender, relay FROM sender_usual WHERE at < ?1 ORDER BY at LIMIT ?2)"
	pruneSenderRuns = "DELETE FROM sender_runs WHERE last < ?1 AND sender IN (SELECT sender FROM sender_runs WHERE last < ?1 ORDER BY last LIMIT ?2)"
	pruneRelays     = "DELETE FROM relays WHERE at < ?1 AND relay IN (SELECT relay FROM relays WHERE at < ?1 ORDER BY at LIMIT ?2)"
	pruneHeirs      = "DELETE FROM run_heirs WHERE at < ?1 AND run IN (SELECT run FROM run_heirs WHERE at < ?1 ORDER BY at LIMIT ?2)"
	pruneKeys       = "DELETE FROM run_keys WHERE (owner, number) IN (SELECT owner, number FROM run_keys WHERE at < ? ORDER BY at LIMIT ?)"
	pruneRuns       = "DELETE FROM runs WHERE last < ?1 AND key IN (SELECT key FROM runs WHERE last < ?1 AND " + unnamed + " ORDER BY last LIMIT ?2)"
	// Whole days only: the hours as long as any exposure of theirs.
	pruneHours         = "DELETE FROM hours WHERE (hour, action, completeness) IN (SELECT hour, action, completeness FROM hours WHERE hour < ? / 86400000000 * 24 LIMIT ?)"
	prunePolicyDays    = "DELETE FROM policy_days WHERE (day, policy, action) IN (SELECT day, policy, action FROM policy_days WHERE day < ? / 86400000000 LIMIT ?)"
	pruneIncidentHours = "DELETE FROM incident_hours WHERE hour IN (SELECT hour FROM incident_hours WHERE hour < ? / 3600000000 LIMIT ?)"
	pruneSenderDays    = "DELETE FROM sender_days WHERE (day, sender) IN (SELECT day, sender FROM sender_days WHERE day < ? / 86400000000 LIMIT ?)"

	// unnamed tells whether no incident names a run.
	unnamed = "NOT EXISTS (SELECT 1 FROM incidents WHERE incidents.key = runs.key AND incidents.key <> '')"
)

// PruneLedger removes exposures older than one time, from PostgreSQL by whole days
// (UTC). Older than another it removes runs that have ended, with their deliveries,
// unless an incident names the run, what was counted by the hour and the day, and the
// numbers of batches: a relay that was cut off sends its last one again. (From PostgreSQL
// it removes deliveries by whole days, too, also those of runs that go on.)
// Of people and recipients it removes what is older than a third one: longer than a run
// is open nobody asks for them. The number is roughly that of the rows.
func (s *Store) PruneLedger(ctx context.Context, exposures, runs, keys time.Time) (removed int64, err error) {
	removed, err = s.db.dropExposures(ctx, s, exposures)
	if err == nil {
		var n int64
		n, err = s.db.dropDeliveries(ctx, s, runs)
		removed += n
	}
	if err != nil {
		return removed, fmt.Errorf("prune the ledger: %w", err)
	}
	for _, step := range []struct {
		sql string
		at  time.Time
	}{
		{pruneShares, runs}, {pruneRuns, runs},
		{pruneUsual, runs}, {pruneSenderRuns, runs}, {pruneKeys, keys}, {pruneRelays, runs}, {pruneHeirs, keys},
		{pruneHours, runs}, {prunePolicyDays, runs}, {pruneIncidentHours, runs}, {pruneSenderDays, runs},
	} {
		n, err := s.prune(ctx, step.sql, step.at)
		if removed += n; err != nil {
			return removed, fmt.Errorf("prune the ledger: %w", err)
		}
	}
	return removed, nil
}

// prune removes rows in steps.
func (s *Store) prune(ctx context.Context, query string, at time.Time) (removed int64, err error) {
	for {
		var n int64
		err := s.writeRows(ctx, func(tx *sql.Tx) error {
			res, err := tx.ExecContext(ctx, query, micros(at), pruneStep)
			if err != nil {
				return err
			}
			n, err = res.RowsAffected()
			return err
		})
		if removed += n; err != nil || n < pruneStep {
			return removed, err
		}
	}
}
