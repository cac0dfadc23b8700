package quarantine

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Each relay writes its own share of a run, in any order and as often as it likes;
// all are added up, in the incident as well.
func TestSharesOfRelaysAddUp(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	share := func(relay string, copies, delivered int64) Run {
		r := runOf(c, "run-1")
		r.Relay, r.Copies, r.Delivered = relay, copies, delivered
		return r
	}
	write := func(runs ...Run) {
		t.Helper()
		if err := s.WriteLedger(t.Context(), &Ledger{Runs: runs}); err != nil {
			t.Fatal(err)
		}
	}
	write(share("a", 1, 0))
	write(share("b", 2, 2), share("a", 4, 3))
	write(share("b", 2, 2))
	write(share("a", 3, 1)) // an older state that comes late
	runs, err := s.Runs(t.Context(), "sender-1", "b", c.Now().Add(-time.Hour))
	if err != nil || len(runs) != 1 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	if r := runs[0]; r.Copies != 6 || r.Delivered != 5 || r.OwnCopies != 2 || r.OwnDelivered != 2 {
		t.Errorf("the run is read as %+v; want 6 copies and 5 delivered, 2 of each of the relay's own", r)
	}
	held := share("b", 3, 2)
	m := copyOf("run-1", 12)
	m.Run = &held
	kept := hold(t, s, m, "x")
	write(share("a", 5, 4))
	if i, err := s.Incident(t.Context(), kept.Incident); err != nil || i.Delivered != 6 {
		t.Errorf("the incident has %d delivered, %v; want 6", i.Delivered, err)
	}
}

