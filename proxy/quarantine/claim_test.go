package quarantine

import (
	"strings"
	"testing"
	"time"
)

func TestIncidentsAreClaimedHandedOnAndGivenBack(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	id := hold(t, s, letter(1), "x").Incident
	want := func(who string) {
		t.Helper()
		if i, err := s.Incident(t.Context(), id); err != nil || i.Assigned != who {
			t.Errorf("assigned to %q, %v; want %q", i.Assigned, err, who)
		}
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(s.Claim(t.Context(), strings.ToLower(id), "ana", ""))
	do(s.Claim(t.Context(), id, "ana", "")) // again: nothing
	err := s.Claim(t.Context(), id, "ben", "")
	wantErr(t, err, ErrClaimed)
	if !strings.Contains(err.Error(), `"ana"`) {
		t.Errorf("%v does not say who", err)
	}
	want("ana")
	do(s.Assign(t.Context(), id, "ben", "ana", "on leave"))
	want("ben")
	do(s.Assign(t.Context(), id, "", "ben", ""))
	want("")
	do(s.MarkIncident(t.Context(), id, MarkedWrong, "ben", "a test list"))
	do(s.MarkIncident(t.Context(), id, MarkedRight, "ana", ""))
	do(s.MarkIncident(t.Context(), id, MarkedRight, "ana", "")) // again: nothing

	page, err := s.AuditLog(t.Context(), AuditLogQuery{Incident: id})
	if err != nil || len(page.Entries) != 6 {
		t.Fatalf("%d entries, %v; want the hold, three assignments and two marks", len(page.Entries), err)
	}
	if e := page.Entries[3]; e.Act != ActAssigned || e.By != "ana" || e.Reason != "on leave" || e.Detail.Assigned != "ben" {
		t.Errorf("%+v", e)
	}
	if e := page.Entries[0]; e.Act != ActMarked || e.Detail.Mark != MarkedRight {
		t.Errorf("%+v", e)
	}
	for _, err := range []error{
		s.Claim(t.Context(), id, " ", ""), s.MarkIncident(t.Context(), id, "maybe", "ana", ""), s.Assign(t.Context(), id, strings.Repeat("a", 201), "ana", ""),
	} {
		wantErr(t, err, ErrInvalid)
	}
	wantErr(t, s.Claim(t.Context(), "IN-0000-0000", "ana", ""), ErrNotFound)
	wantErr(t, s.MarkIncident(t.Context(), "IN-0000-0000", MarkedRight, "ana", ""), ErrNotFound)
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMarksOfReviewersAreKeptForReplay(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	m := hold(t, s, copyOf("run", 3), "x")
	if err := s.MarkIncident(t.Context(), m.Incident, MarkedWrong, "ana", ""); err != nil {
		t.Fatal(err)
	}
	marks, err := s.Marks(t.Context(), time.Time{})
	if err != nil || marks["run"].Said != MarkedWrong || marks["run"].Released+marks["run"].Refused != 0 {
		t.Errorf("%+v, %v", marks, err)
	}
}

func TestChangesOfOtherProcessesAreSeen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, other := open(t, dir, Options{}), open(t, dir, Options{})
	last, err := s.Changes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var id string
	steps := map[string]func() error{
		"a hold":  func() error { id = hold(t, other, letter(1), "x").Incident; return nil },
		"a claim": func() error { return other.Claim(t.Context(), id, "ana", "") },
		"a verdict": func() error {
			return other.WriteLedger(t.Context(), &Ledger{Exposures: []Exposure{{Exposure: []byte("{}")}}})
		},
		"an incident": func() error { return other.MarkIncident(t.Context(), id, MarkedRight, "ana", "") },
	}
	for _, name := range []string{"a hold", "a claim", "a verdict", "an incident"} {
		if err := steps[name](); err != nil {
			t.Fatal(err)
		}
		now, err := s.Changes(t.Context())
		if err != nil || now == last || now.String() == last.String() {
			t.Errorf("%s is not seen: %s, %v", name, now, err)
		}
		last = now
	}
	if now, err := s.Changes(t.Context()); err != nil || now != last {
		t.Errorf("nothing changed, and it says %s, %v", now, err)
	}
}

// A run leads to its newest incident, and one of which nothing was held to none.
func TestIncidentsAreFoundByTheirRun(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	m := letter(1)
	m.IncidentKey = "run-1"
	held := hold(t, s, m, "x")
	got, err := s.IncidentsOfRuns(t.Context(), []string{"run-1", "none", ""})
	if err != nil || len(got) != 1 || got["run-1"] != held.Incident {
		t.Errorf("%v, %v; want %s", got, err, held.Incident)
	}
}
