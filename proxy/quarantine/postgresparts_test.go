//go:build unix

package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
)

// partsThere gives the parts of a table.
func partsThere(t *testing.T, s *Store, table string) []string {
	t.Helper()
	all, err := partsBefore(t.Context(), s.reader, table, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The parts of exposures go as wholes, and a part that somebody reads stays until the
// next time, so that nobody waits.
func daysOfExposuresAreDropped(t *testing.T, server *postgrestest.Server) {
	c := newClock()
	relays := shared(t, server, 3, Options{Clock: c.Now})
	s := relays[0]
	today := c.Now()
	write := func(s *Store) {
		l := &Ledger{}
		for day := range 5 {
			for range 3 {
				l.Exposures = append(l.Exposures, Exposure{At: today.AddDate(0, 0, -day), Action: "pass", Exposure: []byte("{}")})
			}
		}
		if err := s.WriteLedger(t.Context(), l); err != nil {
			t.Error(err)
		}
	}
	var wg sync.WaitGroup
	for _, s := range relays[:2] {
		wg.Go(func() { write(s) }) // both make the parts
	}
	wg.Wait()
	prune := func() error {
		_, err := relays[2].PruneLedger(t.Context(), today.AddDate(0, 0, -2), today.AddDate(0, 0, -2), time.Time{})
		return err
	}
	err := s.read(t.Context(), func(tx *sql.Tx) error {
		var there int
		if err := tx.QueryRowContext(t.Context(), "SELECT count(*) FROM exposures").Scan(&there); err != nil {
			return err
		}
		return prune()
	})
	if all := partsThere(t, s, exposuresTable); err != nil || len(all) != 5 {
		t.Errorf("while they are read there are %q left, %v", all, err)
	}
	err = prune()
	if all := partsThere(t, s, exposuresTable); err != nil || len(all) != 3 {
		t.Errorf("of the last three days there are %q, %v", all, err)
	}
	if n, err := s.CountExposures(t.Context(), time.Time{}); err != nil || n != 2*3*3 {
		t.Errorf("%d are left, %v", n, err)
	}
	if n, err := dropPart(t.Context(), s, partOf(exposuresTable, 1), nil); n != 0 || err != nil {
		t.Errorf("%d are removed of a part that another has removed, %v", n, err)
	}
	write(relays[1]) // which knew the parts that are gone
	if n, err := s.CountExposures(t.Context(), time.Time{}); err != nil || n != 2*3*3+5*3 {
		t.Errorf("%d are there, %v", n, err)
	}
}

// deliver notes that copies of runs went to somebody on each of some days.
func deliver(t *testing.T, s *Store, last time.Time, days int, runs ...string) {
	t.Helper()
	l := &Ledger{}
	for _, run := range runs {
		l.Runs = append(l.Runs, Run{Key: run, Print: []byte{1}, First: last.AddDate(0, 0, 1-days), Last: last, Delivered: int64(days)})
		for day := range days {
			l.Deliveries = append(l.Deliveries, Delivery{Run: run, At: last.AddDate(0, 0, -day), Recipients: []string{fmt.Sprintf("day%d@%s.example", day, run)}})
		}
	}
	if err := s.WriteLedger(t.Context(), l); err != nil {
		t.Fatal(err)
	}
}

// servedBy gives whom a run has served, in the order of time.
func servedBy(t *testing.T, s *Store, run string) (all []string) {
	t.Helper()
	err := s.Served(t.Context(), run, func(one Served) error { all = append(all, one.Address); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Days of deliveries go as wholes, but for those of runs that an incident names: they
// are found as before, once each.
func daysOfDeliveriesAreDropped(t *testing.T, server *postgrestest.Server) {
	c := newClock()
	relays := shared(t, server, 2, Options{Clock: c.Now})
	s := relays[0]
	m := copyOf("named", 5)
	hold(t, s, m, "x")
	deliver(t, s, c.Now(), 4, m.IncidentKey, "passed")
	before := servedBy(t, s, m.IncidentKey)
	if len(before) != 4 || len(servedBy(t, s, "passed")) != 4 {
		t.Fatalf("served are %q", before)
	}
	if got := partsThere(t, s, deliveriesTable); len(got) != 4 {
		t.Fatalf("the parts are %q", got)
	}
	for range 2 { // the second time there is nothing to do
		if _, err := relays[1].PruneLedger(t.Context(), time.Time{}, c.Now().AddDate(0, 0, -1), time.Time{}); err != nil {
			t.Fatal(err)
		}
		if got := partsThere(t, s, deliveriesTable); len(got) != 2 {
			t.Errorf("the parts are %q", got)
		}
		if got := servedBy(t, s, m.IncidentKey); !slices.Equal(got, before) {
			t.Errorf("the run that is named has served %q, want %q", got, before)
		}
		if got := servedBy(t, s, "passed"); len(got) != 2 {
			t.Errorf("the one that passed has served %q", got)
		}
	}
	if has, err := s.HasServed(t.Context(), m.IncidentKey, before[0]); err != nil || !has {
		t.Errorf("whom it served on a day that is gone: %t, %v", has, err)
	}
	deliver(t, s, c.Now(), 4, "passed") // of days that are gone
	if got := servedBy(t, s, "passed"); len(got) != 6 {
		t.Errorf("the one that passed has served %q", got)
	}
	// What is in no day goes with its run.
	if _, err := s.writer.Exec("INSERT INTO deliveries (run, at, address, sealed) SELECT ?, 1, address, sealed FROM deliveries LIMIT 1", "old"); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteLedger(t.Context(), &Ledger{Runs: []Run{{Key: "old", Print: []byte{1}, Last: c.Now().AddDate(0, 0, -9)}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PruneLedger(t.Context(), time.Time{}, c.Now().AddDate(0, 0, -1), time.Time{}); err != nil {
		t.Fatal(err)
	}
	var others int
	if err := s.reader.QueryRow("SELECT count(*) FROM deliveries_other").Scan(&others); err != nil || others != 2 {
		t.Errorf("%d are in no day, %v; want those of the run that is named", others, err)
	}
}

// Whoever holds does not wait for what is removed of the ledger, nor that for them; and
// what was written meanwhile stays.
func retentionKeepsNobodyWaiting(t *testing.T, server *postgrestest.Server) {
	c := newClock()
	relays := shared(t, server, 2, Options{Clock: c.Now})
	s := relays[0]
	deliver(t, s, c.Now(), 1, "ended", "going on")
	c.Add(72 * time.Hour)
	before := c.Now().Add(-time.Hour)
	pruned := make(chan error, 1)
	err := s.write(t.Context(), func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(t.Context(), "UPDATE runs SET last = ? WHERE key = ?", micros(c.Now()), "going on"); err != nil {
			return err
		}
		go func() {
			_, err := relays[1].PruneLedger(t.Context(), before, before, before)
			pruned <- err
		}()
		for deadline := time.Now().Add(busyTimeout / 2); ; time.Sleep(10 * time.Millisecond) {
			// It waits for a row, and for that alone.
			var waits bool
			if err := s.reader.QueryRow("SELECT EXISTS (SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database() AND NOT granted AND locktype = 'transactionid')").Scan(&waits); err != nil || waits {
				return err
			}
			if time.Now().After(deadline) {
				t.Error("the removal waits for who writes something else")
				return nil
			}
		}
	})
	if err := errors.Join(err, <-pruned); err != nil {
		t.Error(err)
	}
	if _, err := s.Run(t.Context(), "going on"); err != nil {
		t.Error(err)
	}
	_, err = s.Run(t.Context(), "ended")
	wantErr(t, err, ErrNotFound)
}

// A run of which a copy is held after a day was looked through for what to keep is kept.
func whatIsHeldWhileADayGoesIsKept(t *testing.T, server *postgrestest.Server) {
	c := newClock()
	relays := shared(t, server, 2, Options{Clock: c.Now})
	s := relays[0]
	m, again := copyOf("late", 5), copyOf("again", 5)
	hold(t, s, again, "w")
	deliver(t, s, c.Now(), 1, m.IncidentKey, again.IncidentKey)
	part := partsThere(t, s, deliveriesTable)[0]
	_, err := dropPart(t.Context(), s, part, func(ctx context.Context, tx *sql.Tx, part string) error {
		// Held once keepNamed has asked for the newest incident: it goes through those
		// after, and waits for who holds.
		return keepNamedAfter(ctx, tx, part, func() {
			hold(t, relays[1], m, "x")
			c.Add(2 * quiet)
			hold(t, relays[1], again, "y") // a second incident of a run
			c.Add(-2 * quiet)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range []string{m.IncidentKey, again.IncidentKey} {
		if got := servedBy(t, s, run); len(got) != 1 {
			t.Errorf("%s has served %q", run, got)
		}
	}
	if got := partsThere(t, s, deliveriesTable); len(got) != 0 {
		t.Errorf("the parts are %q", got)
	}
}

// A run that becomes part of another while a day goes neither waits for that day nor keeps
// it from going: what the run has delivered is of other days.
func runsBecomeOneWhileADayGoes(t *testing.T, server *postgrestest.Server) {
	c := newClock()
	relays := shared(t, server, 2, Options{Clock: c.Now})
	s := relays[0]
	deliver(t, s, c.Now().AddDate(0, 0, -9), 1, "old")
	deliver(t, s, c.Now(), 2, "new", "other") // since yesterday
	part := partsThere(t, s, deliveriesTable)[0]
	moved := make(chan error, 1)
	_, err := dropPart(t.Context(), s, part, func(ctx context.Context, tx *sql.Tx, part string) error {
		return keepNamedAfter(ctx, tx, part, func() {
			go func() {
				moved <- relays[1].WriteLedger(ctx, &Ledger{Moves: []Move{{From: "new", To: "other"}}})
			}()
			select {
			case err := <-moved:
				moved <- err
			case <-time.After(10 * time.Second):
				t.Error("the run waits for a day that it has nothing in")
			}
		})
	})
	if err != nil {
		t.Errorf("the day does not go: %v", err)
	}
	if err := <-moved; err != nil {
		t.Error(err)
	}
	if got := servedBy(t, s, "other"); len(got) != 4 {
		t.Errorf("the run that both are has served %q", got)
	}
}

// A store that any released version has made is carried over with what is in it, and
// what a program of that version writes afterwards is found.
func eachVersionsStoreIsCarriedOver(t *testing.T, server *postgrestest.Server) {
	steps, err := (&Store{}).migrationsOf("postgres")
	if err != nil {
		t.Fatal(err)
	}
	// The statements of versions 1 to 3.
	const wrote = `INSERT INTO deliveries (run, at, address, sealed) VALUES ('run', %d, '\x%02x', '\x01')`
	for version := 1; version < len(steps); version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			dir := t.TempDir()
			o := optionsOn(t, server, dir, Options{})
			if err := postgrestest.Do(o.Database, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public"); err != nil {
				t.Fatal(err)
			}
			d, err := newPostgres(o.Database, "")
			if err != nil {
				t.Fatal(err)
			}
			older, rows, reader, err := d.open()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { older.Close(); rows.Close(); reader.Close() }) // only read from here on
			if err := d.migrate(t.Context(), older, steps[:version]); err != nil {
				t.Fatal(err)
			}
			write := func(i int) {
				t.Helper()
				if _, err := older.Exec(fmt.Sprintf(wrote, i, i)); err != nil {
					t.Error(err)
				}
			}
			write(1)
			write(2)
			s := open(t, dir, o)
			write(3) // by the one that is replaced
			deliver(t, s, time.Now(), 1, "run")
			var seqs []int64
			var places []string
			all, err := s.reader.Query("SELECT seq, tableoid::regclass::text FROM deliveries WHERE run = 'run' ORDER BY seq")
			if err != nil {
				t.Fatal(err)
			}
			for all.Next() {
				var seq int64
				var place string
				if err := all.Scan(&seq, &place); err != nil {
					t.Fatal(err)
				}
				seqs, places = append(seqs, seq), append(places, place)
			}
			if err := all.Err(); err != nil || !slices.Equal(seqs, []int64{1, 2, 3, 4}) || places[2] != "deliveries_other" || !strings.HasPrefix(places[3], "deliveries_2") {
				t.Errorf("there are %v in %q, %v", seqs, places, err)
			}
			// An older program moves what it does not know to be sealed for the other run.
			if err := s.WriteLedger(t.Context(), &Ledger{Deliveries: []Delivery{{Run: "other", At: time.Now(), Recipients: []string{reader1}}}}); err != nil {
				t.Fatal(err)
			}
			for _, to := range []string{"third", "moved"} {
				if _, err := older.Exec("UPDATE deliveries SET run = ? WHERE run = ?", to, map[string]string{"third": "other", "moved": "third"}[to]); err != nil {
					t.Error(err)
				}
			}
			if got := servedBy(t, s, "moved"); !slices.Equal(got, []string{reader1}) {
				t.Errorf("the run that it moved to has served %q", got)
			}
			// An older program removes rows one by one, wherever they are.
			if _, err := older.Exec("DELETE FROM deliveries WHERE seq IN (SELECT d.seq FROM runs CROSS JOIN deliveries d WHERE d.run = runs.key LIMIT 10)"); err != nil {
				t.Error(err)
			}
			if got := servedBy(t, s, "run"); len(got) != 0 {
				t.Errorf("%q are left", got)
			}
			hold(t, s, letter(1), "x")
			if err := s.Verify(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
