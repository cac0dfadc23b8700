package quarantine

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func decisionOn(t *testing.T, s *Store) Decision {
	t.Helper()
	m := hold(t, s, letter(2), "x")
	return Decision{Incident: get(t, s, m.ID).Incident, Action: ActionRelease, By: "ana", Reason: "agreed",
		Plan: Plan{Messages: []string{m.ID}, To: []string{"reader1@post.example"}}}
}

func TestDecisionAwaitsASecondPerson(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	d := decisionOn(t, s)
	d.By = "Zoë Miller"
	asked, err := s.Decide(t.Context(), d, true)
	if err != nil || asked.State != DecisionAwaiting {
		t.Fatalf("%+v, %v", asked, err)
	}
	if i, err := s.Incident(t.Context(), asked.Incident); err != nil || i.State != IncidentAwaiting {
		t.Errorf("the incident is %s, %v", i.State, err)
	}
	if page, _, err := s.Incidents(t.Context(), IncidentQuery{State: IncidentAwaiting}); err != nil || len(page) != 1 {
		t.Errorf("%d incidents await, %v", len(page), err)
	}
	if page, _, err := s.Incidents(t.Context(), IncidentQuery{State: IncidentOpen}); err != nil || len(page) != 1 {
		t.Errorf("an incident that awaits is open still: %d, %v", len(page), err)
	}
	if _, err := s.Decide(t.Context(), asked, false); !errors.Is(err, ErrBusy) {
		t.Errorf("a second decision: %v", err)
	}
	for _, by := range []string{"zoë  miller", " ZOË Miller ", "Zoe\u0308 Miller", "Zoë\u00a0Miller", "Ｚoë Miller", "Zoë\u200b Miller", "Zoë\u202e Miller"} {
		if _, err := s.Approve(t.Context(), asked.Incident, by, "me too"); !errors.Is(err, ErrSamePerson) {
			t.Errorf("%q agrees with herself: %v", by, err)
		}
	}
	if _, err := s.Approve(t.Context(), asked.Incident, " ", "seen"); !errors.Is(err, ErrInvalid) {
		t.Errorf("nobody agrees: %v", err)
	}
	approved, err := s.Approve(t.Context(), asked.Incident, "ben", "seen")
	if err != nil || approved.State != DecisionRunning || approved.Approver != "ben" {
		t.Fatalf("%+v, %v", approved, err)
	}
	if _, err := s.Approve(t.Context(), asked.Incident, "cem", "too late"); !errors.Is(err, ErrDecided) {
		t.Errorf("approved twice: %v", err)
	}
	// A process that died is followed by another, which reads the same plan.
	again, err := open(t, dir, Options{}).OpenDecision(t.Context(), asked.Incident)
	if err != nil || cmp.Diff(approved, again) != "" {
		t.Errorf("%v\n%s", err, cmp.Diff(approved, again))
	}
	if err := s.EndDecision(t.Context(), approved, map[RecipientState]int{RecipientReleased: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.OpenDecision(t.Context(), asked.Incident); !errors.Is(err, ErrNotFound) {
		t.Errorf("after its end: %v", err)
	}
	var acts []Act
	entries, _, err := s.Audit(t.Context(), AuditQuery{Incident: asked.Incident})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		acts = append(acts, e.Act)
	}
	if want := []Act{ActHeld, ActDecisionAsked, ActDecisionApproved, ActDecisionEnded}; cmp.Diff(want, acts) != "" {
		t.Errorf("acts %v", acts)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDecisionCanBeWithdrawn(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	d, err := s.Decide(t.Context(), decisionOn(t, s), true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Withdraw(t.Context(), d.Incident, "ana", "wrong"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Approve(t.Context(), d.Incident, "ben", "seen"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a withdrawn decision is approved: %v", err)
	}
	if _, err := s.Decide(t.Context(), d, false); err != nil {
		t.Errorf("no decision after one was withdrawn: %v", err)
	}
}

func TestDecisionOfWhomToSendToIsSealed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	d, err := s.Decide(t.Context(), decisionOn(t, s), true)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, keyFile), filepath.Join(t.TempDir(), "away")); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir, Options{}).Approve(t.Context(), d.Incident, "ben", "seen"); !errors.Is(err, ErrSealed) {
		t.Errorf("approved without the private key: %v", err)
	}
}
