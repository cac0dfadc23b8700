package quarantine

import (
	"testing"
	"time"
)

// A decision that was broken off is taken up once: where the database is shared after
// the lease, or at once if whoever had it has left it; and not while it is kept.
func TestAnUnfinishedDecisionIsTakenUp(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now, Lease: 10 * time.Minute})
	m := hold(t, s, letter(1), "x")
	d, err := s.Decide(t.Context(), Decision{Incident: m.Incident, Action: ActionRefuse, By: "anna", Plan: Plan{Messages: []string{m.ID}}}, false)
	if err != nil {
		t.Fatal(err)
	}
	taken := func(where string, shared, file int) {
		t.Helper()
		want := shared
		if !s.Tells() {
			want = file
		}
		if all, err := s.TakeUnfinished(t.Context()); err != nil || len(all) != want {
			t.Errorf("%s: %d decisions are taken up, %v; want %d", where, len(all), err, want)
		}
	}
	keep := func(want bool) {
		t.Helper()
		if stopped, err := s.KeepDecision(t.Context(), d.ID); err != nil || stopped != want {
			t.Errorf("the decision is stopped: %v, %v; want %v", stopped, err, want)
		}
	}
	taken("it has begun", 0, 1)
	for range 3 {
		c.Add(8 * time.Minute)
		keep(false)
	}
	taken("it is carried out", 0, 1)
	c.Add(12 * time.Minute)
	taken("who had it has gone", 1, 1)
	taken("it was taken up", 0, 1)
	if err := s.LeaveDecision(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	taken("who had it has left it", 1, 1)
	if err := s.StopDecision(t.Context(), m.Incident, "anna", ""); err != nil {
		t.Fatal(err)
	}
	c.Add(time.Hour)
	keep(true)
	taken("a person has stopped it", 0, 0)
	if err := s.ContinueDecision(t.Context(), m.Incident, "anna", ""); err != nil {
		t.Fatal(err)
	}
	taken("and has it go on", 1, 1)
	if err := s.EndDecision(t.Context(), d, nil); err != nil {
		t.Fatal(err)
	}
	c.Add(time.Hour)
	taken("it has ended", 0, 0)
}
