package quarantine

import (
	"database/sql"
	"errors"
	"testing"
	"time"
)

// A relay has a share of a run that became part of another, and is gone: others take
// its share there, in the incident as well, once and not before its time. One that was
// there all the same is not counted twice.
func TestWhatARelayHasLeftIsTakenOver(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	share := func(key, relay string, n int64) Run {
		r := runOf(c, key)
		r.Relay, r.Copies, r.Delivered = relay, n, n
		return r
	}
	write := func(relay string, batch int64, l *Ledger) {
		t.Helper()
		l.Relay, l.Batch = relay, batch
		if err := s.WriteLedger(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	takeOver := func(want int) {
		t.Helper()
		if n, err := s.TakeOver(t.Context(), c.Now().Add(-10*time.Minute)); n != want || err != nil {
			t.Errorf("%d shares are taken over, %v; want %d", n, err, want)
		}
	}
	incident := func(want int) {
		t.Helper()
		all, _, err := s.Incidents(t.Context(), IncidentQuery{})
		if err != nil || len(all) != 1 || all[0].Delivered != want {
			t.Errorf("incidents %+v, %v; want one with %d delivered", all, err, want)
		}
	}
	write("gone", 1, &Ledger{Runs: []Run{share("new", "gone", 3), share("old", "gone", 1)},
		Deliveries: []Delivery{{Run: "new", At: c.Now(), Recipients: []string{reader1}}}})
	c.Add(time.Hour)
	write("there", 1, &Ledger{Runs: []Run{share("new", "there", 5)}})
	held := share("old", "a", 2)
	m := copyOf("old", 12)
	m.Run = &held
	hold(t, s, m, "x")
	write("a", 1, &Ledger{Moves: []Move{{Relay: "a", From: "new", To: "old"}}}) // which has nothing of it
	incident(3)
	takeOver(1)
	incident(6)
	takeOver(0)
	if n := served(t, s, "old"); n != 1 {
		t.Errorf("%d deliveries are of the run, want that of the relay that has gone", n)
	}
	if r, err := s.Run(t.Context(), "new"); err != nil || r.Copies != 5 {
		t.Errorf("the other run has %d copies, %v; want those of the relay that is there", r.Copies, err)
	}
	// The relay writes on, and moves its share itself.
	write("gone", 2, &Ledger{Runs: []Run{share("new", "gone", 4)}})
	write("gone", 3, &Ledger{Moves: []Move{{Relay: "gone", From: "new", To: "old"}}, Runs: []Run{share("old", "gone", 5)}})
	incident(7)
	write("there", 2, &Ledger{Moves: []Move{{Relay: "there", From: "new", To: "old"}}, Runs: []Run{share("old", "there", 5)}})
	incident(12)
	if _, err := s.Run(t.Context(), "new"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the other run is still there: %v", err)
	}
	// What is known of it goes with its time.
	var heirs int
	count := func() int {
		if err := s.reader.QueryRowContext(t.Context(), "SELECT count(*) FROM run_heirs").Scan(&heirs); err != nil {
			t.Fatal(err)
		}
		return heirs
	}
	if count() != 1 {
		t.Errorf("%d runs have heirs, want one", heirs)
	}
	c.Add(time.Hour)
	if _, err := s.PruneLedger(t.Context(), time.Time{}, time.Time{}, c.Now()); err != nil || count() != 0 {
		t.Errorf("%d runs have heirs, %v; want none", heirs, err)
	}
}

// A program that knows of no shares and of no counts of held runs, as it was before
// relays shared a ledger, writes on while it is replaced: what it writes is counted, its
// runs stay, and a relay that has not read what it holds is overtaken.
func TestWhatAnOlderProgramWritesIsCounted(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	older := func(key string, copies int64, held bool) {
		t.Helper()
		err := s.writeRows(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), `INSERT INTO runs (key, sender, print, first, last, copies, delivered, subjects, held, policy, answer, incident)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (key) DO UPDATE SET
					last = CASE WHEN excluded.last > runs.last THEN excluded.last ELSE runs.last END,
					copies = CASE WHEN excluded.copies > runs.copies THEN excluded.copies ELSE runs.copies END,
					delivered = CASE WHEN excluded.delivered > runs.delivered THEN excluded.delivered ELSE runs.delivered END,
					held = CASE WHEN excluded.held > runs.held THEN excluded.held ELSE runs.held END`,
				key, "sender-1", []byte{1}, micros(c.Now()), micros(c.Now()), copies, copies, 5, held, "p", "accept", "")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	newer := func(l *Ledger) {
		t.Helper()
		if err := s.WriteLedger(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	share := func(key string, n int64) Run {
		r := runOf(c, key)
		r.Relay, r.Copies, r.Delivered = "a", n, n
		return r
	}
	want := func(key string, copies int64) {
		t.Helper()
		if r, err := s.Run(t.Context(), key); err != nil || r.Copies != copies || r.Delivered != copies {
			t.Errorf("run %s has %d copies, %d delivered, %v; want %d", key, r.Copies, r.Delivered, err, copies)
		}
	}
	older("both", 4, false)
	newer(&Ledger{Runs: []Run{share("both", 2)}})
	want("both", 6)
	older("both", 9, false) // it has read six, and had three more
	newer(&Ledger{Runs: []Run{share("both", 3)}})
	want("both", 10)

	older("its", 4, false)
	newer(&Ledger{Moves: []Move{{Relay: "a", From: "its", To: "both"}}})
	want("its", 4)
	if n, err := s.TakeOver(t.Context(), c.Now().Add(time.Second)); n != 1 || err != nil {
		t.Errorf("%d shares are taken over, %v; want that of the older program", n, err)
	}
	want("both", 14)

	before, err := s.SenderRuns(t.Context(), "sender-1")
	if err != nil {
		t.Fatal(err)
	}
	older("held", 1, false)
	older("held", 2, true)
	older("held", 3, true)
	older("held at once", 1, true)
	of, err := s.SenderRuns(t.Context(), "sender-1")
	if err != nil || of.Held != before.Held+2 {
		t.Errorf("%d runs are held, %v; want two more than %d", of.Held, err, before.Held)
	}
}

// A run becomes part of one that becomes part of a third: what a relay that has gone had
// of the first is of the third then, whichever of the two was heard of first.
func TestWhatIsTakenOverGoesToTheLastHeir(t *testing.T) {
	t.Parallel()
	for name, moves := range map[string][]Move{
		"the first before": {{"a", "one", "two"}, {"a", "two", "three"}},
		"the first after":  {{"a", "two", "three"}, {"b", "one", "two"}, {"b", "two", "three"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			s := open(t, t.TempDir(), Options{Clock: c.Now})
			share := func(key, relay string) Run {
				r := runOf(c, key)
				r.Relay, r.Copies, r.Delivered = relay, 1, 1
				return r
			}
			ledgers := []*Ledger{
				{Relay: "gone", Batch: 1, Runs: []Run{share("one", "gone")}},
				{Relay: "a", Batch: 1, Runs: []Run{share("two", "a"), share("three", "a")}},
			}
			for _, m := range moves {
				ledgers = append(ledgers, &Ledger{Relay: m.Relay, Moves: []Move{m}})
			}
			for _, l := range ledgers {
				if err := s.WriteLedger(t.Context(), l); err != nil {
					t.Fatal(err)
				}
			}
			c.Add(time.Hour)
			n, err := s.TakeOver(t.Context(), c.Now().Add(-10*time.Minute))
			if n != 1 || err != nil {
				t.Errorf("%d shares are taken over, %v; want one", n, err)
			}
			if r, err := s.Run(t.Context(), "three"); err != nil || r.Copies != 2 {
				t.Errorf("the last run has %d copies, %v; want 2", r.Copies, err)
			}
		})
	}
}
