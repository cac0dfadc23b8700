package quarantine

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// begin is BeginRelease, which must succeed.
func begin(t testing.TB, s *Store, id string, to ...string) *Release {
	t.Helper()
	r, err := s.BeginRelease(t.Context(), id, to, "anna", "checked")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func settle(t testing.TB, r *Release, results ...RecipientResult) {
	t.Helper()
	if err := r.Settle(t.Context(), results); err != nil {
		t.Fatal(err)
	}
}

const (
	reader1 = "reader1@post.example"
	reader2 = "reader2@post.example"
	reader3 = "reader3@post.example"
)

func states(m Message) (all []RecipientState) {
	for _, r := range m.Recipients {
		all = append(all, r.State)
	}
	return all
}

func TestReleaseSettlesEachRecipient(t *testing.T) {
	t.Parallel()
	const ok, no, later, lost, kept = RecipientReleased, RecipientRefused, RecipientDeferred, RecipientUnknown, RecipientHeld
	tests := []struct {
		name    string
		to      []string // nil: all
		results []RecipientResult
		state   State
		want    []RecipientState
		next    error            // of trying again
		retried []RecipientState // by trying again
	}{
		{"all released", nil, []RecipientResult{{Address: reader1, State: ok}, {Address: reader2, State: ok}, {Address: reader3, State: ok}},
			Released, []RecipientState{ok, ok, ok}, ErrDecided, nil},
		{"some named", []string{reader2}, []RecipientResult{{Address: reader2, State: ok}},
			PartlyReleased, []RecipientState{kept, ok, kept}, nil, []RecipientState{RecipientSending, ok, RecipientSending}},
		{"one refused, one deferred", nil, []RecipientResult{{Address: reader1, State: no}, {Address: reader2, State: later}, {Address: reader3, State: ok}},
			PartlyReleased, []RecipientState{no, later, ok}, nil, []RecipientState{RecipientSending, RecipientSending, ok}},
		{"none taken", nil, []RecipientResult{{Address: reader1, State: later}, {Address: reader2, State: later}, {Address: reader3, State: later}},
			ReleaseFailed, []RecipientState{later, later, later}, nil, []RecipientState{RecipientSending, RecipientSending, RecipientSending}},
		// Without a result nobody knows, and nobody may send again silently.
		{"no results", nil, nil, ReleaseFailed, []RecipientState{lost, lost, lost}, ErrUncertain, nil},
		{"one unknown", nil, []RecipientResult{{Address: reader1, State: ok}, {Address: reader2, State: lost}, {Address: reader3, State: later}},
			PartlyReleased, []RecipientState{ok, lost, later}, nil, []RecipientState{ok, lost, RecipientSending}},
	}
	s := open(t, t.TempDir(), Options{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := hold(t, s, letter(3), "x")
			r := begin(t, s, m.ID, test.to...)
			if got := get(t, s, m.ID); got.State != Releasing {
				t.Errorf("state while sending is %s", got.State)
			}
			settle(t, r, test.results...)
			got := get(t, s, m.ID)
			if got.State != test.state || !cmp.Equal(states(got), test.want) {
				t.Errorf("%s %v, want %s %v", got.State, states(got), test.state, test.want)
			}
			_, err := s.BeginRelease(t.Context(), m.ID, nil, "bert", "again")
			if !errors.Is(err, test.next) || (err == nil) != (test.next == nil) {
				t.Errorf("trying again: %v, want %v", err, test.next)
			}
			if got := get(t, s, m.ID); test.next == nil && !cmp.Equal(states(got), test.retried) {
				t.Errorf("trying again takes %v, want %v", states(got), test.retried)
			}
			if err := r.Settle(t.Context(), nil); !errors.Is(err, ErrDecided) {
				t.Errorf("settling twice: %v", err)
			}
		})
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestReleaseIsOfTheExactContentToTheNamed(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	given := letter(3)
	given.Recipients[1].Params = []string{"NOTIFY=NEVER"}
	m := hold(t, s, given, "a\r\n.b\r\n")
	r := begin(t, s, m.ID, reader2)
	want := []Recipient{{Address: reader2, Params: []string{"NOTIFY=NEVER"}, State: RecipientSending}}
	if diff := cmp.Diff(want, r.Message().Recipients); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
	c, err := r.Content()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err := errors.Join(err, c.Close()); err != nil || string(b) != "a\r\n.b\r\n" {
		t.Errorf("content %q, %v", b, err)
	}
}

func TestReleaseNamesWhoWasFirst(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		first func(*Store, string) error // what anna does
		to    []string
		want  error
		says  string
	}{
		{"releasing", func(s *Store, id string) error {
			_, err := s.BeginRelease(context.Background(), id, []string{reader1}, "anna", "")
			return err
		}, []string{reader2}, ErrBusy, `"anna"`},
		{"refused", func(s *Store, id string) error { return s.Refuse(context.Background(), id, "anna", "") }, nil, ErrDecided, `"anna"`},
		{"deleted", func(s *Store, id string) error { return s.Delete(context.Background(), id, "anna", "") }, nil, ErrDecided, `"anna"`},
		{"one released", func(s *Store, id string) error {
			r, err := s.BeginRelease(context.Background(), id, []string{reader1}, "anna", "")
			if err != nil {
				return err
			}
			return r.Settle(context.Background(), []RecipientResult{{Address: reader1, State: RecipientReleased}})
		}, []string{reader2, reader1}, ErrDecided, `recipient 1 has it already, released by "anna"`},
		{"one lost", func(s *Store, id string) error {
			r, err := s.BeginRelease(context.Background(), id, []string{reader1}, "anna", "")
			if err != nil {
				return err
			}
			return r.Settle(context.Background(), nil)
		}, []string{reader1}, ErrUncertain, `recipient 1 may have it already, sent by "anna"`},
		{"nothing", func(*Store, string) error { return nil }, []string{"other@post.example"}, ErrNotRecipient, "name 1 of 1"},
		{"nothing", func(*Store, string) error { return nil }, []string{}, ErrInvalid, "no recipient is named"},
	}
	s := open(t, t.TempDir(), Options{})
	for _, test := range tests {
		m := hold(t, s, letter(2), "x")
		if err := test.first(s, m.ID); err != nil {
			t.Fatal(err)
		}
		_, err := s.BeginRelease(t.Context(), m.ID, test.to, "bert", "")
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %v that says %s", test.name, err, test.want, test.says)
		}
		if err != nil && strings.Contains(err.Error(), "@") {
			t.Errorf("%s: error names an address: %v", test.name, err)
		}
	}
}

