package quarantine

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"github.com/google/go-cmp/cmp"
)

// fill adds n messages without content, three of them a minute, so that many
// share a time, and by turns of every state, policy and sender.
func fill(t testing.TB, s *Store, n int) {
	t.Helper()
	start := newClock().Now()
	key, err := s.writeKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := []State{Held, Released, Refused, Deleted}
	err = s.write(t.Context(), func(tx *sql.Tx) error {
		for i := range n {
			m := letter(1)
			m.ID = fmt.Sprintf("BH-%s-%s", base32(i>>20, 4), base32(i, 4))
			m.State, m.Policy, m.From = all[i%4], fmt.Sprint("policy ", i%3), fmt.Sprintf("sender%d@shop.example", i%5)
			m.Subjects = i % 100
			m.IncidentKey = fmt.Sprint("run ", i/10)
			m.Received = start.Add(time.Duration(i/3) * time.Minute)
			id, err := s.incidentFor(t.Context(), tx, &m)
			if err != nil {
				return err
			}
			m.Incident = id
			if _, err := s.insertMessageRows(t.Context(), tx, key, &m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func base32(n, width int) string {
	b := make([]byte, width)
	for i := range b {
		b[width-1-i] = crockford[n>>(5*i)&31]
	}
	return string(b)
}

// pages reads a query to its end.
func pages(t testing.TB, s *Store, q Query, between func()) []Message {
	t.Helper()
	var all []Message
	for {
		page, next, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if next == "" {
			return all
		}
		if len(page) != q.Limit {
			t.Fatalf("a page of %d before the last, want %d", len(page), q.Limit)
		}
		q.After = next
		between()
	}
}

func TestListGivesEachMessageOnceNewestFirst(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	const n = 1000
	fill(t, s, n)
	start := newClock().Now()
	tests := []struct {
		name  string
		query Query
		want  func(i int) bool
	}{
		{"all", Query{}, func(int) bool { return true }},
		{"one state", Query{States: []State{Held}}, func(i int) bool { return i%4 == 0 }},
		{"states, one of them twice", Query{States: []State{Held, Refused, Held}}, func(i int) bool { return i%2 == 0 }},
		{"policy", Query{Policy: "policy 1"}, func(i int) bool { return i%3 == 1 }},
		{"sender and states", Query{From: "sender3@shop.example", States: []State{Held, Deleted}}, func(i int) bool { return i%5 == 3 && (i%4 == 0 || i%4 == 3) }},
		{"subjects", Query{MinSubjects: 90}, func(i int) bool { return i%100 >= 90 }},
		{"since and until", Query{Since: start.Add(10 * time.Minute), Until: start.Add(20 * time.Minute)}, func(i int) bool { return i >= 30 && i < 60 }},
		{"none", Query{Policy: "none"}, func(int) bool { return false }},
	}
	for _, test := range tests {
		for _, limit := range []int{7, 500} {
			test.query.Limit = limit
			var want []string
			for i := range n {
				if test.want(i) {
					want = append(want, fmt.Sprintf("BH-0000-%s", base32(i, 4)))
				}
			}
			slices.Reverse(want)
			var got []string
			for _, m := range pages(t, s, test.query, func() {}) {
				got = append(got, m.ID)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %d a page (-want +got):\n%s", test.name, limit, diff)
			}
		}
	}
}

func TestPagesStayInPlaceWhileMessagesCome(t *testing.T) {
	t.Parallel()
	c := newClock()
	c.Add(24 * time.Hour) // what comes is newer than what is there
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	fill(t, s, 50)
	seen := map[string]int{}
	for _, m := range pages(t, s, Query{Limit: 10}, func() { hold(t, s, letter(1), "x") }) {
		seen[m.ID]++
	}
	if len(seen) != 50 {
		t.Errorf("%d messages seen, want the 50 that were there", len(seen))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s is listed %d times", id, n)
		}
	}
}

func TestForeignCursorIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	for _, c := range []Cursor{"x", "1", "1.", ".1", "1.2.3", "' OR 1", "zzzzzzzzzzzzzzzzzzzzz.1"} {
		if _, _, err := s.List(t.Context(), Query{After: c}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", c, err)
		}
	}
}

func TestUnknownIDsAreNotFound(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	for _, id := range []string{"", "BH-0000-0000", "../../etc/passwd", "BH-../x-0000", "IN-0000-0000", "BH-0000-000U"} {
		_, err := s.Get(t.Context(), id)
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("get %q: %v", id, err)
		}
		if _, err := s.Content(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("content of %q: %v", id, err)
		}
	}
	if id, err := NormaliseID(" bh-olio-7k2m\n"); err != nil || id != "BH-0110-7K2M" {
		t.Errorf("%q, %v", id, err)
	}
}

// With 10,000 messages a page must cost what it shows, not what is held.
func TestPagesAreReadFromAnIndex(t *testing.T) {
	testbed.SkipShort(t, "filling a store takes long")
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	fill(t, s, 10_000)
	now := time.Now()
	at := position{micros(now), 5000}
	queries := map[string][]any{}
	add := func(query string, args []any) { queries[query] = args }
	for _, q := range []Query{
		{}, {Policy: "policy 1"}, {From: "a@b.example"}, {MinSubjects: 5}, {Since: now, Until: now}, {Incident: "IN-0000-0000"},
		{Policy: "policy 1", From: "a@b.example", MinSubjects: 5, Since: now, Until: now},
	} {
		add(s.listSQL(q, "", at, nil))
		add(s.listSQL(q, Held, at, nil))
	}
	for _, q := range []IncidentQuery{{}, {State: IncidentOpen}, {Policy: "policy 1"}, {State: IncidentDecided, Policy: "policy 1"}} {
		add(s.incidentSQL(q, place{seq: 5000}, nil, 100))
	}
	for query, args := range queries {
		if query == "" {
			t.Fatal("no query")
		}
		for _, step := range plan(t, s, query, args) {
			// A subquery is named, and then searched as well.
			if !strings.HasPrefix(step, "SEARCH ") && !strings.HasPrefix(step, "CORRELATED SCALAR SUBQUERY ") {
				t.Errorf("%s\n\t%s", query, step)
			}
		}
	}
	start := time.Now()
	if all := pages(t, s, Query{Limit: 1000}, func() {}); len(all) != 10_000 {
		t.Errorf("%d messages", len(all))
	}
	t.Logf("10,000 messages listed in %v", time.Since(start))
}

func plan(t testing.TB, s *Store, query string, args []any) (steps []string) {
	t.Helper()
	ofSQLite(t, "its plans")
	rows, err := s.reader.Query("EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	if err := rows.Err(); err != nil || len(steps) == 0 {
		t.Fatal(len(steps), err)
	}
	return steps
}
