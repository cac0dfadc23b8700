package quarantine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"github.com/google/go-cmp/cmp"
)

func parse(t testing.TB, text string) search.Expr {
	t.Helper()
	e, err := search.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// varied fills a store with messages that differ in all that can be searched
// by, in 60 incidents of 1 to 5 copies.
func varied(t testing.TB, s *Store, c *clock) []Message {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 14))
	var all []Message
	for i := range 60 {
		for range 1 + random.IntN(5) {
			m := letter(2)
			m.IncidentKey = fmt.Sprint("run-", i)
			m.From = fmt.Sprintf("sender%d@shop%d.example", i%7, i%3)
			m.Recipients[0].Address = fmt.Sprintf("reader%d@post%d.example", random.IntN(9), random.IntN(3))
			m.Policy = fmt.Sprint("policy ", i%4)
			m.Action = []string{"hold", "tag"}[i%2]
			m.Subjects = random.IntN(50)
			m.Fields = [][]string{{"contact.email", "person.name"}, {"health.code"}, {"context.product", "address.city"}, nil}[i%4]
			m.Completeness = []string{"complete", "partial", "unscanned"}[random.IntN(3)]
			m.Run = &Run{Key: m.IncidentKey, Print: []byte{1}, First: c.Now(), Last: c.Now(), Delivered: int64(i % 3), Copies: 9}
			m = hold(t, s, m, strings.Repeat("x", 1+random.IntN(3000)))
			c.Add(time.Duration(random.IntN(40)) * time.Minute)
			all = append(all, m)
		}
	}
	for i := range all {
		m := &all[i]
		var err error
		switch random.IntN(4) {
		case 0:
			m.State, err = Refused, s.Refuse(t.Context(), m.ID, "anna", "")
		case 1:
			m.State, err = Deleted, s.Delete(t.Context(), m.ID, "anna", "")
		case 2:
			m.State = Released
			settle(t, begin(t, s, m.ID), RecipientResult{m.Recipients[0].Address, RecipientReleased, "250"}, RecipientResult{m.Recipients[1].Address, RecipientReleased, "250"})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// found is a search and what it must find, by what was held.
type found struct {
	text string
	want func(m *Message) bool
}

func searches(one Message) []found {
	of := func(words ...string) func(*Message) bool {
		return func(m *Message) bool {
			return slices.ContainsFunc(m.Fields, func(f string) bool { return slices.Contains(words, f) })
		}
	}
	return []found{
		{"", func(*Message) bool { return true }},
		{"from:SENDER3@shop0.example", func(m *Message) bool { return m.From == "sender3@shop0.example" }},
		{"from:@shop1.example", func(m *Message) bool { return strings.HasSuffix(m.From, "@shop1.example") }},
		{"to:reader2@post.example", func(*Message) bool { return true }},
		{"to:" + one.Recipients[0].Address, func(m *Message) bool { return m.Recipients[0].Address == one.Recipients[0].Address }},
		{"to:@post1.example", func(m *Message) bool { return strings.HasSuffix(m.Recipients[0].Address, "@post1.example") }},
		{"-to:@post1.example", func(m *Message) bool { return !strings.HasSuffix(m.Recipients[0].Address, "@post1.example") }},
		{`policy:"policy 2"`, func(m *Message) bool { return m.Policy == "policy 2" }},
		{`policy:"policy 2","policy 3" from:@shop0.example`, func(m *Message) bool {
			return (m.Policy == "policy 2" || m.Policy == "policy 3") && strings.HasSuffix(m.From, "@shop0.example")
		}},
		{"action:tag", func(m *Message) bool { return m.Action == "tag" }},
		{"field:health.code", of("health.code")},
		{"field:Contact.*", of("contact.email")},
		{"category:direct", of("contact.email", "person.name")},
		{"-category:context", func(m *Message) bool { return !of("context.product", "address.city")(m) }},
		{"run:run-17", func(m *Message) bool { return m.IncidentKey == "run-17" }},
		{one.ID, func(m *Message) bool { return m.ID == one.ID }},
		{strings.ToLower(one.Incident), func(m *Message) bool { return m.Incident == one.Incident }},
		{"hash:" + strings.ToUpper(one.SHA256), func(m *Message) bool { return m.SHA256 == one.SHA256 }},
		{"-" + one.Incident + " OR " + one.Incident, func(*Message) bool { return true }},
	}
}

func TestSearchesFindMessages(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now, look: 20})
	all := varied(t, s, c)
	one := all[40]
	tests := append(searches(one),
		found{"people:>=25", func(m *Message) bool { return m.Subjects >= 25 }},
		found{"people:7 OR people:<3", func(m *Message) bool { return m.Subjects == 7 || m.Subjects < 3 }},
		found{"size:>=1K", func(m *Message) bool { return m.Size >= 1024 }},
		found{"completeness:partial,unscanned", func(m *Message) bool { return m.Completeness != "complete" }},
		found{"state:open", func(m *Message) bool { return m.State == Held }},
		found{"state:decided people:>10", func(m *Message) bool { return m.State != Held && m.Subjects > 10 }},
		found{"state:released,refused", func(m *Message) bool { return m.State == Released || m.State == Refused }},
		found{"-state:open,released", func(m *Message) bool { return m.State != Held && m.State != Released }},
		found{"state:awaiting_approval", func(*Message) bool { return false }},
		found{"age:<4h", func(m *Message) bool { return c.Now().Sub(m.Received) < 4*time.Hour }},
		found{"age:>=4h", func(m *Message) bool { return c.Now().Sub(m.Received) >= 4*time.Hour }},
		found{"after:" + one.Received.Format(time.RFC3339), func(m *Message) bool { return !m.Received.Before(one.Received.Truncate(time.Second)) }},
		found{"before:" + one.Received.Format(time.RFC3339), func(m *Message) bool { return m.Received.Before(one.Received.Truncate(time.Second)) }},
	)
	for _, test := range tests {
		var want, got []string
		for _, m := range slices.Backward(all) {
			if test.want(&m) {
				want = append(want, m.ID)
			}
		}
		q := Query{Search: parse(t, test.text), Limit: 7}
		for {
			page, next, err := s.List(t.Context(), q)
			if err != nil {
				t.Fatal(test.text, err)
			}
			for _, m := range page {
				got = append(got, m.ID)
			}
			if q.After = next; next == "" {
				break
			}
		}
		slices.Sort(want)
		slices.Sort(got) // those of one moment are in the order of their rows
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.text, diff)
		}
	}
}

