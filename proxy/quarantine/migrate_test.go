package quarantine

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"github.com/google/go-cmp/cmp"
)

// oldStore makes a store as version 1 did, with one message held and one
// partly released.
func oldStore(t *testing.T, dir string) (held, partly Message, content string) {
	t.Helper()
	content = "Subject: quarterly\r\n\r\nbody\r\n"
	schema, err := os.ReadFile("testdata/schema-1.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", dsn(filepath.Join(dir, databaseName), ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	do := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatal(err)
		}
	}
	do(string(schema) + "; PRAGMA user_version = 1;")
	do("INSERT INTO incidents (id, key, policy, first, last) VALUES ('IN-0000-0001', '', 'p', 1, 1)")
	var before []byte
	var all []Message
	for i, id := range []string{"BH-0000-0001", "BH-ZZZZ-0002"} {
		m := named()
		m.ID, m.Incident, m.State, m.Size = id, "IN-0000-0001", Held, int64(len(content))
		m.SHA256 = sumOf(content)
		if i == 1 { // evidence as it mostly is
			m.Evidence = []byte(`{"sample":"` + strings.Repeat("Q**** of quill, ", 100) + `"}`)
		}
		m.Action, m.PolicyVersion, m.Completeness, m.Fields = "hold", "7", "complete", []string{"person.name"}
		m.Received = time.Date(2031, 3, 5, 8, 0, i, 0, time.UTC)
		fields, reasons := mustJSON(t, m.Fields), mustJSON(t, m.Reasons)
		do(`INSERT INTO messages (id, incident, incident_key, state, sender, mail_params, action, policy, policy_version,
				subjects, records, fields, reasons, completeness, evidence, size, sha256, client, auth, received, expires)
			VALUES (?, ?, '', 'held', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`,
			m.ID, m.Incident, m.From, joinParams(m.MailParams), m.Action, m.Policy, m.PolicyVersion, m.Subjects, m.Records,
			fields, reasons, m.Completeness, string(m.Evidence), m.Size, m.SHA256, m.Client, m.Auth, micros(m.Received))
		for j := range m.Recipients {
			r := &m.Recipients[j]
			r.State = RecipientHeld
			do("INSERT INTO recipients (message, place, address, params) VALUES (?, ?, ?, ?)", i+1, j+1, r.Address, joinParams(r.Params))
		}
		e := entryRow{seq: int64(i + 1), at: 1, message: m.ID, act: string(ActHeld), by: bySystem, detail: fmt.Sprintf(`{"sha256":%q}`, m.SHA256)}
		sum := e.sum(before)
		do("INSERT INTO audit (seq, at, message, act, by, reason, detail, hash) VALUES (?, ?, ?, ?, ?, '', ?, ?)", e.seq, e.at, e.message, e.act, e.by, e.detail, sum)
		before = sum
		write(t, filepath.Join(dir, "content", packs.Shard(id), id+".eml"), content)
		all = append(all, m)
	}
	all[1].Recipients[0].State, all[1].Recipients[0].Reply, all[1].State = RecipientReleased, "250 2.1.5", PartlyReleased
	do("INSERT INTO releases (seq, message, by, reason, begun, lease, ended, outcome) VALUES (9, 2, 'anna', '', 1, 2, 3, 'settled')")
	do("UPDATE recipients SET state = 'released', reply = '250 2.1.5', release = 9 WHERE message = 2 AND place = 1")
	do("UPDATE messages SET state = 'partly_released', reached = 1 WHERE seq = 2")
	e := entryRow{seq: 3, at: 1, message: all[1].ID, act: string(ActReleaseSettled), by: "anna", detail: "{}"}
	do("INSERT INTO audit (seq, at, message, act, by, reason, detail, hash) VALUES (3, 1, ?, ?, ?, '', '{}', ?)", e.message, e.act, e.by, e.sum(before))
	return all[0], all[1], content
}

func sumOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestStoreOfTheFirstVersionIsCarriedOver(t *testing.T) {
	ofSQLite(t, "its migrations")
	t.Parallel()
	dir := t.TempDir()
	held, partly, content := oldStore(t, dir)
	c := newClock()
	s := open(t, dir, Options{Clock: c.Now})
	for _, want := range []Message{held, partly} {
		want.Expires = c.Now().Add(defaultUndecided) // its retention begins now
		want.Answered = 250
		if diff := cmp.Diff(want, get(t, s, want.ID)); diff != "" {
			t.Errorf("%s reads otherwise (-before +after):\n%s", want.ID, diff)
		}
		if got := readContent(t, s, want.ID); got != content {
			t.Errorf("content of %s is %q", want.ID, got)
		}
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	for _, q := range []Query{{From: held.From}, {To: "w@other.example"}, {From: "@shop.example"}} {
		if all, _, err := s.List(t.Context(), q); err != nil || len(all) != 2 {
			t.Errorf("%+v finds %d, %v; want both", q, len(all), err)
		}
	}
	page, err := s.IncidentPage(t.Context(), IncidentQuery{})
	if err != nil || len(page.Incidents) != 1 || page.Incidents[0].From != held.From || page.Incidents[0].Copies != 2 || page.Incidents[0].Subjects != held.Subjects {
		t.Errorf("its incidents: %+v, %v", page.Incidents, err)
	}
	if d, err := s.RunDecision(t.Context(), held.Incident); err != nil || !d.Open || !slices.Equal(d.Policies, []string{held.Policy}) || !slices.Equal(d.Fields, held.Fields) {
		t.Errorf("decision: %+v, %v", d, err)
	}
	// Nothing of what was plain is left, in the database or its log.
	for _, file := range []string{databaseName, databaseName + "-wal"} {
		part := t.TempDir()
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(part, file), string(b))
		wantNoWords(t, part, wordsOf...)
	}
	st, err := s.Stats(t.Context())
	if err != nil || st.ByState[Held] != 1 || st.ByState[PartlyReleased] != 1 || st.Bytes != 2*int64(len(content)) {
		t.Errorf("%+v, %v", st, err)
	}
	settle(t, begin(t, s, partly.ID, "w@other.example"), RecipientResult{Address: "w@other.example", State: RecipientReleased})
	if m := get(t, s, partly.ID); m.State != Released {
		t.Errorf("after the rest was released it is %s", m.State)
	}
	if err := errors.Join(s.Delete(t.Context(), held.ID, "anna", ""), s.Delete(t.Context(), partly.ID, "anna", "")); err != nil {
		t.Error(err)
	}
	wantFiles(t, dir, 0)
	hold(t, s, letter(1), "and new ones come")
}

// TestSendersOfAnOlderStoreAreFoundAgain: a held run goes on braking its copies
// when names of senders become keyed, and no unkeyed name is left.
func TestSendersOfAnOlderStoreAreFoundAgain(t *testing.T) {
	ofSQLite(t, "its migrations")
	t.Parallel()
	dir, c := t.TempDir(), newClock()
	const who = "user\x00newsletter-tool"
	sum := sha256.Sum256([]byte(who))
	unkeyed := hex.EncodeToString(sum[:12])
	olderStore(t, dir, "sender_names", `
		INSERT INTO runs VALUES ('run-1', '`+unkeyed+`', x'00', 1, `+fmt.Sprint(micros(c.Now()))+`, 3, 1, 20, 1, 'p', 'accept', '');
		INSERT INTO exposures VALUES (1, 1, '`+unkeyed+`', 'run-1', 'hold', 'p', '7', '{}', 1, 1), (2, 1, 'of another', '', 'pass', '', '7', '{}', 1, 1);`)

	s := open(t, dir, Options{Clock: c.Now})
	runs, err := s.Runs(t.Context(), s.SenderName(who), "", c.Now())
	if err != nil || len(runs) != 1 || !runs[0].Held {
		t.Errorf("the sender has %+v, %v; want its held run", runs, err)
	}
	var senders []string
	err = s.Exposures(t.Context(), time.Time{}, func(e Exposure) error { senders = append(senders, e.Sender); return nil })
	if err != nil || len(senders) != 2 || senders[1] != s.SenderName(who) || senders[0] == "of another" || senders[0] == senders[1] {
		t.Errorf("exposures are of %q, %v", senders, err)
	}
	if other := open(t, t.TempDir(), Options{}); other.SenderName(who) == s.SenderName(who) {
		t.Error("the name is the same in another store: it can be guessed")
	}
	for _, file := range []string{databaseName, databaseName + "-wal"} {
		if b, err := os.ReadFile(filepath.Join(dir, file)); err != nil || strings.Contains(string(b), unkeyed) {
			t.Errorf("%s has the unkeyed name, or %v", file, err)
		}
	}
}

