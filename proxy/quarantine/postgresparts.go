package quarantine

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"
)

// The tables that grow with each message that passes are kept in parts for days (UTC):
// removing rows one by one would cost as much as writing them, and leave their room to
// a vacuum. Held messages are in one table: what is known of them is not removed, since
// the audit trail vouches for it.
const (
	exposuresTable  = "exposures"
	deliveriesTable = "deliveries"
)

// dayParts are the parts that are known to be there, by name.
type dayParts struct {
	mu    sync.Mutex
	names map[string]bool
}

// partsMost bounds what is remembered.
const partsMost = 1000

func (p *dayParts) has(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.names[name]
}

func (p *dayParts) add(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.names == nil || len(p.names) >= partsMost {
		p.names = map[string]bool{}
	}
	p.names[name] = true
}

func (p *dayParts) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names = nil
}

// partOf names the part of a day.
func partOf(table string, day int64) string {
	return table + "_" + time.UnixMicro(day*dayMicros).UTC().Format("20060102")
}

func (d *postgresDatabase) parted() bool { return true }

func (d *postgresDatabase) makeRoom(ctx context.Context, s *Store, l *Ledger) error {
	for i := range l.Exposures {
		if err := d.makePart(ctx, s, exposuresTable, l.Exposures[i].At); err != nil {
			return err
		}
	}
	for i := range l.Deliveries {
		if err := d.makePart(ctx, s, deliveriesTable, l.Deliveries[i].At); err != nil {
			return err
		}
	}
	return nil
}

// makePart makes a part by itself and then attaches it, which no reader and no
// writer of the others waits for.
func (d *postgresDatabase) makePart(ctx context.Context, s *Store, table string, at time.Time) error {
	day := micros(at) / dayMicros
	name := partOf(table, day)
	if d.parts.has(name) || table == deliveriesTable && day < 1 { // of no time
		return nil
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		var there bool
		if err := tx.QueryRowContext(ctx, "SELECT to_regclass(?) IS NOT NULL", name).Scan(&there); err != nil || there {
			return err
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS); %s;", name, table, attachPart(table, day)))
		return err
	})
	if err != nil {
		return fmt.Errorf("make room in %s: %w", name, err)
	}
	d.parts.add(name)
	return nil
}

// attachPart is the SQL that makes a table the part of a day.
func attachPart(table string, day int64) string {
	from, to := day*dayMicros, (day+1)*dayMicros // of at
	if table == deliveriesTable {
		from, to = day, day+1 // of day
	}
	return fmt.Sprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%d) TO (%d)", table, partOf(table, day), from, to)
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

// daysSince allows for a machine whose clock is a day behind. The days are in the text
// and no arguments: parts that a statement is prepared with are locked by it.
func (d *postgresDatabase) daysSince(at int64) (deliveries, exposures string) {
	day := at/dayMicros - 1
	return fmt.Sprintf(" AND (day < 1 OR day >= %d)", day), fmt.Sprintf(" AND at >= %d", day*dayMicros)
}

// dropWait is how long removing a part waits for who reads it. Others wait behind
// it, so it does not wait long, and is tried again the next time.
const dropWait = 500 * time.Millisecond

const lockNotAvailable, undefinedTable = "55P03", "42P01"

func (d *postgresDatabase) dropExposures(ctx context.Context, s *Store, before time.Time) (removed int64, err error) {
	return d.dropParts(ctx, s, exposuresTable, before, nil)
}

// dropDeliveries removes days of deliveries but for those of runs that incidents name,
// and of what is in no day, runs that have ended.
func (d *postgresDatabase) dropDeliveries(ctx context.Context, s *Store, before time.Time) (removed int64, err error) {
	removed, err = d.dropParts(ctx, s, deliveriesTable, before, keepNamed)
	if err != nil {
		return removed, err
	}
	n, err := s.prune(ctx, pruneOtherDeliveries, before)
	return removed + n, err
}

// pruneOtherDeliveries reads all that is kept, which is more each year.
const pruneOtherDeliveries = `DELETE FROM deliveries_other WHERE seq IN (SELECT d.seq FROM runs CROSS JOIN deliveries_other d
	WHERE d.run = runs.key AND runs.last < ? AND ` + unnamed + ` LIMIT ?)`

// saver sees to what has to outlive a part.
type saver func(ctx context.Context, tx *sql.Tx, part string) error

// dropParts drops the parts of a table for days before that of a time; save is nil
// where nothing outlives them.
func (d *postgresDatabase) dropParts(ctx context.Context, s *Store, table string, before time.Time, save saver) (removed int64, err error) {
	names, err := partsBefore(ctx, s.reader, table, micros(before)/dayMicros)
	for _, name := range names {
		d.parts.clear()
		n, err := dropPart(ctx, s, name, save)
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
// How many these were is what the server has counted: to count them again would read
// all of what is to go.
func dropPart(ctx context.Context, s *Store, name string, save saver) (rows int64, err error) {
	err = s.writeRows(ctx, func(tx *sql.Tx) error {
		// Nobody adds to it any more; who reads it goes on.
		_, err := tx.ExecContext(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d; LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE;", dropWait.Milliseconds(), name))
		if err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, "SELECT pg_stat_get_live_tuples(to_regclass(?))", name).Scan(&rows); err != nil {
			return err
		}
		if save != nil {
			if err := save(ctx, tx, name); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "DROP TABLE "+name)
		return err
	})
	if faultOf(err) == undefinedTable {
		return 0, nil
	}
	return rows, err
}

// keepNamed keeps of a part of deliveries those of runs that incidents name. That
// may take a while, so messages are held meanwhile; what was held since is looked at
// when nobody holds any more.
func keepNamed(ctx context.Context, tx *sql.Tx, part string) error {
	return keepNamedAfter(ctx, tx, part, func() {})
}

// keepNamedAfter does so; meanwhile is what happens once it has begun.
func keepNamedAfter(ctx context.Context, tx *sql.Tx, part string, meanwhile func()) error {
	var newest int64
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM incidents").Scan(&newest); err != nil {
		return err
	}
	meanwhile()
	move := "INSERT INTO deliveries (seq, run, at, address, sealed, sealed_run) SELECT seq, run, at, address, sealed, sealed_run FROM " + part + " WHERE run IN (SELECT key FROM incidents i WHERE key <> '' AND "
	_, err := tx.ExecContext(ctx, fmt.Sprintf(`%[1]s seq <= %[2]d); %[3]s;
		%[1]s seq > %[2]d AND NOT EXISTS (SELECT 1 FROM incidents o WHERE o.key = i.key AND o.key <> '' AND o.seq <= %[2]d));`, move, newest, aloneLock))
	return err
}

// partsBefore names the parts of days before one, in order.
func partsBefore(ctx context.Context, q querier, table string, day int64) (all []string, err error) {
	rows, err := q.QueryContext(ctx, `SELECT relname::text FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
		WHERE inhparent = to_regclass(?) AND relname::text COLLATE "C" < ? ORDER BY 1`, table, partOf(table, day))
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
