package quarantine

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func copyOf(run string, subjects int) Message {
	m := letter(1)
	m.IncidentKey, m.Subjects = run, subjects
	return m
}

func TestCopiesOfARunAreOneIncident(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	first := c.Now()
	a := hold(t, s, copyOf("run", 10), "x")
	c.Add(quiet - time.Microsecond)
	b := hold(t, s, copyOf("run", 30), "y")
	c.Add(quiet - time.Microsecond) // from the last copy, not the first
	last := c.Now()
	d := hold(t, s, copyOf("run", 20), "z")
	if a.Incident != b.Incident || b.Incident != d.Incident {
		t.Fatalf("incidents %s, %s, %s; want one", a.Incident, b.Incident, d.Incident)
	}
	settle(t, begin(t, s, b.ID), RecipientResult{Address: reader1, State: RecipientReleased})
	got, err := s.Incident(t.Context(), a.Incident)
	want := Incident{ID: a.Incident, Run: "run", State: IncidentOpen, Policy: a.Policy, Copies: 3, Delivered: 1, Subjects: 30, First: first, Last: last,
		Completeness: "complete", Size: 1}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Incident{})); diff != "" || err != nil {
		t.Errorf("incident %v (-want +got):\n%s", err, diff)
	}
	copies, _, err := s.List(t.Context(), Query{Incident: a.Incident})
	if err != nil || len(copies) != 3 {
		t.Errorf("%d copies listed, %v", len(copies), err)
	}
	if err := errors.Join(s.Refuse(t.Context(), a.ID, "anna", ""), s.Delete(t.Context(), d.ID, "anna", "")); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Incident(t.Context(), a.Incident); err != nil || got.State != IncidentDecided || got.Delivered != 1 || got.Copies != 3 {
		t.Errorf("decided incident is %+v, %v", got, err)
	}
}

func TestAnotherRunIsAnotherIncident(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		keys   [2]string
		before func(t *testing.T, s *Store, c *clock, id string) // between the two
	}{
		{"other key", [2]string{"a", "b"}, nil},
		{"no key", [2]string{"", ""}, nil},
		{"a day later", [2]string{"a", "a"}, func(_ *testing.T, _ *Store, c *clock, _ string) { c.Add(quiet) }},
		{"decided meanwhile", [2]string{"a", "a"}, func(t *testing.T, s *Store, _ *clock, id string) {
			if err := s.Refuse(t.Context(), id, "anna", ""); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, test := range tests {
		c := newClock()
		s := open(t, t.TempDir(), Options{Clock: c.Now})
		first := hold(t, s, copyOf(test.keys[0], 1), "x")
		if test.before != nil {
			test.before(t, s, c, first.ID)
		}
		if second := hold(t, s, copyOf(test.keys[1], 1), "x"); second.Incident == first.Incident {
			t.Errorf("%s: one incident", test.name)
		}
	}
}

func TestIncidentsAreListedInPages(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	var want []string
	for i := range 9 {
		m := hold(t, s, copyOf(fmt.Sprint(i), 1), "x")
		if i%2 == 0 {
			want = append([]string{m.Incident}, want...)
			continue
		}
		if err := s.Refuse(t.Context(), m.ID, "anna", ""); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	q := IncidentQuery{State: IncidentOpen, Policy: "bulk-customer-records", Limit: 2}
	for {
		page, next, err := s.Incidents(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range page {
			got = append(got, i.ID)
		}
		if q.After = next; next == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("open incidents, newest first (-want +got):\n%s", diff)
	}
	_, err := s.Incident(t.Context(), "IN-0000-0000")
	wantErr(t, err, ErrNotFound)
}
