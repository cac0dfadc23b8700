package quarantine

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func runOf(c *clock, key string) Run {
	return Run{Key: key, Sender: "sender-1", Print: []byte("print"), First: c.Now(), Last: c.Now(), Copies: 1}
}

// TestARunIsKeptWithItsFirstHeldCopy, and its incident tells what is known of
// all copies.
func TestARunIsKeptWithItsFirstHeldCopy(t *testing.T) {
	t.Parallel()
	c := newClock()
	dir := t.TempDir()
	s := open(t, dir, Options{Clock: c.Now})
	r := runOf(c, "run-1")
	r.Delivered, r.Copies = 2, 3
	ledger := &Ledger{Runs: []Run{r}, Deliveries: []Delivery{{Run: r.Key, At: c.Now(), Recipients: []string{reader1, "Second@Shop.example"}}}}
	if err := s.WriteLedger(t.Context(), ledger); err != nil {
		t.Fatal(err)
	}
	m := copyOf(r.Key, 19_999)
	held := r
	held.Copies, held.Subjects, held.Policy, held.Answer = 4, 20_000, "bulk-customer-records", "accept"
	m.Run = &held
	a := hold(t, s, m, "x")
	i, err := s.Incident(t.Context(), a.Incident)
	if err != nil || i.Run != r.Key || i.Delivered != 2 || i.Subjects != 20_000 || i.Copies != 1 {
		t.Errorf("incident %+v, %v", i, err)
	}
	// The state from before, come late, takes nothing away.
	if err := s.WriteLedger(t.Context(), &Ledger{Runs: []Run{r}}); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir, Options{Clock: c.Now})
	runs, err := again.Runs(t.Context(), r.Sender, "", c.Now().Add(-time.Hour))
	want := held
	want.Held, want.Incident = true, a.Incident
	want.OwnCopies, want.OwnDelivered = want.Copies, want.Delivered
	if diff := cmp.Diff([]Run{want}, runs); diff != "" || err != nil {
		t.Errorf("runs %v (-want +got):\n%s", err, diff)
	}
	if runs, err := s.Runs(t.Context(), "sender-2", "", time.Time{}); len(runs) != 0 || err != nil {
		t.Errorf("another sender has %d runs, %v", len(runs), err)
	}
	var served []string
	if err := s.Served(t.Context(), r.Key, func(one Served) error { served = append(served, one.Address); return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{reader1, "Second@Shop.example"}, served); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
	}
	for address, want := range map[string]bool{reader1: true, "second@shop.example": true, "third@shop.example": false} {
		if has, err := s.HasServed(t.Context(), r.Key, address); has != want || err != nil {
			t.Errorf("%s has the run: %v, %v; want %v", address, has, err, want)
		}
	}
	wantNoWords(t, dir, "Second@Shop", "second@shop", reader1)
}

// TestACopyJoinsTheIncidentThatIsNamed, decided or not, if it is of the run.
func TestACopyJoinsTheIncidentThatIsNamed(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	first := hold(t, s, copyOf("run", 10), "x")
	if err := s.Refuse(t.Context(), first.ID, "anna", ""); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		run  string
		same bool
	}{"the same run": {"run", true}, "another run": {"other", false}} {
		m := copyOf(c.run, 10)
		m.Incident = first.Incident
		if got := hold(t, s, m, "y"); (got.Incident == first.Incident) != c.same {
			t.Errorf("%s: joined %s, first is %s", name, got.Incident, first.Incident)
		}
	}
	if i, err := s.Incident(t.Context(), first.Incident); err != nil || i.State != IncidentOpen || i.Copies != 2 {
		t.Errorf("after a further copy the incident is %+v, %v", i, err)
	}
}

