package quarantine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"github.com/google/go-cmp/cmp"
)

const day = 24 * time.Hour

// told is a Notifier that remembers.
type told struct {
	notices []string
	err     error
}

func (n *told) Notify(_ context.Context, notice Notice) error {
	if n.err == nil {
		n.notices = append(n.notices, fmt.Sprintf("%s %s, %d", notice.Kind, notice.At.Format(time.DateOnly), len(notice.Messages)))
	}
	return n.err
}

func expire(t *testing.T, s *Store, to Notifier) ExpiryReport {
	t.Helper()
	report, err := s.Expire(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// acts gives the audit trail in words.
func acts(t *testing.T, s *Store) (all []string) {
	t.Helper()
	entries, _, err := s.Audit(t.Context(), AuditQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, strings.TrimSpace(fmt.Sprint(e.Message, e.Detail.Incident, " ", e.Act, " by ", e.By)))
	}
	return all
}

func TestUndecidedMessagesAreRefusedAfterWarnings(t *testing.T) {
	t.Parallel()
	c := newClock() // 2031-03-05
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	a, b := hold(t, s, copyOf("run", 1), bulk("a")), hold(t, s, copyOf("run", 1), "b")
	var n told
	for range 31 {
		expire(t, s, &n)
		expire(t, s, &n) // at once: nothing is told twice
		c.Add(day)
	}
	want := []string{"expiring 2031-04-04, 2", "expiring 2031-04-04, 2", "expired 2031-04-04, 2"}
	if diff := cmp.Diff(want, n.notices); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	for _, id := range []string{a.ID, b.ID} {
		if m := get(t, s, id); m.State != Expired || m.DecidedBy != bySystem {
			t.Errorf("%s is %s, by %s", id, m.State, m.DecidedBy)
		}
		wantErr(t, readAll(t, s, id), ErrNotFound)
		_, err := s.BeginRelease(t.Context(), id, nil, "anna", "late")
		wantErr(t, err, ErrDecided)
	}
	wantTidy(t, s)
	got := acts(t, s)[2:]
	wantActs := []string{a.Incident + " expiring by bulkhead", a.Incident + " expiring by bulkhead", a.ID + " expired by bulkhead", b.ID + " expired by bulkhead"}
	if diff := cmp.Diff(wantActs, got); diff != "" {
		t.Errorf("audit trail (-want +got):\n%s", diff)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// Nobody is told when the relay was down; then there is another day.
func TestNothingExpiresUnwarned(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	m := hold(t, s, letter(1), "x")
	c.Add(90 * day)
	var n told
	if got := expire(t, s, &n); got != (ExpiryReport{Warned: 1}) {
		t.Errorf("%+v", got)
	}
	c.Add(day - time.Second)
	if got := expire(t, s, &n); got != (ExpiryReport{}) || get(t, s, m.ID).State != Held {
		t.Errorf("%+v, and the message is %s", got, get(t, s, m.ID).State)
	}
	c.Add(time.Second)
	if got := expire(t, s, &n); got != (ExpiryReport{Expired: 1}) {
		t.Errorf("%+v", got)
	}
}

// When nobody can be told, nothing is refused, and what others can be told of
// still is.
func TestNoNoticeNoExpiry(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	first, second := hold(t, s, letter(1), "x"), hold(t, s, letter(1), "y")
	broken := notifierFunc(func(n Notice) error {
		if n.Incident == first.Incident {
			return errInjected
		}
		return nil
	})
	for range 3 {
		c.Add(30 * day)
		_, err := s.Expire(t.Context(), broken)
		if c.Now().Before(second.Expires) == errors.Is(err, errInjected) {
			t.Errorf("error %v", err)
		}
	}
	if m := get(t, s, first.ID); m.State != Held {
		t.Errorf("what nobody was told of is %s", m.State)
	}
	if m := get(t, s, second.ID); m.State != Expired {
		t.Errorf("what somebody was told of is %s", m.State)
	}
	readContent(t, s, first.ID)
}

type notifierFunc func(Notice) error

func (f notifierFunc) Notify(_ context.Context, n Notice) error { return f(n) }

func TestRetentionIsByPolicyAndDecision(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now, Retention: Retention{
		Periods:  Periods{Undecided: 10 * day, Decided: 2 * day},
		Policies: map[string]Periods{"cards": {Undecided: 5 * day}, "legal": {Undecided: -1, Decided: -1}},
	}})
	of := func(policy, text string) Message {
		m := letter(1)
		m.Policy = policy
		return hold(t, s, m, text)
	}
	messages := map[string]Message{
		"usual": of("bulk", "1"), "cards": of("cards", "2"), "legal": of("legal", "3"),
		"refused": of("bulk", "4"), "released": of("cards", "5"), "legal, refused": of("legal", "6"), "releasing": of("cards", "7"),
	}
	if err := errors.Join(s.Refuse(t.Context(), messages["refused"].ID, "anna", ""),
		s.Refuse(t.Context(), messages["legal, refused"].ID, "anna", "")); err != nil {
		t.Fatal(err)
	}
	settle(t, begin(t, s, messages["released"].ID), RecipientResult{Address: reader1, State: RecipientReleased})
	begun := begin(t, s, messages["releasing"].ID)
	gone := map[string]int{} // after how many days
	for d := range 15 {
		if d == 7 {
			settle(t, begun, RecipientResult{Address: reader1, State: RecipientDeferred})
		}
		expire(t, s, nil)
		for name, m := range messages {
			if _, ok := gone[name]; !ok && errors.Is(readAll(t, s, m.ID), ErrNotFound) {
				gone[name] = d
			}
		}
		c.Add(day)
		if d < 7 { // the release is slow, its lease is not over
			if _, err := s.writer.Exec("UPDATE releases SET lease = ? WHERE ended = 0", micros(c.Now().Add(defaultLease))); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The one that was being released when its time came got its warning late.
	want := map[string]int{"usual": 10, "cards": 5, "refused": 2, "released": 2, "releasing": 8}
	if diff := cmp.Diff(want, gone); diff != "" {
		t.Errorf("content is gone after days (-want +got):\n%s", diff)
	}
	for name, state := range map[string]State{"refused": Refused, "released": Released, "usual": Expired, "legal": Held} {
		if m := get(t, s, messages[name].ID); m.State != state {
			t.Errorf("%s is %s, want %s", name, m.State, state)
		}
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLegalHoldStopsExpiryAndDeletion(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	one := hold(t, s, letter(1), "one")
	first := hold(t, s, copyOf("run", 1), "first")
	if err := errors.Join(s.Keep(t.Context(), strings.ToLower(one.ID), "anna", "court"), s.Keep(t.Context(), first.Incident, "anna", "court")); err != nil {
		t.Fatal(err)
	}
	later := hold(t, s, copyOf("run", 1), "later")
	if later.Incident != first.Incident || !later.Kept {
		t.Errorf("what joins the incident is kept: %v", later.Kept)
	}
	if st, err := s.Stats(t.Context()); err != nil || !st.NextExpiry.IsZero() {
		t.Errorf("next expiry %v, %v", st.NextExpiry, err)
	}
	all := []string{one.ID, first.ID, later.ID}
	c.Add(365 * day)
	if got := expire(t, s, nil); got != (ExpiryReport{}) {
		t.Errorf("%+v", got)
	}
	for _, id := range all {
		wantErr(t, s.Delete(t.Context(), id, "anna", ""), ErrKept)
		if m := get(t, s, id); !m.Kept {
			t.Errorf("%s does not say that it is kept", id)
		}
	}
	if err := s.Refuse(t.Context(), later.ID, "anna", "decided is not gone"); err != nil {
		t.Error(err)
	}
	if err := errors.Join(s.EndKeep(t.Context(), one.ID, "bert", "over"), s.EndKeep(t.Context(), first.Incident, "bert", "over")); err != nil {
		t.Fatal(err)
	}
	if got := expire(t, s, nil); got != (ExpiryReport{Warned: 2}) {
		t.Errorf("after the hold: %+v", got)
	}
	if st, err := s.Stats(t.Context()); err != nil || !st.NextExpiry.Equal(c.Now().Add(day)) {
		t.Errorf("next expiry %v, %v; want in a day", st.NextExpiry, err)
	}
	c.Add(7 * day)
	if got := expire(t, s, nil); got != (ExpiryReport{Expired: 2, Removed: 1}) {
		t.Errorf("a week later: %+v", got)
	}
	wantErr(t, s.Keep(t.Context(), "IN-0000-0000", "anna", ""), ErrNotFound)
	wantErr(t, s.Keep(t.Context(), "BH-0000-0000", "anna", ""), ErrNotFound)
	wantErr(t, s.Keep(t.Context(), one.ID, "", ""), ErrInvalid)
	if got := acts(t, s); !slices.Contains(got, first.Incident+" kept by anna") || !slices.Contains(got, one.ID+" keep_ended by bert") {
		t.Errorf("audit trail %q", got)
	}
}

// An incident of thousands is dealt with in notices of bounded size.
func TestLargeIncidentsExpireWhole(t *testing.T) {
	testbed.SkipShort(t, "filling a store takes long")
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	const copies = 2*expiryBatch + 10
	for i := range copies {
		hold(t, s, copyOf("run", 1), fmt.Sprint(i, "\r\n\r\nthe same"))
	}
	c.Add(29 * day)
	var n told
	expire(t, s, &n)
	c.Add(2 * day)
	if got := expire(t, s, &n); got.Expired != copies {
		t.Errorf("%+v, want %d expired", got, copies)
	}
	if len(n.notices) != 6 {
		t.Errorf("notices %q", n.notices)
	}
	wantTidy(t, s)
}
