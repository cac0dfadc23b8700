package quarantine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAuditIsReadFromTheNewestBackAndForth(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	start := c.Now()
	var held []Message
	for i := range 30 {
		c.Add(time.Hour)
		m := hold(t, s, copyOf(fmt.Sprint(i/3), 1), "x")
		held = append(held, m)
		by := []string{"ana", "ben"}[i%2]
		if err := s.Refuse(t.Context(), m.ID, by, ""); err != nil {
			t.Fatal(err)
		}
		if err := s.RecordIncident(t.Context(), m.Incident, ActViewed, by, "look"); err != nil {
			t.Fatal(err)
		}
	}
	all, _, err := s.Audit(t.Context(), AuditQuery{Limit: 1000})
	if err != nil || len(all) != 90 {
		t.Fatal(len(all), err)
	}
	slices.Reverse(all)
	ids := map[string]string{}
	for _, m := range held {
		ids[m.ID] = m.Incident
	}
	from, to := start.Add(5*time.Hour), start.Add(9*time.Hour)
	tests := map[string]struct {
		query AuditLogQuery
		want  func(e *Entry) bool
	}{
		"all":     {AuditLogQuery{}, func(*Entry) bool { return true }},
		"person":  {AuditLogQuery{By: "ana"}, func(e *Entry) bool { return e.By == "ana" }},
		"act":     {AuditLogQuery{Act: ActHeld}, func(e *Entry) bool { return e.Act == ActHeld }},
		"both":    {AuditLogQuery{Act: ActViewed, By: "ben"}, func(e *Entry) bool { return e.Act == ActViewed && e.By == "ben" }},
		"message": {AuditLogQuery{Message: held[7].ID}, func(e *Entry) bool { return e.Message == held[7].ID }},
		"incident": {AuditLogQuery{Incident: held[7].Incident}, func(e *Entry) bool {
			return e.Detail.Incident == held[7].Incident || ids[e.Message] == held[7].Incident
		}},
		"time": {AuditLogQuery{Since: from, Until: to}, func(e *Entry) bool { return !e.At.Before(from) && e.At.Before(to) }},
		"all at once": {AuditLogQuery{Since: from, Until: to, By: "ben", Act: ActRefused, Incident: held[7].Incident}, func(e *Entry) bool {
			return e.At.After(from) && e.At.Before(to) && e.By == "ben" && e.Act == ActRefused && ids[e.Message] == held[7].Incident
		}},
	}
	for name, test := range tests {
		var want []int64
		for i := range all {
			if test.want(&all[i]) {
				want = append(want, all[i].Seq)
			}
		}
		if len(want) == 0 {
			t.Fatalf("%s: nothing to find", name)
		}
		test.query.Limit = 4
		var there, back []int64
		page := auditPage(t, s, test.query)
		for there = seqs(page.Entries); page.Older > 0; {
			test.query.Before = page.Older
			page = auditPage(t, s, test.query)
			there = append(there, seqs(page.Entries)...)
		}
		back = reversed(page.Entries)
		test.query.Before = 0
		for page.Newer > 0 {
			test.query.After = page.Newer
			page = auditPage(t, s, test.query)
			back = append(back, reversed(page.Entries)...)
		}
		slices.Reverse(back)
		if diff := cmp.Diff(want, there); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(want, back); diff != "" {
			t.Errorf("%s, going back (-want +got):\n%s", name, diff)
		}
	}
	_, err = s.AuditLog(t.Context(), AuditLogQuery{Before: 1, After: 1})
	wantErr(t, err, ErrInvalid)
}

func auditPage(t testing.TB, s *Store, q AuditLogQuery) AuditPage {
	t.Helper()
	page, err := s.AuditLog(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func seqs(all []Entry) (out []int64) {
	for _, e := range all {
		out = append(out, e.Seq)
	}
	return out
}

func reversed(all []Entry) []int64 {
	out := seqs(all)
	slices.Reverse(out)
	return out
}
