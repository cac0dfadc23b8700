package quarantine

import (
	"errors"
	"testing"
)

func TestAuditOfAnIncidentHasItsMessagesAndItself(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	var ids []string
	for _, key := range []string{"run-1", "run-1", "run-2"} {
		m := letter(1)
		m.IncidentKey = key
		ids = append(ids, hold(t, s, m, "x").ID)
	}
	incident := get(t, s, ids[0]).Incident
	if err := s.RecordIncident(t.Context(), incident, ActReported, "ana", "for the register"); err != nil {
		t.Fatal(err)
	}
	entries, _, err := s.Audit(t.Context(), AuditQuery{Incident: incident})
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 3 || entries[0].Message != ids[0] || entries[1].Message != ids[1] || entries[2].Act != ActReported {
		t.Errorf("entries of the incident: %+v", entries)
	}
	if err := s.RecordIncident(t.Context(), "IN-0000-0000", ActReported, "ana", ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("an incident that is not there: %v", err)
	}
	if err := s.RecordIncident(t.Context(), incident, ActRefused, "ana", ""); !errors.Is(err, ErrInvalid) {
		t.Errorf("an act that is a decision: %v", err)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
