package quarantine

import (
	"strings"
	"testing"
)

// A message's own legal hold and its incident's are two: each ends by itself.
func TestLegalHoldsOfAMessageAndItsIncidentAreApart(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	first, second := hold(t, s, copyOf("run", 1), "first"), hold(t, s, copyOf("run", 1), "second")
	kept := func(want ...bool) {
		t.Helper()
		for i, m := range []Message{first, second} {
			if got := get(t, s, m.ID).Kept; got != want[i] {
				t.Errorf("message %d is kept: %v, want %v", i+1, got, want[i])
			}
		}
	}
	do := func(keep func() error) {
		t.Helper()
		if err := keep(); err != nil {
			t.Fatal(err)
		}
	}
	do(func() error { return s.Keep(t.Context(), first.ID, "anna", "court") })
	kept(true, false)
	do(func() error { return s.Keep(t.Context(), first.Incident, "bert", "inquiry") })
	kept(true, true)
	err := s.EndKeep(t.Context(), second.ID, "anna", "")
	wantErr(t, err, ErrKept)
	if !strings.Contains(err.Error(), first.Incident) {
		t.Errorf("%v does not name the incident", err)
	}
	kept(true, true)
	do(func() error { return s.EndKeep(t.Context(), first.Incident, "bert", "over") })
	kept(true, false)
	wantErr(t, s.Delete(t.Context(), first.ID, "bert", ""), ErrKept)
	do(func() error { return s.EndKeep(t.Context(), first.ID, "anna", "over") })
	kept(false, false)
}
