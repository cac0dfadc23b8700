package quarantine

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"time"
)

// What the ledger does otherwise in PostgreSQL: many relays write it at once, and it
// is kept in parts.

// lockRuns locks rows in one order. A run that is not there yet is nobody's.
func (d *postgresDatabase) lockRuns(ctx context.Context, tx *sql.Tx, runs []Run) (held bool, err error) {
	if len(runs) == 0 {
		return false, nil
	}
	keys := make([]string, len(runs))
	for i := range runs {
		keys[i] = runs[i].Key
	}
	err = tx.QueryRowContext(ctx, `SELECT coalesce(max(held), 0) FROM (SELECT held FROM runs
		WHERE key IN (SELECT unnest(string_to_array(?, chr(31)))) ORDER BY key FOR NO KEY UPDATE) AS locked`, strings.Join(keys, "\x1f")).Scan(&held)
	if err != nil {
		return false, fmt.Errorf("lock runs: %w", err)
	}
	return held, nil
}

// dayParts are the parts of the table of exposures that are known to be there.
type dayParts struct {
	mu   sync.Mutex
	days map[int64]bool
}

// daysMost bounds what is remembered.
const daysMost = 1000

func (p *dayParts) has(day int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.days[day]
}

func (p *dayParts) add(day int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.days == nil || len(p.days) >= daysMost {
		p.days = map[int64]bool{}
	}
	p.days[day] = true
}

func (p *dayParts) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.days = nil
}

const partPrefix = "exposures_"

// partOf names the part of a day.
func partOf(day int64) string {
	return partPrefix + time.UnixMicro(day*dayMicros).UTC().Format("20060102")
}

func (d *postgresDatabase) makeRoom(ctx context.Context, s *Store, all []Exposure) error {
	for i := range all {
		day := micros(all[i].At) / dayMicros
		if d.parts.has(day) {
			continue
		}
		if err := s.write(ctx, func(tx *sql.Tx) error { return makePart(ctx, tx, day) }); err != nil {
			return fmt.Errorf("make room for exposures: %w", err)
		}
		d.parts.add(day)
	}
	return nil
}

// noRoom forgets what was known of the parts: another machine removes them too.
func (d *postgresDatabase) noRoom(err error) bool {
	const noPart = "23514"
	if faultOf(err) != noPart {
		return false
	}
	d.parts.clear()
	return true
}

// makePart makes a part by itself and then attaches it, which no reader and no
// writer of the others waits for.
func makePart(ctx context.Context, tx *sql.Tx, day int64) error {
	name := partOf(day)
	var there bool
	if err := tx.QueryRowContext(ctx, "SELECT to_regclass(?) IS NOT NULL", name).Scan(&there); err != nil || there {
		return err
	}
	_, err := tx.ExecContext(ctx, fmt.Sprintf(`CREATE TABLE %s (LIKE exposures INCLUDING DEFAULTS);
		ALTER TABLE exposures ATTACH PARTITION %s FOR VALUES FROM (%d) TO (%d);`, name, name, day*dayMicros, (day+1)*dayMicros))
	return err
}

// dropWait is how long removing a part waits for who reads it. Others wait behind
// it, so it does not wait long, and is tried again the next time.
const dropWait = 500 * time.Millisecond

const lockNotAvailable, undefinedTable = "55P03", "42P01"

func (d *postgresDatabase) dropRoom(ctx context.Context, s *Store, before time.Time) (removed int64, err error) {
	names, err := partsBefore(ctx, s.reader, partOf(micros(before)/dayMicros))
	for _, name := range names {
		d.parts.clear()
		n, err := dropPart(ctx, s, name)
		if faultOf(err) == lockNotAvailable { // somebody reads it, and so perhaps the others
			return removed, nil
		}
		if err != nil {
			return removed, fmt.Errorf("remove %s: %w", name, err)
		}
		removed += n
	}
	return removed, err
}

// dropPart removes a part with its rows, unless another machine has just removed it.
func dropPart(ctx context.Context, s *Store, name string) (rows int64, err error) {
	err = s.reader.QueryRowContext(ctx, "SELECT count(*) FROM "+name).Scan(&rows)
	if err == nil {
		err = s.writeRows(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d; DROP TABLE %s;", dropWait.Milliseconds(), name))
			return err
		})
	}
	if faultOf(err) == undefinedTable {
		return 0, nil
	}
	return rows, err
}

// partsBefore names the parts of days before one, in order.
func partsBefore(ctx context.Context, q querier, name string) (all []string, err error) {
	rows, err := q.QueryContext(ctx, `SELECT relname::text FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
		WHERE inhparent = to_regclass('exposures') AND relname::text COLLATE "C" < ? ORDER BY 1`, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		all = append(all, name)
	}
	return all, rows.Err()
}