// TestDecision: a run goes on when every copy was released, and only then.
func TestDecision(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	_, err := s.RunDecision(t.Context(), "IN-0000-0000")
	wantErr(t, err, ErrNotFound)
	release := func(m Message) {
		settle(t, begin(t, s, m.ID), RecipientResult{Address: reader1, State: RecipientReleased})
	}
	refuse := func(m Message) {
		if err := s.Refuse(t.Context(), m.ID, "anna", ""); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(m Message) {
		if err := s.Delete(t.Context(), m.ID, "anna", ""); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range []struct {
		name           string
		acts           []func(Message) // one a copy
		open, released bool
	}{
		{"undecided", []func(Message){func(Message) {}}, true, false},
		{"one of two released", []func(Message){release, func(Message) {}}, true, false},
		{"both released", []func(Message){release, release}, false, true},
		{"one refused", []func(Message){release, refuse}, false, false},
		{"deleted", []func(Message){remove}, false, false},
		{"released, and then deleted", []func(Message){func(m Message) { release(m); remove(m) }}, false, true},
	} {
		var incident string
		for range c.acts {
			m := copyOf(fmt.Sprint("run ", i), 30)
			m.Completeness = "complete"
			incident = hold(t, s, m, "x").Incident
		}
		copies, _, err := s.List(t.Context(), Query{Incident: incident})
		if err != nil {
			t.Fatal(err)
		}
		for k, act := range c.acts {
			act(copies[k])
		}
		d, err := s.RunDecision(t.Context(), incident)
		if err != nil || d.Open != c.open || d.Released != c.released || d.Subjects != 30 {
			t.Errorf("%s: %+v, %v", c.name, d, err)
		}
		if seen := copies[0]; d.Released && (!slices.Equal(d.Fields, seen.Fields) || d.Complete != (seen.Completeness == "complete")) {
			t.Errorf("%s: reviewed were %v, complete %v; want %v, %s", c.name, d.Fields, d.Complete, seen.Fields, seen.Completeness)
		}
	}
}

// TestADecisionCoversAllThatWasReviewed: what any of the copies was held by, and
// what was in it.
func TestADecisionCoversAllThatWasReviewed(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	var incident string
	for i, held := range []struct{ policy, fields, read string }{
		{"bulk", "person.name contact.email", "complete"}, {"bulk", "person.name", "complete"}, {"card", "payment.card person.name", "partial"},
	} {
		m := copyOf("run", 10*i)
		m.Incident, m.Policy, m.Fields, m.Completeness = incident, held.policy, strings.Fields(held.fields), held.read
		m = hold(t, s, m, fmt.Sprint("content ", i))
		incident = m.Incident
		settle(t, begin(t, s, m.ID), RecipientResult{Address: reader1, State: RecipientReleased})
		if i == 1 {
			if d, err := s.RunDecision(t.Context(), incident); err != nil || !d.Complete || len(d.Policies) != 1 || len(d.Fields) != 2 {
				t.Errorf("of two copies: %+v, %v", d, err)
			}
		}
	}
	d, err := s.RunDecision(t.Context(), incident)
	if err != nil {
		t.Fatal(err)
	}
	want := RunDecision{Released: true, Subjects: 20, Policies: []string{"bulk", "card"},
		Fields: []string{"contact.email", "payment.card", "person.name"}}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("decision (-want +got):\n%s", diff)
	}
}

// TestACopyThatIsReleasedToSomeIsNoRelease of its run, whatever ends its review:
// a person let it go to one reader, and kept it from another.
func TestACopyThatIsReleasedToSomeIsNoRelease(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*Store, *clock, Message) error{
		"refused": func(s *Store, _ *clock, m Message) error { return s.Refuse(t.Context(), m.ID, "anna", "") },
		"deleted": func(s *Store, _ *clock, m Message) error { return s.Delete(t.Context(), m.ID, "anna", "") },
		"refused and deleted": func(s *Store, _ *clock, m Message) error {
			return errors.Join(s.Refuse(t.Context(), m.ID, "anna", ""), s.Delete(t.Context(), m.ID, "anna", ""))
		},
		"expired": func(s *Store, c *clock, _ Message) error {
			for range 3 {
				c.Add(defaultUndecided)
				if _, err := s.Expire(t.Context(), nil); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		c := newClock()
		s := open(t, t.TempDir(), Options{Clock: c.Now})
		m := letter(2)
		m.IncidentKey = "run"
		m = hold(t, s, m, "x")
		settle(t, begin(t, s, m.ID, reader1), RecipientResult{Address: reader1, State: RecipientReleased})
		if err := end(s, c, m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d, err := s.RunDecision(t.Context(), m.Incident); err != nil || d.Open || d.Released {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

// TestExposuresAreKeptForATime, and so are runs that no incident names.
func TestExposuresAreKeptForATime(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	old, heldRun := runOf(c, "old"), runOf(c, "held")
	m := copyOf("held", 10)
	m.Run = &heldRun
	hold(t, s, m, "x")
	ledger := &Ledger{Runs: []Run{old}}
	for i := range 3 {
		at := c.Now().Add(time.Duration(i) * time.Hour)
		ledger.Exposures = append(ledger.Exposures, Exposure{At: at, Sender: "s", Run: "old", Action: "pass", Version: "1", Exposure: []byte(`{"subjects":1}`), Recipients: 1, Bytes: 99})
		ledger.Deliveries = append(ledger.Deliveries, Delivery{Run: []string{"old", "held", "new"}[i], At: at, Recipients: []string{reader1}})
	}
	newer := runOf(c, "new")
	newer.Last = c.Now().Add(2 * time.Hour)
	ledger.Runs = append(ledger.Runs, newer)
	if err := s.WriteLedger(t.Context(), ledger); err != nil {
		t.Fatal(err)
	}
	read := func(since time.Time) (all []Exposure) {
		if err := s.Exposures(t.Context(), since, func(e Exposure) error { all = append(all, e); return nil }); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if diff := cmp.Diff([]Exposure{ledger.Exposures[2], ledger.Exposures[1]}, read(c.Now().Add(time.Hour))); diff != "" {
		t.Errorf("exposures since an hour (-want +got):\n%s", diff)
	}
	for most, want := range map[int64]int{0: 0, 1: 1, 2: 2, 3: 3, 9: 3} {
		since, err := s.NewestExposures(t.Context(), time.Time{}, most)
		if got := len(read(since)); err != nil || got != want {
			t.Errorf("the newest %d exposures are %d, want %d; %v", most, got, want, err)
		}
	}
	if since, err := s.NewestExposures(t.Context(), c.Now().Add(time.Hour), 9); err != nil || !since.Equal(c.Now().Add(time.Hour)) {
		t.Errorf("the newest exposures begin before they may: %v, %v", since, err)
	}
	if _, err := s.PruneLedger(t.Context(), c.Now().Add(time.Hour+time.Minute), c.Now().Add(time.Hour), c.Now()); err != nil {
		t.Fatal(err)
	}
	want, wantOld := 1, 0
	if os.Getenv(testServer) != "" {
		want, wantOld = 3, 1 // they are removed by whole days
	}
	if left := read(time.Time{}); len(left) != want {
		t.Errorf("%d exposures left, want %d", len(left), want)
	}
	for run, want := range map[string]int{"old": wantOld, "held": 1, "new": 1} {
		n := 0
		if err := s.Served(t.Context(), run, func(Served) error { n++; return nil }); err != nil || n != want {
			t.Errorf("%d deliveries of %q left, want %d; %v", n, run, want, err)
		}
	}
	stop := errors.New("enough")
	if err := s.Exposures(t.Context(), time.Time{}, func(Exposure) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v, want the visitor's", err)
	}
}

// Writers wait while the ledger is pruned, so no table is looked through.
func TestPruningSearchesIndexes(t *testing.T) {
	ofSQLite(t, "its plans")
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	for _, sql := range []string{pruneExposures, pruneDeliveries, pruneRuns, pruneHours, prunePolicyDays, pruneIncidentHours, pruneSenderDays} {
		for _, step := range plan(t, s, sql, []any{1, 1}) {
			if strings.HasPrefix(step, "SCAN") {
				t.Errorf("%s\n%s", sql, step)
			}
		}
	}
}

// TestAHeldRunIsAmongASendersRuns, however many came after it.
func TestAHeldRunIsAmongASendersRuns(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	var l Ledger
	for i := range 3 * maxRuns {
		r := runOf(c, fmt.Sprintf("run-%d", i))
		r.Last = c.Now().Add(time.Duration(i) * time.Second)
		if r.Held = i == 0; r.Held {
			r.Policy, r.Answer, r.Incident = "bulk", "accept", "IN-1"
		}
		l.Runs = append(l.Runs, r)
	}
	if err := s.WriteLedger(t.Context(), &l); err != nil {
		t.Fatal(err)
	}
	runs, err := s.Runs(t.Context(), "sender-1", "", c.Now())
	if err != nil || len(runs) != maxRuns {
		t.Fatalf("%d runs, %v; want %d", len(runs), err, maxRuns)
	}
	if first, last := runs[0], runs[maxRuns-1]; !first.Held || first.Key != "run-0" || last.Key != fmt.Sprintf("run-%d", 3*maxRuns-1) {
		t.Errorf("first %s, last %s; want the held one, and the last", first.Key, last.Key)
	}
	if runs, err := s.Runs(t.Context(), "sender-1", "", c.Now().Add(time.Second)); err != nil || runs[0].Held {
		t.Errorf("a held run of before the time asked for is given: %v", err)
	}
}

// TestExposuresAreCounted: as many as there are, whenever they were and whatever has
// gone of them.
func TestExposuresAreCounted(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	var l Ledger
	for i := range 60 {
		l.Exposures = append(l.Exposures, Exposure{At: c.Now().Add(-time.Duration(i) * 47 * time.Minute), Action: []string{"pass", "tag"}[i%2], Exposure: []byte("{}")})
	}
	if err := s.WriteLedger(t.Context(), &l); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		sinces := []time.Time{{}, c.Now().Truncate(time.Hour), c.Now().Add(time.Hour)}
		for _, e := range l.Exposures {
			sinces = append(sinces, e.At, e.At.Add(time.Microsecond))
		}
		for _, since := range sinces {
			want := int64(0)
			if err := s.Exposures(t.Context(), since, func(Exposure) error { want++; return nil }); err != nil {
				t.Fatal(err)
			}
			if n, err := s.CountExposures(t.Context(), since); err != nil || n != want {
				t.Errorf("since %v %d are counted, %v; there are %d", since, n, err, want)
			}
		}
	}
	check()
	before := c.Now().Add(-29 * time.Hour)
	if _, err := s.PruneLedger(t.Context(), before, before, before); err != nil {
		t.Fatal(err)
	}
	check()
}
