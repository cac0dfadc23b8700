package quarantine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func overview(t testing.TB, s *Store, since time.Time) Overview {
	t.Helper()
	o, err := s.Overview(t.Context(), since)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOverviewCountsWhatWasJudged(t *testing.T) {
	t.Parallel()
	c := newClock() // nine in the morning
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	at := func(minutes int, action, policy, read string) Exposure {
		return Exposure{At: c.Now().Add(time.Duration(minutes) * time.Minute), Action: action, Policy: policy,
			Exposure: fmt.Appendf(nil, `{"completeness":%q}`, read)}
	}
	batches := [][]Exposure{
		{at(-61, "pass", "", "complete"), at(-1, "pass", "", "complete"), at(0, "hold", "bulk", "partial"), at(59, "hold", "bulk", "partial")},
		{at(59, "hold", "bulk", "partial"), at(60, "tag", "trial", "complete")},
	}
	for _, b := range batches {
		if err := s.WriteLedger(t.Context(), &Ledger{Exposures: b}); err != nil {
			t.Fatal(err)
		}
	}
	nine := c.Now()
	c.Add(70 * time.Minute)
	o := overview(t, s, nine.Add(-time.Hour))
	want := []HourCount{
		{nine.Add(-time.Hour), "pass", "complete", 1},
		{nine, "hold", "partial", 3},
		{nine.Add(time.Hour), "tag", "complete", 1},
	}
	if diff := cmp.Diff(want, o.Hours); diff != "" {
		t.Errorf("hours (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]PolicyCount{{"bulk", "hold", 3}, {"trial", "tag", 1}}, o.Policies); diff != "" {
		t.Errorf("policies (-want +got):\n%s", diff)
	}
	if want := nine.Add(time.Hour); !o.LastMessage.Equal(want) || !o.Until.Equal(nine.Add(2*time.Hour)) {
		t.Errorf("last message %v, until %v", o.LastMessage, o.Until)
	}
	// What is forgotten of single messages stays counted.
	if _, err := s.PruneLedger(t.Context(), c.Now().Add(24*time.Hour), time.Time{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.CountExposures(t.Context(), time.Time{}); err != nil || n != 0 {
		t.Fatalf("%d exposures are left, %v", n, err)
	}
	if again := overview(t, s, nine.Add(-time.Hour)); len(again.Hours) != 3 {
		t.Errorf("after pruning: %v", again.Hours)
	}
	if hits, err := s.PolicyHits(t.Context(), nine.Add(-7*24*time.Hour)); err != nil || len(hits) != 2 || hits[0].Messages != 3 {
		t.Errorf("%v, %v", hits, err)
	}
}

// TestCountsAreKeptAsLongAsTheLedger, to the whole day.
func TestCountsAreKeptAsLongAsTheLedger(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	for range 3 { // days
		hold(t, s, letter(1), "x")
		e := Exposure{At: c.Now(), Action: "hold", Policy: "bulk", Exposure: []byte(`{"completeness":"complete"}`)}
		if err := s.WriteLedger(t.Context(), &Ledger{Exposures: []Exposure{e}}); err != nil {
			t.Fatal(err)
		}
		c.Add(24 * time.Hour)
	}
	// The middle one was at nine o'clock of the day before yesterday.
	if _, err := s.PruneLedger(t.Context(), time.Time{}, c.Now().Add(-48*time.Hour+30*time.Minute), time.Time{}); err != nil {
		t.Fatal(err)
	}
	o := overview(t, s, c.Now().Add(-1000*time.Hour))
	if len(o.Hours) != 2 || o.Incidents != 2 || len(o.Policies) != 1 || o.Policies[0].Messages != 2 || len(o.Senders) != 1 || o.Senders[0].Messages != 2 {
		t.Errorf("counted are %+v", o)
	}
	if page, _, err := s.Senders(t.Context(), SenderQuery{}); err != nil || len(page) != 1 || page[0].Messages != 3 {
		t.Errorf("who sent what was held, ever: %+v, %v", page, err)
	}
}

// People are kept from exposure until a copy reaches somebody, by its own
// verdict or by a release.
func TestOverviewCountsPeopleKept(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	since := c.Now()
	a := copyOf("a", 10)
	a.Run = &Run{Key: "a", Print: []byte{1}, Subjects: 40, Copies: 1, First: c.Now(), Last: c.Now()}
	first := hold(t, s, a, "x")
	hold(t, s, copyOf("b", 7), "x")
	c.Add(90 * time.Minute) // figures belong to the hour in which an incident began
	want := func(people, kept int64) {
		t.Helper()
		o := overview(t, s, since)
		if o.Incidents != 2 || o.People != people || o.Kept != kept {
			t.Errorf("%d incidents, %d people, %d kept; want 2, %d, %d", o.Incidents, o.People, o.Kept, people, kept)
		}
	}
	want(47, 47)
	hold(t, s, copyOf("b", 9), "y")
	want(49, 49)
	settle(t, begin(t, s, first.ID), RecipientResult{Address: reader1, State: RecipientReleased})
	want(49, 9)
	b := Run{Key: "b", Print: []byte{1}, Delivered: 3, Held: true, First: c.Now(), Last: c.Now()}
	if err := s.WriteLedger(t.Context(), &Ledger{Runs: []Run{b}}); err != nil {
		t.Fatal(err)
	}
	want(49, 0)
	if o := overview(t, s, c.Now()); o.Incidents != 0 || o.Kept != 0 {
		t.Errorf("later there is %+v", o)
	}
}

func TestSendersAreListedInEachOrder(t *testing.T) {
	t.Parallel()
	c := newClock()
	dir := t.TempDir()
	s := open(t, dir, Options{Clock: c.Now})
	send := func(from, run string, people int) Message {
		c.Add(time.Minute)
		m := copyOf(run, people)
		m.From = from
		return hold(t, s, m, "x")
	}
	send("many@shop.example", "a", 5)
	send("many@shop.example", "a", 8)
	refused := send("many@shop.example", "b", 1)
	send("people@shop.example", "c", 500)
	send("", "d", 2)
	if err := s.Refuse(t.Context(), refused.ID, "anna", ""); err != nil {
		t.Fatal(err)
	}
	last := c.Now()
	many := Sender{Address: "many@shop.example", Messages: 3, Open: 2, Incidents: 2, People: 9, Last: last.Add(-2 * time.Minute)}
	people := Sender{Address: "people@shop.example", Messages: 1, Open: 1, Incidents: 1, People: 500, Last: last.Add(-time.Minute)}
	null := Sender{Messages: 1, Open: 1, Incidents: 1, People: 2, Last: last}
	for by, want := range map[SenderSort][]Sender{SendersByPeople: {people, many, null}, SendersByLast: {null, people, many}} {
		if diff := cmp.Diff(want, senders(t, s, by), cmpopts.IgnoreUnexported(Sender{})); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", by, diff)
		}
	}
	if all := senders(t, s, SendersByMessages); len(all) != 3 || all[0].Address != many.Address {
		t.Errorf("by messages: %+v", all)
	}
	o := overview(t, s, last.Add(-time.Hour))
	if len(o.Senders) != 3 || o.Senders[0].Address != many.Address || o.Senders[0].Messages != 3 {
		t.Errorf("top senders: %+v", o.Senders)
	}

	blind := withoutKey(t, dir)
	if all := senders(t, blind, SendersByPeople); !all[0].Sealed || all[0].Address != "" || all[0].People != 500 {
		t.Errorf("without the private key: %+v", all[0])
	}
	page, err := blind.IncidentPage(t.Context(), IncidentQuery{Search: parse(t, "from:people@shop.example")})
	if err != nil || len(page.Incidents) != 1 || !page.Incidents[0].Sealed || page.Incidents[0].From != "" {
		t.Errorf("without the private key: %+v, %v", page, err)
	}
	for _, after := range []Cursor{"x", "1", "1.", "1.zz"} {
		if _, _, err := s.Senders(t.Context(), SenderQuery{After: after}); err == nil || !strings.Contains(err.Error(), "cursor") {
			t.Errorf("%q: %v", after, err)
		}
	}
}

// withoutKey opens a store as a relay has it whose private key was moved away.
func withoutKey(t testing.TB, dir string) *Store {
	t.Helper()
	if err := os.Rename(filepath.Join(dir, "quarantine.key"), filepath.Join(t.TempDir(), "key")); err != nil {
		t.Fatal(err)
	}
	return open(t, dir, Options{})
}

// senders reads a list one by one.
func senders(t testing.TB, s *Store, by SenderSort) (all []Sender) {
	t.Helper()
	for q := (SenderQuery{Sort: by, Limit: 1}); ; {
		page, next, err := s.Senders(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if q.After = next; next == "" {
			return all
		}
	}
}