// Each order is read to its end and back, with a bound that cuts pages short.
func TestSearchesFindIncidentsInEachOrder(t *testing.T) {
	testbed.SkipShort(t, "filling a store takes long")
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now, look: 20})
	all := varied(t, s, c)
	one := all[40]
	for i, m := range all {
		if i%5 == 0 {
			if err := s.Assign(t.Context(), m.Incident, []string{"ana", "ben"}[i/5%2], "ana", ""); err != nil {
				t.Fatal(err)
			}
			if err := s.MarkIncident(t.Context(), m.Incident, MarkedWrong, "ana", ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	every, _, err := s.Incidents(t.Context(), IncidentQuery{Limit: 1000})
	if err != nil || len(every) != 60 {
		t.Fatal(len(every), err)
	}
	copies := map[string][]Message{}
	for _, m := range all {
		copies[m.Incident] = append(copies[m.Incident], m)
	}
	type wanted struct {
		text string
		want func(i *Incident) bool
	}
	var tests []wanted
	for _, f := range searches(one) {
		if strings.HasPrefix(f.text, "-to:") { // no copy, and not some copy that is not
			continue
		}
		tests = append(tests, wanted{f.text, func(i *Incident) bool {
			return slices.ContainsFunc(copies[i.ID], func(m Message) bool { return f.want(&m) })
		}})
	}
	tests = append(tests,
		wanted{"state:open", func(i *Incident) bool { return i.State == IncidentOpen }},
		wanted{"state:decided", func(i *Incident) bool { return i.State == IncidentDecided }},
		wanted{"-state:open", func(i *Incident) bool { return i.State == IncidentDecided }},
		wanted{"state:refused", func(i *Incident) bool {
			return slices.ContainsFunc(copies[i.ID], func(m Message) bool { return m.State == Refused })
		}},
		wanted{"people:>=40 state:open", func(i *Incident) bool { return i.Subjects >= 40 && i.State == IncidentOpen }},
		wanted{"copies:>3 OR delivered:>3", func(i *Incident) bool { return i.Copies > 3 || i.Delivered > 3 }},
		wanted{"delivered:0", func(i *Incident) bool { return i.Delivered == 0 }},
		wanted{"size:>1K", func(i *Incident) bool { return copies[i.ID][0].Size > 1024 }},
		wanted{"completeness:unscanned", func(i *Incident) bool {
			return slices.ContainsFunc(copies[i.ID], func(m Message) bool { return m.Completeness == "unscanned" })
		}},
		wanted{"age:<1d", func(i *Incident) bool { return c.Now().Sub(i.First) < 24*time.Hour }},
		wanted{"assigned:me", func(i *Incident) bool { return i.Assigned == "ben" }},
		wanted{"assigned:ana", func(i *Incident) bool { return i.Assigned == "ana" }},
		wanted{"assigned:none", func(i *Incident) bool { return i.Assigned == "" }},
		wanted{"mark:wrong", func(i *Incident) bool { return i.Mark == MarkedWrong }},
		wanted{"mark:none", func(i *Incident) bool { return i.Mark == Unmarked }},
	)
	for _, order := range []Sort{SortNewest, SortOldest, SortPeople, SortCopies} {
		for _, test := range tests {
			var want []string
			for _, i := range inOrder(every, order) {
				if test.want(&i) {
					want = append(want, i.ID)
				}
			}
			there, back := walk(t, s, IncidentQuery{Search: parse(t, test.text), Sort: order, Me: "ben", Limit: 7})
			if diff := cmp.Diff(want, there); diff != "" {
				t.Errorf("%q by %q (-want +got):\n%s", test.text, order, diff)
			}
			slices.Reverse(back)
			if diff := cmp.Diff(want, back); diff != "" {
				t.Errorf("%q by %q, going back (-want +got):\n%s", test.text, order, diff)
			}
		}
	}
}

func inOrder(all []Incident, by Sort) []Incident {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Incident) int {
		if n := int(b.value(by) - a.value(by)); n != 0 {
			return n
		}
		if by == SortOldest {
			return int(a.seq - b.seq)
		}
		return int(b.seq - a.seq)
	})
	return all
}