func TestDecisionsWaitForTheRelease(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	m := hold(t, s, letter(1), "x")
	r := begin(t, s, m.ID)
	wantErr(t, s.Refuse(t.Context(), m.ID, "bert", ""), ErrBusy)
	wantErr(t, s.Delete(t.Context(), m.ID, "bert", ""), ErrBusy)
	settle(t, r, RecipientResult{Address: reader1, State: RecipientDeferred, Reply: "450 4.2.0 reader1 is full"})
	if got := get(t, s, m.ID).Recipients[0].Reply; got != "450 4.2.0" {
		t.Errorf("reply is kept as %q", got)
	}
	if err := s.Refuse(t.Context(), m.ID, "bert", ""); err != nil {
		t.Error(err)
	}
	wantErr(t, s.Refuse(t.Context(), m.ID, "carl", ""), ErrDecided)
	if err := s.Delete(t.Context(), m.ID, "carl", ""); err != nil {
		t.Error(err)
	}
	wantErr(t, s.Delete(t.Context(), m.ID, "dora", ""), ErrDecided)
	_, err := s.Content(t.Context(), m.ID)
	wantErr(t, err, ErrNotFound)
	if got := get(t, s, m.ID); got.State != Deleted || got.DecidedBy != "carl" || got.SHA256 != m.SHA256 {
		t.Errorf("left %+v", got)
	}
}