// olderStore makes a store as it was before the migration that has the given
// words, and puts rows into it.
func olderStore(t *testing.T, dir, words, rows string) {
	t.Helper()
	steps, err := (&Store{}).migrations()
	if err != nil {
		t.Fatal(err)
	}
	before := slices.IndexFunc(steps, func(m migration) bool { return strings.Contains(m.sql, words) })
	if before < 0 {
		t.Fatalf("no migration has %q", words)
	}
	storeOfVersion(t, dir, before, func(conn *sql.Conn) {
		if _, err := conn.ExecContext(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
	})
}

// storeOfVersion makes a store as a version had it, and lets it be filled.
func storeOfVersion(t *testing.T, dir string, version int, fill func(*sql.Conn)) {
	t.Helper()
	s := &Store{dir: dir, opts: Options{}.withDefaults(), clock: sharedClock{machine: time.Now}}
	if err := s.makeFolders(); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.writer, err = sql.Open("sqlite", dsn(s.databasePath(), "_txlock=immediate")); err != nil {
		t.Fatal(err)
	}
	s.reader = s.writer
	steps, err := s.migrations()
	if err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), s.writer, steps[:version]); err != nil {
		t.Fatal(err)
	}
	conn, err := s.writer.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fill(conn)
	if err := errors.Join(conn.Close(), s.writer.Close()); err != nil {
		t.Fatal(err)
	}
}

