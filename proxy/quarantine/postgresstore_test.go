//go:build unix

package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

// shared gives stores of one database and one folder, as relays of their own have them
// that share both.
func shared(t *testing.T, server *postgrestest.Server, n int, o Options) []*Store {
	t.Helper()
	dir := t.TempDir()
	o = optionsOn(t, server, dir, o)
	all := make([]*Store, n)
	for i := range all {
		all[i] = open(t, dir, o)
	}
	return all
}

func optionsOn(t *testing.T, server *postgrestest.Server, dir string, o Options) Options {
	t.Helper()
	o, err := onServer(server.URL("postgres"), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// Relays that hold copies of one run at once have one incident, whose figures are
// right, and one audit trail.
func relaysShareOneIncident(t *testing.T, server *postgrestest.Server) {
	c := newClock()
	relays := shared(t, server, 3, Options{Clock: c.Now})
	const copies = 30
	var wg sync.WaitGroup
	for i, s := range relays {
		wg.Go(func() {
			for n := range copies {
				m := copyTo(i*copies + n)
				m.Run = &Run{Key: m.IncidentKey, Sender: "s", Print: []byte{1}, Copies: int64(n + 1), Delivered: int64(n), Subjects: 5}
				if _, err := s.Hold(t.Context(), m, strings.NewReader(head(n)+bulk("one"))); err != nil {
					t.Error(err)
				}
				// What passes meanwhile is of the same run, which this relay does not know is held.
				l := &Ledger{Runs: []Run{{Key: m.IncidentKey, Sender: "s", Print: []byte{1}, Delivered: int64(copies + n)}},
					Exposures: []Exposure{{At: c.Now(), Action: "pass", Exposure: []byte(`{"completeness":"complete"}`)}}}
				if err := s.WriteLedger(t.Context(), l); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	s := relays[0]
	all, _, err := s.Incidents(t.Context(), IncidentQuery{})
	if err != nil || len(all) != 1 || all[0].Copies != 3*copies || all[0].Delivered != 2*copies-1 {
		t.Errorf("incidents %+v, %v", all, err)
	}
	if o := overview(t, s, c.Now().Add(-time.Hour)); len(o.Hours) != 1 || o.Hours[0].Messages != 3*copies {
		t.Errorf("hours %+v", o.Hours)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	wantTidy(t, s)
	wantWhole(t, s, 3*copies)
}

// wantWhole reads all that is held.
func wantWhole(t *testing.T, s *Store, least int) {
	t.Helper()
	n := 0
	for next, more := Cursor(""), true; more; more = next != "" {
		page, after, err := s.List(t.Context(), Query{After: next})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			if err := readAll(t, s, m.ID); err != nil {
				t.Error(err)
			}
		}
		n, next = n+len(page), after
	}
	if n < least {
		t.Errorf("%d are held, want %d", n, least)
	}
}

// What is to be done once is done by one of those who try at once.
func relaysDoOnceWhatIsDoneOnce(t *testing.T, server *postgrestest.Server) {
	c := newClock()
	relays := shared(t, server, 4, Options{Clock: c.Now, Retention: Retention{Periods: Periods{Undecided: 100 * time.Hour}}})
	first := relays[0]
	const messages = 10
	var ids []string
	for i := range messages {
		ids = append(ids, hold(t, first, letter(1), fmt.Sprint(i)).ID)
	}
	if _, err := first.PostNotice(t.Context(), "mail/1", "mail", []byte("x")); err != nil {
		t.Fatal(err)
	}
	var begun, taken atomic.Int64
	var warned, expired atomic.Int64
	at := func(do func(s *Store)) {
		var wg sync.WaitGroup
		for _, s := range relays {
			wg.Go(func() { do(s) })
		}
		wg.Wait()
	}
	at(func(s *Store) {
		for _, id := range ids[:5] {
			_, err := s.BeginRelease(t.Context(), id, nil, "anna", "")
			if err == nil {
				begun.Add(1)
			} else if !errors.Is(err, ErrBusy) {
				t.Error(err)
			}
		}
		due, err := s.TakeNotices(t.Context(), time.Hour, every)
		if err != nil {
			t.Error(err)
		}
		taken.Add(int64(len(due)))
	})
	if begun.Load() != 5 || taken.Load() != 1 {
		t.Errorf("%d releases of 5 are begun, %d notices of 1 are taken", begun.Load(), taken.Load())
	}
	for _, wait := range []time.Duration{80 * time.Hour, 30 * time.Hour} {
		c.Add(wait)
		at(func(s *Store) {
			r, err := s.Expire(t.Context(), nil)
			if err != nil {
				t.Error(err)
			}
			warned.Add(int64(r.Warned))
			expired.Add(int64(r.Expired))
		})
	}
	var acts int
	if err := first.reader.QueryRow("SELECT count(*) FROM audit WHERE act = 'expired'").Scan(&acts); err != nil {
		t.Fatal(err)
	}
	if warned.Load() == 0 || acts > messages {
		t.Errorf("%d warnings; %d messages of %d expired", warned.Load(), acts, messages)
	}
	if err := first.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// The server goes while relays hold and deliver, and comes back: what they were told
// is kept is kept, what failed says that the database is away, and the stores go on
// by themselves.
func serverIsRestartedUnderLoad(t *testing.T, server *postgrestest.Server) {
	dir := t.TempDir()
	o := optionsOn(t, server, dir, Options{})
	server = postgrestest.Start(t) // the others need theirs
	o.Database = server.URL("postgres")
	s := open(t, dir, o)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	var held []string
	var judged, away int
	since := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(held)
	}
	note := func(err error, done func()) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			done()
		case errors.Is(err, ErrAway):
			away++
		case ctx.Err() == nil:
			t.Error(err)
		}
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				m, err := s.Hold(context.WithoutCancel(ctx), letter(1), strings.NewReader(fmt.Sprint(i, n)))
				note(err, func() { held = append(held, m.ID) })
				err = s.WriteLedger(context.WithoutCancel(ctx), &Ledger{Exposures: []Exposure{{At: time.Now(), Action: "pass", Exposure: []byte("{}")}}})
				note(err, func() { judged++ })
				if err != nil {
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	await := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal(what)
			}
		}
	}
	await("nothing is held", func() bool { return since() > 5 })
	server.Stop()
	await("nobody says that the database is away", func() bool { mu.Lock(); defer mu.Unlock(); return away > 5 })
	if err := server.Begin(); err != nil {
		t.Fatal(err)
	}
	before := since()
	await("the store does not recover", func() bool { return since() > before+5 })
	stop()
	wg.Wait()
	for _, id := range held {
		get(t, s, id)
	}
	if n, err := s.CountExposures(t.Context(), time.Time{}); err != nil || n < int64(judged) {
		t.Errorf("%d judgements of %d are kept, %v", n, judged, err)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	wantWhole(t, s, len(held))
}

// While programs are replaced, an older one goes on writing to what a newer one has
// migrated, as long as that says that it may.
func olderProgramWritesToNewerSchema(t *testing.T, server *postgrestest.Server) {
	relays := shared(t, server, 2, Options{})
	s := relays[0]
	steps, err := s.migrationsOf("postgres")
	if err != nil {
		t.Fatal(err)
	}
	newer := append(steps, migration{sql: "ALTER TABLE messages ADD COLUMN later bigint NOT NULL DEFAULT 7"})
	// A write that is under way is waited for, and those that come wait.
	tx, err := relays[1].writer.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.db.begin(t.Context(), tx, true); err != nil {
		t.Fatal(err)
	}
	migrated := make(chan error)
	go func() { migrated <- s.db.migrate(t.Context(), s.rows, newer) }()
	select {
	case err := <-migrated:
		t.Fatal("a migration does not wait for who writes: ", err)
	case <-time.After(200 * time.Millisecond):
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Fatal(err)
	}
	for _, s := range relays {
		hold(t, s, letter(1), "x")
	}
	_, err = Open(t.Context(), s.dir, s.opts)
	wantErr(t, err, ErrNewer)
	if _, err := s.writer.Exec("UPDATE schema_version SET oldest = version"); err != nil {
		t.Fatal(err)
	}
	_, err = s.Hold(t.Context(), letter(1), strings.NewReader("y"))
	wantErr(t, err, ErrNewer)
	wantErr(t, s.WriteLedger(t.Context(), &Ledger{Runs: []Run{{Key: "r", Print: []byte{1}}}}), ErrNewer)
	if n, err := s.Stats(t.Context()); err != nil || n.Held != 2 {
		t.Errorf("%d are held, %v", n.Held, err)
	}
}

// PostgreSQL's texts take neither NUL nor what is no UTF-8; a message is held all the
// same, and found by what it was held with.
func TestBytesThatNoTextMayHaveAreHeld(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	const odd = "a\x00b\xff\xfe"
	m := letter(1)
	m.IncidentKey, m.Policy, m.PolicyVersion, m.Action, m.Completeness = odd, odd, odd, odd, odd
	m.Fields, m.Client, m.Auth, m.Reasons = []string{odd}, odd, odd, []string{odd}
	m.Run = &Run{Key: odd, Sender: odd, Print: []byte{0}, Policy: odd, Answer: odd}
	first := hold(t, s, m, "x")
	if second := hold(t, s, m, "y"); second.Incident != first.Incident {
		t.Error("the second copy is of another incident")
	}
	if got := get(t, s, first.ID); got.Client != odd || got.Auth != odd || got.Reasons[0] != odd {
		t.Errorf("what is sealed is read as %q %q %q", got.Client, got.Auth, got.Reasons)
	}
	if all, _, err := s.List(t.Context(), Query{Policy: odd}); err != nil || len(all) != 2 {
		t.Errorf("%d are found by their policy, %v", len(all), err)
	}
	if err := s.Refuse(t.Context(), first.ID, "anna", odd); err != nil {
		t.Error(err)
	}
	l := &Ledger{Runs: []Run{*m.Run}, Deliveries: []Delivery{{Run: odd, Recipients: []string{odd}}},
		Exposures: []Exposure{{At: time.Now(), Sender: odd, Run: odd, Action: odd, Policy: odd, Version: odd, Exposure: []byte(`{"x":"` + "\xff" + `"}`)}}}
	if err := s.WriteLedger(t.Context(), l); err != nil {
		t.Error(err)
	}
	if has, err := s.HasServed(t.Context(), odd, odd); err != nil || !has {
		t.Errorf("whom the run has served is not known: %v", err)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// Machines of one store have the same secret, and one that has not says so.
func machinesHaveOneSecret(t *testing.T, server *postgrestest.Server) {
	dir := t.TempDir()
	o := optionsOn(t, server, dir, Options{})
	s := open(t, dir, o)
	m := hold(t, s, letter(1), "x")
	other := t.TempDir()
	attempt := func(secret, want string) {
		t.Helper()
		o.Secret = secret
		s, err := Open(t.Context(), other, o)
		if err == nil {
			t.Fatal("it opens, ", s.Close())
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	wrong := filepath.Join(other, "wrong")
	write(t, wrong, strings.Repeat("w", seal.SecretSize))
	same := o.Secret
	attempt("", "quarantine.secret: no such file or directory; write 32 random bytes there once")
	attempt(wrong, "not the secret that this store was made with")
	o.Secret = same
	relay := open(t, other, o)
	if all, _, err := relay.List(t.Context(), Query{From: m.From}); err != nil || len(all) != 1 || !all[0].Sealed {
		t.Errorf("%+v, %v; want one that is sealed", all, err)
	}
	// A decision that nobody carries out is left to who can.
	d, err := s.Decide(t.Context(), Decision{Incident: m.Incident, Action: ActionRefuse, By: "anna", Plan: Plan{Messages: []string{m.ID}}}, false)
	if err == nil {
		err = s.LeaveDecision(t.Context(), d.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, each := range []*Store{relay, s} {
		if all, err := each.TakeUnfinished(t.Context()); err != nil || len(all) != i {
			t.Errorf("store %d takes up %d decisions, %v; want %d", i, len(all), err, i)
		}
	}
	if files, err := filepath.Glob(filepath.Join(other, "quarantine.*")); err != nil || len(files) > 0 {
		t.Errorf("the relay has made %q, %v", files, err)
	}
	// A new store has no keys to seal to.
	o.Recipient, o.Identity = "", ""
	o.Database = optionsOn(t, server, t.TempDir(), Options{}).Database
	if s, err := Open(t.Context(), t.TempDir(), o); err == nil || !strings.Contains(err.Error(), "age-keygen") {
		t.Errorf("without a public key: %v, %v", s, err)
	}
}

// A relay that freezes while it writes keeps the others waiting for a while only, and
// what it was about to write is not there.
func frozenRelayFreesTheOthers(t *testing.T, server *postgrestest.Server) {
	dir := t.TempDir()
	o := optionsOn(t, server, dir, Options{})
	s := open(t, dir, o)
	o.Database += "&idle_in_transaction_session_timeout=2000"
	frozen := open(t, dir, o)
	begun, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- frozen.write(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "INSERT INTO settings (name, value) VALUES (?, ?)", "frozen", "x")
			close(begun)
			<-goOn
			return err
		})
	}()
	<-begun
	hold(t, s, letter(1), "x")
	close(goOn)
	wantErr(t, <-ended, ErrAway)
	if value, err := setting(t.Context(), s.reader, "frozen"); err != nil || value != "" {
		t.Errorf("it is %q there, %v", value, err)
	}
	hold(t, frozen, letter(1), "y")
}

// A relay whose clock is wrong, from its start or all of a sudden, neither takes what
// another one holds nor holds what nobody can take, and removes nothing early.
func wrongClockTakesNothing(t *testing.T, server *postgrestest.Server) {
	for _, wrong := range []time.Duration{-100 * 24 * time.Hour, -20 * time.Minute, 20 * time.Minute, 100 * 24 * time.Hour} {
		relays := shared(t, server, 2, Options{})
		right, odd := relays[0], relays[1]
		opened := odd.clock.opened
		odd.clock.machine = func() time.Time { return time.Now().Add(wrong) }
		odd.clock.passed = func() time.Duration { return time.Since(opened) + wrong }
		for i, each := range [][2]*Store{{right, odd}, {odd, right}} {
			first, second := each[0], each[1]
			m := hold(t, first, letter(1), fmt.Sprint(i))
			release := begin(t, first, m.ID)
			if err := second.endLapsed(t.Context()); err != nil {
				t.Error(err)
			}
			_, err := second.BeginRelease(t.Context(), m.ID, nil, "anna", "")
			wantErr(t, err, ErrBusy)
			settle(t, release, RecipientResult{Address: m.Recipients[0].Address, State: RecipientDeferred})

			if _, err := first.PostNotice(t.Context(), fmt.Sprint("mail/", i), "mail", []byte("x")); err != nil {
				t.Fatal(err)
			}
			take := func(s *Store, want int) {
				t.Helper()
				if due, err := s.TakeNotices(t.Context(), time.Minute, every); err != nil || len(due) != want {
					t.Errorf("%v: %d notices are taken, %v; want %d", wrong, len(due), err, want)
				}
			}
			take(first, 1)
			take(second, 0)

			key := [32]byte{byte(i)}
			if _, err := first.BeginOnce(t.Context(), key, key); err != nil {
				t.Error(err)
			}
			_, err = second.BeginOnce(t.Context(), key, key)
			wantErr(t, err, ErrBusy)

			if r, err := second.Expire(t.Context(), nil); err != nil || r != (ExpiryReport{}) {
				t.Errorf("%v: the retention has done %+v, %v; want nothing", wrong, r, err)
			}
		}
		for i, s := range relays {
			if off := time.Since(s.Now()).Abs(); off > 10*time.Second {
				t.Errorf("%v: relay %d goes by a clock that is %v off", wrong, i, off)
			}
		}
	}
}

// People decide on one message, and on one incident, in different ways from consoles of
// their own at once: one of them does, and the others are told that it was done.
func oneWhoDecidesWins(t *testing.T, server *postgrestest.Server) {
	relays := shared(t, server, 4, Options{})
	const rounds = 8
	for round := range rounds {
		m := hold(t, relays[0], letter(1), fmt.Sprint(round))
		try := func(do func(s *Store, by string) error, accept ...error) {
			t.Helper()
			var won atomic.Int64
			var wg sync.WaitGroup
			for i, s := range relays {
				wg.Go(func() {
					err := do(s, fmt.Sprint("person", i))
					if err == nil {
						won.Add(1)
						return
					}
					if !slices.ContainsFunc(accept, func(known error) bool { return errors.Is(err, known) }) {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if n := won.Load(); n != 1 {
				t.Errorf("round %d: %d of %d have decided", round, n, len(relays))
			}
		}
		try(func(s *Store, by string) error {
			_, err := s.Decide(t.Context(), Decision{Incident: m.Incident, Action: ActionRefuse, By: by, Plan: Plan{Messages: []string{m.ID}}}, false)
			return err
		}, ErrBusy)
		try(func(s *Store, by string) error {
			if (round+int(by[len(by)-1]))%2 == 0 {
				return s.Refuse(t.Context(), m.ID, by, "")
			}
			_, err := s.BeginRelease(t.Context(), m.ID, nil, by, "")
			return err
		}, ErrBusy, ErrDecided)
	}
	if err := relays[0].Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