// walk reads a list to its end, and from there back to its beginning.
func walk(t testing.TB, s *Store, q IncidentQuery) (there, back []string) {
	t.Helper()
	var last IncidentPage
	for {
		page, err := s.IncidentPage(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range page.Incidents {
			there = append(there, i.ID)
			if i.Sealed || i.From == "" {
				t.Fatalf("%s is from %q, sealed %t", i.ID, i.From, i.Sealed)
			}
		}
		last = page
		if page.Next == "" {
			break
		}
		q.After = page.Next
	}
	for page := last; ; {
		for _, i := range slices.Backward(page.Incidents) {
			back = append(back, i.ID)
		}
		if page.Prev == "" {
			return there, back
		}
		q.After = page.Prev
		var err error
		if page, err = s.IncidentPage(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEachKeyIsSearchedBy(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	for _, d := range search.Docs() {
		for _, of := range []target{ofIncidents, ofMessages} {
			c := finder{s: s, of: of}
			if sql := c.sql(parse(t, d.Example)); sql == "(0)" {
				t.Errorf("%s is not searched by", d.Example)
			}
		}
	}
}

func TestForeignCursorOfIncidentsIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	for _, c := range []Cursor{"x", "n", "n+", "n+1", "n+1.-2", "n+-1.2", "p+1.2", "' OR 1", "n+zzzzzzzzzzzzzzzzzzz.1"} {
		if _, err := s.IncidentPage(t.Context(), IncidentQuery{After: c}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", c, err)
		}
	}
	if _, err := s.IncidentPage(t.Context(), IncidentQuery{Sort: "sideways"}); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}
