package quarantine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// What benchmarks of size fill their tables with, by statements that the server
// carries out by itself: no row crosses the line, and no trigger counts it.

// filler fills a database that has our schema.
type filler struct {
	t     testing.TB
	conn  *pgx.Conn
	s     *Store
	until int64 // day of the last row, since 1970
}

func (f *filler) do(query string, args ...any) {
	f.t.Helper()
	if _, err := f.conn.Exec(f.t.Context(), query, args...); err != nil {
		f.t.Fatalf("%.200s: %v", query, err)
	}
}

func newFiller(t testing.TB, s *Store, url string, until time.Time) *filler {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	f := &filler{t, conn, s, micros(until) / dayMicros}
	f.do("SET session_replication_role = replica") // no triggers, no foreign keys
	f.do("SET synchronous_commit = off")
	f.do("SET maintenance_work_mem = '256MB'")
	return f
}

func (f *filler) close() { _ = f.conn.Close(context.WithoutCancel(f.t.Context())) } // nothing is left to write

const filledDays = 30

// days calls fill for the parts of a table, each of which then has so many rows. The
// indexes are made over rows that are there.
func (f *filler) days(table string, rows int, fill func(part string, day int64, n int)) {
	n := rows / filledDays
	for day := f.until - filledDays + 1; day <= f.until; day++ {
		part := partOf(table, day)
		f.do("CREATE UNLOGGED TABLE " + part + " (LIKE " + table + " INCLUDING DEFAULTS)")
		fill(part, day, n)
		f.do(attachPart(table, day))
	}
	f.do("VACUUM ANALYZE " + table) // as the server does by itself in time
}

// exposures are judgements as narrow as they can be: 76 bytes each, where those of a
// relay have about 250.
func (f *filler) exposures(rows int) {
	f.days("exposures", rows, func(part string, day int64, n int) {
		f.do(fmt.Sprintf(`INSERT INTO %s (at, sender, run, action, policy, version, exposure, recipients, bytes)
			SELECT %d + i * %d, lpad(to_hex(i * 7 %% 4001), 3, '0'), chr((97 + i %% 26)::int),
				CASE WHEN i %% 100 = 0 THEN 'hold' WHEN i %% 10 = 0 THEN 'tag' ELSE 'pass' END, '', '', '{}', 1, 4000
			FROM generate_series(1, %d::bigint - 1) i`, part, day*dayMicros, dayMicros/int64(n), n))
	})
	f.do(`INSERT INTO hours (hour, action, completeness, messages)
		SELECT at / 3600000000, action, 'complete', count(*) FROM exposures GROUP BY 1, 2 ON CONFLICT DO NOTHING`)
}

// deliveries are of runs of 1,000 copies each, of which one in 100 is named by an
// incident if there are incidents.
func (f *filler) deliveries(rows int) {
	f.days("deliveries", rows, func(part string, day int64, n int) {
		f.do(fmt.Sprintf(`INSERT INTO %s (day, run, at, address, sealed)
			SELECT %d, 'run ' || (%d + i) / 1000, %d + i * %d, decode(md5(i::text), 'hex'), '\x0101'
			FROM generate_series(1, %d::bigint - 1) i`, part, day, day*int64(n), day*dayMicros, dayMicros/int64(n), n))
	})
	f.do(`INSERT INTO runs (key, sender, print, first, last, copies, delivered, subjects, held, policy, answer, incident)
		SELECT run, 's', '', min(at), max(at), count(*), count(*), 0, 0, '', '', '' FROM deliveries GROUP BY run`)
	f.do(`INSERT INTO run_shares (run, relay, copies, delivered) SELECT key, '', copies, delivered FROM runs`)
	f.do("VACUUM ANALYZE runs, run_shares")
}