// copyRows fills an older store with the rows of a newer one, as far as it has
// columns for them, without its triggers: they are as they are.
func copyRows(t *testing.T, conn *sql.Conn, from string) {
	t.Helper()
	list := func(query string, args ...any) (all []string) {
		rows, err := conn.QueryContext(t.Context(), query, args...)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return all
	}
	do := func(query string, args ...any) {
		if _, err := conn.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	do("PRAGMA foreign_keys = OFF")
	do("ATTACH ? AS newer", from)
	triggers := list("SELECT sql FROM main.sqlite_master WHERE type = 'trigger'")
	for _, name := range list("SELECT name FROM main.sqlite_master WHERE type = 'trigger'") {
		do("DROP TRIGGER main." + name)
	}
	for _, table := range list("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
		columns := strings.Join(list("SELECT name FROM pragma_table_info(?, 'main') JOIN pragma_table_info(?, 'newer') USING (name)", table, table), ", ")
		do("DELETE FROM main." + table)
		do(fmt.Sprintf("INSERT INTO main.%s (%s) SELECT %s FROM newer.%s", table, columns, columns, table))
	}
	for _, trigger := range triggers {
		do(trigger)
	}
}

// TestANewMigrationComesLast: a store's version is how many it has had, in the
// order of their names. One between those that stores have would never be applied
// to them, and the last one twice. Whoever adds one adds it to the end of the list,
// and nobody takes one off.
func TestANewMigrationComesLast(t *testing.T) {
	t.Parallel()
	for dialect, landed := range map[string][]string{
		"sqlite": {
			"0001_initial.sql", "0002_sealed.sql", "0003_runs.sql", "0004_notices.sql", "0005_decisions.sql",
			"0008_senders.sql", "0009_lists.sql", "0010_places.sql", "0011_statements.sql", "0012_reviewed.sql",
			"0014_stopped.sql", "0015_accounts.sql", "0016_once.sql", "0017_dialects.sql",
			"0018_relays.sql", "0019_batches.sql", "0020_moved.sql",
			"0021_heirs.sql", "0022_moves.sql",
		},
		"postgres": {
			"0001_schema.sql", "0002_relays.sql", "0003_batches.sql", "0004_deliveries.sql", "0005_moved.sql",
			"0006_senders.sql", "0007_heirs.sql", "0008_moves.sql",
		},
	} {
		entries, err := migrationFiles.ReadDir("migrations/" + dialect)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if diff := cmp.Diff(landed, names); diff != "" {
			t.Errorf("migrations of %s (-landed +there):\n%s", dialect, diff)
		}
		if !slices.IsSorted(landed) {
			t.Errorf("those of %s are not applied in this order", dialect)
		}
	}
}

// What the lists, the overview and the brake read.
const (
	figuresOfHeld = `SELECT 'incident', id, message, hex(sender), hex(sender_domain), fields, completeness, size, '' FROM incidents
		UNION ALL SELECT 'reviewed', id, released, kinds, '', '', '', '', '' FROM incidents
		UNION ALL SELECT 'sender', hex(sender), messages, open, incidents, people, message, last, '' FROM senders
		UNION ALL SELECT 'day', day, hex(sender), messages, people, '', '', '', '' FROM sender_days ORDER BY 1, 2, 3, 4`
	figuresOfLedger = `SELECT 'passed', id, passed, '', '', '', '', '', '' FROM incidents
		UNION ALL SELECT 'hour', hour, action, completeness, messages, '', '', '', '' FROM hours
		UNION ALL SELECT 'policy', day, policy, action, messages, '', '', '', '' FROM policy_days
		UNION ALL SELECT 'incidents', hour, incidents, people, kept, '', '', '', '' FROM incident_hours ORDER BY 1, 2, 3, 4`
	// ledgerVersion is the version that the ledger began with.
	ledgerVersion = 3
)

// TestFiguresOfAnOlderStoreAreThoseOfANewOne: what the lists, the overview and the
// brake read of messages that were held before is what they would read had it been
// kept up from the start, whatever version held them. (The first had no sealed
// columns: see TestStoreOfTheFirstVersionIsCarriedOver.)
func TestFiguresOfAnOlderStoreAreThoseOfANewOne(t *testing.T) {
	testbed.SkipShort(t, "filling a store takes long")
	t.Parallel()
	c := newClock()
	dir := t.TempDir()
	s := open(t, dir, Options{Clock: c.Now})
	varied(t, s, c)
	for _, removed := range []bool{false, true} { // released to one of two
		m := copyOf("partly", 5)
		m.Recipients = append(m.Recipients, Recipient{Address: "reader2@post.example"})
		m = hold(t, s, m, "x")
		settle(t, begin(t, s, m.ID, reader1), RecipientResult{Address: reader1, State: RecipientReleased})
		if removed {
			if err := s.Delete(t.Context(), m.ID, "anna", ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	judgements := &Ledger{}
	for i := range 50 {
		judgements.Exposures = append(judgements.Exposures, Exposure{At: c.Now().Add(-time.Duration(i) * 20 * time.Minute), Action: []string{"pass", "hold"}[i%2],
			Policy: []string{"", "p"}[i%2], Exposure: []byte(`{"completeness":"partial"}`)})
	}
	if err := s.WriteLedger(t.Context(), judgements); err != nil {
		t.Fatal(err)
	}
	held, ledger := table9(t, s, figuresOfHeld), table9(t, s, figuresOfLedger)
	if len(held) < 2*61+5 || len(ledger) < 61+5 {
		t.Fatalf("only %d and %d figures", len(held), len(ledger))
	}
	steps, err := s.migrations()
	if err != nil {
		t.Fatal(err)
	}
	for version := 2; version < len(steps); version++ {
		older := t.TempDir()
		if err := os.CopyFS(older, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{databaseName, databaseName + "-wal", databaseName + "-shm"} {
			if err := os.Remove(filepath.Join(older, file)); err != nil {
				t.Fatal(err)
			}
		}
		storeOfVersion(t, older, version, func(conn *sql.Conn) { copyRows(t, conn, s.databasePath()) })
		migrated := open(t, older, Options{Clock: c.Now})
		if diff := cmp.Diff(held, table9(t, migrated, figuresOfHeld)); diff != "" {
			t.Errorf("version %d: figures of what was held (-kept up +migrated):\n%s", version, diff)
		}
		if version < ledgerVersion {
			continue
		}
		if diff := cmp.Diff(ledger, table9(t, migrated, figuresOfLedger)); diff != "" {
			t.Errorf("version %d: figures of the ledger (-kept up +migrated):\n%s", version, diff)
		}
	}
}

// table9 reads rows of nine columns.
func table9(t testing.TB, s *Store, query string) (all [][9]string) {
	t.Helper()
	rows, err := s.reader.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var r [9]string
		if err := rows.Scan(&r[0], &r[1], &r[2], &r[3], &r[4], &r[5], &r[6], &r[7], &r[8]); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