// A relay that dies between Begin and Settle leaves nobody knowing whether the
// upstream has the message.
func TestLostReleaseIsUnknownAndNeverSentAgainSilently(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now, Lease: time.Minute})
	m := hold(t, s, letter(2), "x")
	lost := begin(t, s, m.ID, reader1)
	c.Add(time.Minute - time.Microsecond)
	_, err := s.BeginRelease(t.Context(), m.ID, nil, "bert", "")
	wantErr(t, err, ErrBusy)
	c.Add(time.Microsecond)

	// The list by state and the message agree.
	page, _, err := s.List(t.Context(), Query{States: []State{ReleaseFailed}})
	if err != nil || len(page) != 1 || page[0].Recipients[0].State != RecipientUnknown {
		t.Fatalf("listed %+v, %v", page, err)
	}
	_, err = s.BeginRelease(t.Context(), m.ID, []string{reader1}, "bert", "")
	wantErr(t, err, ErrUncertain)
	rest := begin(t, s, m.ID) // all that are known not to have it
	if got := rest.Message().Recipients; len(got) != 1 || got[0].Address != reader2 {
		t.Errorf("sends to %d, want the second only", len(got))
	}
	settle(t, rest, RecipientResult{Address: reader2, State: RecipientReleased})

	forced, err := s.ForceRelease(t.Context(), m.ID, nil, "bert", "they say it never came")
	if err != nil || len(forced.Message().Recipients) != 1 {
		t.Fatalf("forced: %+v, %v", forced, err)
	}
	// The first one was only slow. Its word comes too late to undo the
	// second's lease.
	settle(t, lost, RecipientResult{Address: reader1, State: RecipientDeferred})
	if got := get(t, s, m.ID); got.State != Releasing || got.Recipients[0].State != RecipientSending {
		t.Errorf("late settling leaves %s %v", got.State, states(got))
	}
	settle(t, forced, RecipientResult{Address: reader1, State: RecipientReleased})
	if got := get(t, s, m.ID); got.State != Released {
		t.Errorf("state %s", got.State)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// Nobody needs to have looked at the message in between.
func TestNextDecisionEndsTheLeaseItself(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		decide func(*Store, string) error
		want   error
	}{
		{"release", func(s *Store, id string) error {
			_, err := s.BeginRelease(context.Background(), id, nil, "bert", "")
			return err
		}, ErrUncertain},
		{"forced release", func(s *Store, id string) error {
			_, err := s.ForceRelease(context.Background(), id, nil, "bert", "")
			return err
		}, nil},
		{"refuse", func(s *Store, id string) error { return s.Refuse(context.Background(), id, "bert", "") }, nil},
		{"delete", func(s *Store, id string) error { return s.Delete(context.Background(), id, "bert", "") }, nil},
	}
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now, Lease: time.Minute})
	for _, test := range tests {
		m := hold(t, s, letter(1), "x")
		begin(t, s, m.ID)
		c.Add(time.Minute)
		if err := test.decide(s, m.ID); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

func TestSlowReleaseIsRecordedAfterItsLease(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now, Lease: time.Minute})
	result := RecipientResult{Address: reader1, State: RecipientReleased, Reply: "250 2.0.0"}

	slow := hold(t, s, letter(1), "x")
	decided := hold(t, s, letter(1), "y")
	releaseSlow, releaseDecided := begin(t, s, slow.ID), begin(t, s, decided.ID)
	c.Add(time.Hour)
	if err := s.Refuse(t.Context(), decided.ID, "bert", "gave up"); err != nil {
		t.Fatal(err)
	}
	// What was sent is recorded even when the server is going down.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := errors.Join(releaseSlow.Settle(ctx, []RecipientResult{result}), releaseDecided.Settle(ctx, []RecipientResult{result})); err != nil {
		t.Fatal(err)
	}
	if got := get(t, s, slow.ID); got.State != Released {
		t.Errorf("state %s", got.State)
	}
	// A decision stays, and the recipient tells the truth.
	if got := get(t, s, decided.ID); got.State != Refused || got.Recipients[0].State != RecipientReleased {
		t.Errorf("left %s %v", got.State, states(got))
	}
}

func TestSettleRefusesForeignResults(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	m := hold(t, s, letter(2), "x")
	r := begin(t, s, m.ID, reader1)
	wantErr(t, r.Settle(t.Context(), []RecipientResult{{Address: reader2, State: RecipientReleased}}), ErrNotRecipient)
	wantErr(t, r.Settle(t.Context(), []RecipientResult{{Address: reader1, State: RecipientHeld}}), ErrInvalid)
	settle(t, r, RecipientResult{Address: reader1, State: RecipientReleased})
}

func TestNobodyDecidesWithoutAName(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	m := hold(t, s, letter(1), "x")
	_, err := s.BeginRelease(t.Context(), m.ID, nil, "", "")
	wantErr(t, err, ErrInvalid)
	wantErr(t, s.Refuse(t.Context(), m.ID, "", ""), ErrInvalid)
	wantErr(t, s.Delete(t.Context(), m.ID, "", ""), ErrInvalid)
	wantErr(t, s.Record(t.Context(), m.ID, ActViewed, "", ""), ErrInvalid)
}

func TestReplyIsKeptAsItsCodes(t *testing.T) {
	t.Parallel()
	tests := []struct{ reply, want string }{
		{"250 2.1.5 reader1@post.example ok", "250 2.1.5"},
		{"250-2.1.5 first line\r\n250 2.1.5 last", "250 2.1.5"},
		{"550 5.7.1\r\n", "550 5.7.1"},
		{"250", "250"},
		{"250 ok", "250"},
		{"550 user 5.1.1", "550"},
		{"450 5.1.1 classes differ", "450"},
		{"250 2.1.reader1", "250"},
		{"250 2.1.5.4", "250"},
		{"reader1 is gone", ""},
		{"199 odd", ""},
		{"2500 long", ""},
		{"", ""},
	}
	for _, test := range tests {
		if got := replyCodes(test.reply); got != test.want {
			t.Errorf("%q is kept as %q, want %q", test.reply, got, test.want)
		}
	}
}