// held are messages of 30 days and their incidents: one in five is an incident of its
// own, the others come in runs of 100; one in a thousand is open. There are a tenth as
// many senders as messages, up to a million.
func (f *filler) held(rows int) {
	again := f.withoutIndexes("incidents", "messages", "recipients", "audit")
	start := (f.until - filledDays + 1) * dayMicros
	step := filledDays * dayMicros / int64(rows)
	senders := min(max(rows/10, 10), 1_000_000)
	sender := func(k string) string {
		return fmt.Sprintf(`CASE %[1]s WHEN 7 THEN decode('%[2]x', 'hex') ELSE decode(md5('s' || %[1]s), 'hex') END`, k, f.s.hashAddress("sender7@shop7.example"))
	}
	domain := func(k string) string {
		return fmt.Sprintf(`CASE %[1]s WHEN 7 THEN decode('%[2]x', 'hex') ELSE decode(md5('d' || %[1]s), 'hex') END`, k, f.s.hashDomain("@shop7.example"))
	}
	// Ids are at random in life: an odd factor makes each number of 32 bits another one.
	id := func(prefix, i string) string {
		return fmt.Sprintf(`'%s-' || upper(regexp_replace(lpad(to_hex(%s * 2654435761 %% 4294967296), 8, '0'), '(....)(....)', '\1-\2'))`, prefix, i)
	}
	own, many := "i % 5 = 0", "(i / 125)"
	incident := "CASE WHEN " + own + " THEN " + id("IN", "i") + " ELSE " + id("IN", "("+many+" + 3000000000)") + " END"
	const chunk = 1_000_000
	for from := 1; from <= rows; from += chunk {
		to := min(from+chunk-1, rows)
		f.do(fmt.Sprintf(`INSERT INTO messages (seq, id, incident, incident_key, state, sealed, sender_hash, sender_domain, action, policy, policy_version,
				subjects, records, fields, completeness, size, sha256, stored, received, expires, decided_by, decided)
			SELECT i, %[1]s, %[2]s, CASE WHEN %[3]s THEN '' ELSE 'run ' || %[4]s END, CASE WHEN i %% 1000 = 0 THEN 'held' ELSE 'refused' END, '\x0101',
				%[5]s, %[6]s, 'hold', 'policy-' || i %% 7, '7', 10 + i * 7919 %% 5000, 1, '["contact.email"]',
				CASE WHEN i %% 3 = 0 THEN 'partial' ELSE 'complete' END, 2000 + i %% 90000, '', CASE WHEN i %% 1000 = 0 THEN 1 ELSE 0 END, %[7]d + i * %[8]d, 0, '',
				CASE WHEN i %% 1000 = 0 THEN 0 ELSE %[7]d + i * %[8]d + 3600000000 END
			FROM generate_series(%[9]d::bigint, %[10]d) i`,
			id("BH", "i"), incident, own, many, sender(fmt.Sprintf("(i / 5 %% %d)", senders)), domain("(i / 5 % 10000)"), start, step, from, to))
		f.do(fmt.Sprintf(`INSERT INTO recipients (message, place, address, domain, state)
			SELECT i, 1, CASE i %% 500000 WHEN 7 THEN decode('%x', 'hex') ELSE decode(md5('r' || i %% 500000), 'hex') END, decode(md5('d' || i %% 10000), 'hex'), 'held'
			FROM generate_series(%d::bigint, %d) i`, f.s.hashAddress("reader7@post.example"), from, to))
		f.do(fmt.Sprintf(`INSERT INTO audit (seq, at, message, act, by, reason, detail, hash)
			SELECT i, %d + i * %d, %s, 'held', 'bulkhead', '', '{}', '' FROM generate_series(%d::bigint, %d) i`, start, step, id("BH", "i"), from, to))
	}
	f.do("CREATE TEMPORARY TABLE begun AS SELECT min(seq) AS message, incident FROM messages GROUP BY incident")
	f.do(`INSERT INTO incidents (seq, id, key, policy, copies, open, subjects, first, last, message, sender, sender_domain, fields, completeness, size)
		SELECT m.seq, m.incident, incident_key, policy, CASE WHEN incident_key = '' THEN 1 ELSE 100 END, CASE WHEN state = 'held' THEN 1 ELSE 0 END, subjects,
			received, received, m.seq, sender_hash, sender_domain, fields, completeness, size
		FROM begun JOIN messages m ON m.seq = begun.message ORDER BY m.seq`)
	f.do("DROP TABLE begun")
	for _, statement := range again {
		f.do(statement)
	}
	f.do("UPDATE totals SET messages = (SELECT count(*) FROM messages m WHERE m.state = totals.state)")
	f.do(`INSERT INTO senders (sender, messages, open, incidents, people, message, last)
		SELECT sender_hash, count(*), count(*) FILTER (WHERE state = 'held'), count(DISTINCT incident), max(subjects), max(seq), max(received) FROM messages GROUP BY sender_hash`)
	f.do(`INSERT INTO sender_days (day, sender, messages, people)
		SELECT received / 86400000000, sender_hash, count(*), max(subjects) FROM messages GROUP BY 1, 2`)
	f.do(`INSERT INTO incident_hours (hour, incidents, people, kept) SELECT first / 3600000000, count(*), sum(subjects), sum(subjects) FROM incidents GROUP BY 1`)
	f.do("SELECT setval(pg_get_serial_sequence(t, 'seq'), $1) FROM unnest(ARRAY['messages', 'incidents']) t", rows+1)
	f.do("VACUUM ANALYZE")
}

// withoutIndexes drops the indexes of tables, and the keys that others refer to, and
// gives the statements that make them again.
func (f *filler) withoutIndexes(tables ...string) (again []string) {
	rows, err := f.conn.Query(f.t.Context(), `SELECT indexdef, indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = ANY($1)
		AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = (indexname)::regclass)`, tables)
	if err != nil {
		f.t.Fatal(err)
	}
	var names []string
	for rows.Next() {
		var made, name string
		if err := rows.Scan(&made, &name); err != nil {
			f.t.Fatal(err)
		}
		again, names = append(again, made), append(names, name)
	}
	if err := rows.Err(); err != nil {
		f.t.Fatal(err)
	}
	for _, name := range names {
		f.do("DROP INDEX " + name)
	}
	return again
}

// fingerprint names a database by what it is filled with.
func fingerprint(what string, rows int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", what, rows))
	return "rows_" + what + "_" + hex.EncodeToString(sum[:3])
}