// The first hold of a run is refused to a relay that does not know of another run
// of the sender that was held meanwhile, and to nobody else.
func TestAHoldIsOvertaken(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	try := func(key, relay string, seen int64) (Message, error) {
		r := runOf(c, key)
		r.Relay, r.Seen = relay, seen
		m := copyOf(key, 12)
		m.Run = &r
		return s.Hold(t.Context(), m, strings.NewReader("x"))
	}
	if _, err := try("run-a", "a", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := try("run-b", "b", 0); !errors.Is(err, ErrOvertaken) {
		t.Fatalf("a relay that has seen no hold: %v", err)
	}
	if of, err := s.SenderRuns(t.Context(), "sender-1"); err != nil || of.Held != 1 {
		t.Fatalf("%d held runs, %v; want one", of.Held, err)
	}
	if _, err := try("run-b", "b", 1); err != nil {
		t.Errorf("a relay that has seen it: %v", err)
	}
	if _, err := try("run-a", "b", 1); err != nil { // and the second copy of one that is held
		t.Errorf("a copy of a held run: %v", err)
	}
	all, _, err := s.Incidents(t.Context(), IncidentQuery{})
	if len(all) != 2 || err != nil {
		t.Errorf("%d incidents, %v; want 2", len(all), err)
	}
}

// A copy that is held after a release begins another incident: that is the run's
// from then on, also where a relay that has not heard of it writes the run.
func TestARunIsOfItsLastIncident(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	keep := func(relay string) Message {
		r := runOf(c, "run-1")
		r.Relay = relay
		m := copyOf("run-1", 12)
		m.Run = &r
		return hold(t, s, m, "x")
	}
	first := keep("a")
	if err := s.Refuse(t.Context(), first.ID, "anna", ""); err != nil {
		t.Fatal(err)
	}
	second := keep("a")
	if first.Incident == second.Incident {
		t.Fatal("one incident: nothing is tried")
	}
	old := runOf(c, "run-1")
	old.Relay, old.Copies, old.Held, old.Incident = "b", 3, true, first.Incident
	if err := s.WriteLedger(t.Context(), &Ledger{Relay: "b", Runs: []Run{old}}); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Run(t.Context(), "run-1"); err != nil || r.Incident != second.Incident {
		t.Errorf("the run is of %s, %v; want %s", r.Incident, err, second.Incident)
	}
}

// What a relay has of a run goes to another one, and the run when nobody has any.
func TestRunsBecomeOne(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	run := func(key, relay string, copies int64) Run {
		r := runOf(c, key)
		r.Relay, r.Copies, r.Delivered = relay, copies, copies
		return r
	}
	write := func(l *Ledger) {
		t.Helper()
		if err := s.WriteLedger(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	write(&Ledger{
		Runs:       []Run{run("old", "a", 2), run("new", "b", 3), run("new", "c", 1)},
		Deliveries: []Delivery{{Run: "new", At: c.Now(), Recipients: []string{reader1}}},
		Exposures:  []Exposure{{At: c.Now(), Run: "new", Action: "pass", Exposure: []byte("{}")}},
	})
	write(&Ledger{Moves: []Move{{Relay: "b", From: "new", To: "old"}}, Runs: []Run{run("old", "b", 4)}})
	if r, err := s.Run(t.Context(), "new"); err != nil || r.Copies != 1 {
		t.Errorf("the newer run has %d copies, %v; want that of the third relay", r.Copies, err)
	}
	write(&Ledger{Moves: []Move{{Relay: "c", From: "new", To: "old"}}, Runs: []Run{run("old", "c", 1)}})
	if _, err := s.Run(t.Context(), "new"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the newer run is still there: %v", err)
	}
	if r, err := s.Run(t.Context(), "old"); err != nil || r.Copies != 7 || r.Delivered != 7 {
		t.Errorf("the older run has %d copies, %v; want 7", r.Copies, err)
	}
	if err := s.Served(t.Context(), "old", func(one Served) error {
		if one.Address != reader1 {
			t.Errorf("the older run has served %q", one.Address)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if has, err := s.HasServed(t.Context(), "old", reader1); err != nil || !has {
		t.Errorf("the delivery is not of the older run: %v", err)
	}
	err := s.Exposures(t.Context(), time.Time{}, func(e Exposure) error {
		if e.Run != "old" {
			t.Errorf("an exposure is of run %s", e.Run)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A relay that has not heard that a run became part of another writes of it as
// before, and what it writes next is kept, too.
func TestARunThatHasGoneIsWrittenAgain(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	ofRun := func(relay string, reader uint64) *Ledger {
		r := runOf(c, "new")
		r.Relay = relay
		return &Ledger{Relay: relay, Runs: []Run{r}, Keys: []Keys{{Run: "new", At: c.Now(), Readers: []uint64{reader}}}}
	}
	for _, l := range []*Ledger{
		ofRun("a", 1), ofRun("a", 2),
		{Relay: "a", Moves: []Move{{Relay: "a", From: "new", To: "old"}}},
		ofRun("b", 3), ofRun("b", 4),
	} {
		if err := s.WriteLedger(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	after := int64(2) // who has read what was there before reads what came
	got, err := s.Keys(t.Context(), Keys{Run: "new", Number: after, At: c.Now()})
	if err != nil || len(got) != 2 || got[0].Readers[0] != 3 || got[1].Readers[0] != 4 {
		t.Errorf("after entry %d: %+v, %v; want those of the second relay", after, got, err)
	}
}

// Keys are read by every relay, each entry once, and by nobody without the secret.
func TestKeysOfRunsAreRead(t *testing.T) {
	t.Parallel()
	c := newClock()
	dir := t.TempDir()
	s := open(t, dir, Options{Clock: c.Now})
	person := uint64(0x6b65795f61646d69)
	entries := []Keys{
		{Run: "run-1", At: c.Now(), People: []uint64{person, 2}, Readers: []uint64{3}},
		{Run: "run-1", At: c.Now(), Readers: []uint64{4, 5}},
		{Sender: "sender-1", At: c.Now(), Piece: 17, People: []uint64{person}},
		{Run: "no run any more", At: c.Now(), People: []uint64{1}},
	}
	for range 2 { // written again they are two entries more, of the same
		if err := s.WriteLedger(t.Context(), &Ledger{Runs: []Run{runOf(c, "run-1")}, Keys: entries}); err != nil {
			t.Fatal(err)
		}
	}
	again := open(t, dir, Options{Clock: c.Now})
	of := Keys{Run: "run-1", Number: 2, At: c.Now()}
	got, err := again.Keys(t.Context(), of)
	want := []Keys{entries[0], entries[1]}
	want[0].Number, want[1].Number = 3, 4
	same := cmp.Comparer(func(a, b []uint64) bool { return slices.Equal(a, b) })
	if diff := cmp.Diff(want, got, same); diff != "" || err != nil {
		t.Errorf("the run's after the second: %v (-want +got)\n%s", err, diff)
	}
	got, err = again.Keys(t.Context(), Keys{Sender: "sender-1", At: c.Now()})
	if len(got) != 2 || got[0].Piece != 17 || got[0].People[0] != person || err != nil {
		t.Errorf("the sender's are %+v, %v", got, err)
	}
	runs, err := s.Runs(t.Context(), "sender-1", "", c.Now())
	if err != nil || runs[0].Keys != 4 {
		t.Errorf("the run's last entry is %d, %v; want 4", runs[0].Keys, err)
	}
	var rows int
	var sealed []byte
	if err := s.reader.QueryRowContext(t.Context(), "SELECT (SELECT count(*) FROM run_keys), sealed FROM run_keys ORDER BY length(sealed) DESC LIMIT 1").Scan(&rows, &sealed); err != nil {
		t.Fatal(err)
	}
	if plain := []byte("key_admi"); rows != 6 || bytes.Contains(sealed, plain) {
		t.Errorf("%d rows are kept, of which one reads %x; want 6 that are sealed", rows, sealed)
	}
	c.Add(48 * time.Hour)
	if _, err := s.PruneLedger(t.Context(), time.Time{}, time.Time{}, c.Now()); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Keys(t.Context(), Keys{Run: "run-1"}); len(got) != 0 || err != nil {
		t.Errorf("%d entries are left, %v", len(got), err)
	}
}

// What a sender usually sends is kept for each relay, until another takes it over.
func TestWhatASenderUsuallySends(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	usual := func(relay, shape string, instead ...string) Usual {
		return Usual{Sender: "sender-1", Relay: relay, At: c.Now(), Shape: []byte(shape), Instead: instead}
	}
	for _, all := range [][]Usual{{usual("a", "1")}, {usual("b", "2")}, {usual("a", "3")}, {usual("c", "4", "b")}} {
		if err := s.WriteLedger(t.Context(), &Ledger{Senders: all}); err != nil {
			t.Fatal(err)
		}
	}
	of, err := s.SenderRuns(t.Context(), "sender-1")
	if len(of.Usual) != 2 || string(of.Usual[0].Shape) != "3" || string(of.Usual[1].Shape) != "4" || err != nil {
		t.Errorf("of the sender is kept %+v, %v; want of the relays a and c", of.Usual, err)
	}
}

// served counts the deliveries of a run.
func served(t *testing.T, s *Store, run string) (n int) {
	t.Helper()
	if err := s.Served(t.Context(), run, func(Served) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// A batch that is sent again, or late, says nothing new, for each relay by itself; one
// without a number does.
func TestABatchIsKeptOnce(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	send := func(relay string, batch int64) {
		t.Helper()
		r := runOf(c, "run-1")
		r.Relay, r.Copies = relay, batch
		l := &Ledger{Relay: relay, Batch: batch, Runs: []Run{r},
			Deliveries: []Delivery{{Run: "run-1", At: c.Now(), Recipients: []string{reader1}}}}
		if err := s.WriteLedger(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	for i, one := range []struct {
		relay string
		batch int64
		want  int
	}{{"a", 1, 1}, {"a", 1, 1}, {"a", 2, 2}, {"b", 1, 3}, {"a", 1, 3}, {"a", 2, 3}, {"b", 2, 4}, {"", 0, 5}, {"", 0, 6}} {
		send(one.relay, one.batch)
		if n := served(t, s, "run-1"); n != one.want {
			t.Errorf("after step %d, batch %d of %q, there are %d deliveries, want %d", i+1, one.batch, one.relay, n, one.want)
		}
	}
	// One that was cut off from the database for a while sends it again then.
	c.Add(time.Hour)
	send("b", 3)
	prune := func(runs time.Time) {
		t.Helper()
		if _, err := s.PruneLedger(t.Context(), time.Time{}, runs, c.Now()); err != nil {
			t.Fatal(err)
		}
	}
	prune(time.Time{})
	send("a", 2)
	if n := served(t, s, "run-1"); n != 7 {
		t.Errorf("%d deliveries, want 7", n)
	}
	// Relays that have gone are forgotten, and one that has not goes on.
	prune(c.Now())
	var relays int
	if err := s.reader.QueryRowContext(t.Context(), "SELECT count(*) FROM relays").Scan(&relays); err != nil || relays != 1 {
		t.Errorf("%d relays are known, %v; want one", relays, err)
	}
	send("b", 3)
	send("b", 4)
	if n := served(t, s, "run-1"); n != 8 {
		t.Errorf("%d deliveries, want 8", n)
	}
}
