package review_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/google/go-cmp/cmp"
)

// office is a quarantine with an incident, and an upstream that keeps what it
// gets.
type office struct {
	t       *testing.T
	store   *quarantine.Store
	cfg     review.Config
	ids     []string
	run     string              // of what is held
	sent    map[string][]string // addresses by content
	answer  func(address string) upstream.Outcome
	results []review.Result
}

func (o *office) Send(_ context.Context, e upstream.Envelope, content io.Reader, size int64) ([]upstream.Result, error) {
	body, err := io.ReadAll(content)
	if err != nil || int64(len(body)) != size {
		o.t.Errorf("content of %d bytes, %d announced: %v", len(body), size, err)
	}
	var results []upstream.Result
	for _, r := range e.Recipients {
		outcome := upstream.Accepted
		if o.answer != nil {
			outcome = o.answer(r.Path)
		}
		if outcome == upstream.Accepted {
			o.sent[string(body)] = append(o.sent[string(body)], r.Path)
		}
		results = append(results, upstream.Result{Path: r.Path, Outcome: outcome, Reply: upstream.Reply{Code: 250, Lines: []string{"2.1.5 ok"}}})
	}
	return results, nil
}

// newOffice holds n copies for a reader each.
func newOffice(t *testing.T, n int) *office {
	t.Helper()
	store, err := quarantine.Open(t.Context(), t.TempDir(), quarantine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	o := &office{t: t, store: store, run: "run", sent: map[string][]string{}}
	o.cfg = review.Config{Store: store, Upstream: o, TwoPeopleFrom: 100}
	for i := range n {
		o.hold(fmt.Sprintf("copy %d", i+1), 12, fmt.Sprintf("reader%d@post.test", i+1))
	}
	return o
}

func (o *office) hold(content string, subjects int, to ...string) {
	o.t.Helper()
	m := quarantine.Message{From: "tool@shop.test", Policy: "bulk", Subjects: subjects, IncidentKey: o.run}
	for _, address := range to {
		m.Recipients = append(m.Recipients, quarantine.Recipient{Address: address})
	}
	held, err := o.store.Hold(o.t.Context(), m, strings.NewReader(content))
	if err != nil {
		o.t.Fatal(err)
	}
	o.ids = append(o.ids, held.ID)
}

func (o *office) desk() *review.Desk { return review.New(o.cfg) }

func (o *office) incident() string {
	o.t.Helper()
	m, err := o.store.Get(o.t.Context(), o.ids[0])
	if err != nil {
		o.t.Fatal(err)
	}
	return m.Incident
}

func (o *office) token() string {
	o.t.Helper()
	s, err := o.desk().Review(o.t.Context(), o.incident())
	if err != nil {
		o.t.Fatal(err)
	}
	return s.Token
}

func (o *office) hooks() review.Hooks {
	o.results = nil
	return review.Hooks{Result: func(r review.Result) { o.results = append(o.results, r) }}
}

func (o *office) release(change func(*review.Request)) (review.Outcome, error) {
	q := review.Request{Incident: o.incident(), Action: quarantine.ActionRelease, By: "ana", Reason: "agreed", Token: o.token()}
	if change != nil {
		change(&q)
	}
	return o.desk().Decide(o.t.Context(), q, o.hooks())
}

// got lists who got what.
func (o *office) got() (all []string) {
	for content, to := range o.sent {
		for _, address := range to {
			all = append(all, address+": "+content)
		}
	}
	slices.Sort(all)
	return all
}

func (o *office) states() map[quarantine.State]int {
	o.t.Helper()
	s, err := o.desk().Review(o.t.Context(), o.incident())
	if err != nil {
		o.t.Fatal(err)
	}
	return s.States
}

func TestOneDecisionReleasesEveryCopy(t *testing.T) {
	o := newOffice(t, 5)
	progress := 0
	h := o.hooks()
	h.Progress = func(done, total int) {
		if done != progress || total != 5 {
			t.Errorf("%d of %d, want %d of 5", done, total, progress)
		}
		progress++
	}
	out, err := o.desk().Decide(t.Context(), review.Request{Incident: o.incident(), Action: quarantine.ActionRelease,
		By: "ana", Reason: "agreed", Token: o.token()}, h)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.got()) != 5 || len(o.results) != 5 || out.Missing() != 0 || len(out.Messages) != 5 || progress != 6 {
		t.Errorf("got %v, results %v, outcome %+v", o.got(), o.results, out)
	}
	if diff := cmp.Diff(map[quarantine.State]int{quarantine.Released: 5}, o.states()); diff != "" {
		t.Error(diff)
	}
	if _, err := o.release(nil); !errors.Is(err, review.ErrNothing) {
		t.Errorf("released again: %v", err)
	}
}

func TestReleaseIsBoundToWhatWasReviewed(t *testing.T) {
	o := newOffice(t, 2)
	seen := o.token()
	if seen != o.token() {
		t.Fatal("the token changes by itself")
	}
	if _, err := o.release(func(q *review.Request) { q.Token = "" }); !errors.Is(err, review.ErrStale) {
		t.Errorf("without a token: %v", err)
	}
	o.hold("copy 3", 12, "reader3@post.test")
	if _, err := o.release(func(q *review.Request) { q.Token = seen }); !errors.Is(err, review.ErrStale) {
		t.Errorf("with a copy that nobody has seen: %v", err)
	}
	if len(o.got()) != 0 {
		t.Errorf("sent all the same: %v", o.got())
	}
	if _, err := o.release(func(q *review.Request) { q.Token = strings.ToLower(o.token()) }); err != nil {
		t.Errorf("with the token of what there is: %v", err)
	}
	if len(o.got()) != 3 {
		t.Errorf("sent %v", o.got())
	}
}

func TestReleaseToSomeLeavesTheRest(t *testing.T) {
	o := newOffice(t, 3)
	if _, err := o.release(func(q *review.Request) { q.To = []string{"READER2@post.test"} }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"reader2@post.test: copy 2"}, o.got()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[quarantine.State]int{quarantine.Held: 2, quarantine.Released: 1}, o.states()); diff != "" {
		t.Error(diff)
	}
}

func TestManyPeopleTakeTwo(t *testing.T) {
	o := newOffice(t, 1)
	o.hold("large", 100, "reader9@post.test")
	m, err := o.store.Get(t.Context(), o.ids[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := o.desk().OneAlone(&m); !errors.Is(err, review.ErrTwoPeople) {
		t.Errorf("one message by itself: %v", err)
	}
	if _, err := o.release(nil); !errors.Is(err, review.ErrAwaiting) {
		t.Fatalf("released by one: %v", err)
	}
	if len(o.got()) != 0 {
		t.Fatalf("sent before anybody agreed: %v", o.got())
	}
	approve := func(by, token string) error {
		_, err := o.desk().Approve(t.Context(), review.Request{Incident: o.incident(), By: by, Reason: "seen", Token: token}, o.hooks())
		return err
	}
	if err := approve("Ana", o.token()); !errors.Is(err, quarantine.ErrSamePerson) {
		t.Errorf("approved by who asked: %v", err)
	}
	if err := approve("ben", ""); !errors.Is(err, review.ErrStale) {
		t.Errorf("approved without looking: %v", err)
	}
	if _, err := o.desk().Resume(t.Context(), o.incident(), "ana", o.hooks()); !errors.Is(err, review.ErrAwaiting) {
		t.Errorf("resumed instead: %v", err)
	}
	// Another release than the one that was seen is not agreed to.
	seen := o.token()
	if err := o.desk().Withdraw(t.Context(), o.incident(), "ana", "another"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.release(func(q *review.Request) { q.To = []string{"reader9@post.test"} }); !errors.Is(err, review.ErrAwaiting) {
		t.Fatal(err)
	}
	if err := approve("ben", seen); !errors.Is(err, review.ErrStale) {
		t.Errorf("approved what was not seen: %v", err)
	}
	if err := o.desk().Withdraw(t.Context(), o.incident(), "ana", "the first after all"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.release(nil); !errors.Is(err, review.ErrAwaiting) {
		t.Fatal(err)
	}
	old := o.token()
	o.hold("later", 12, "reader10@post.test")
	if err := approve("ben", old); !errors.Is(err, review.ErrStale) {
		t.Errorf("approved what has changed: %v", err)
	}
	// What was asked for is what is sent: the later copy is not in it.
	if err := approve("ben", o.token()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"reader1@post.test: copy 1", "reader9@post.test: large"}, o.got()); diff != "" {
		t.Error(diff)
	}
	// A refusal takes one.
	if _, err := o.desk().Decide(t.Context(), review.Request{Incident: o.incident(), Action: quarantine.ActionRefuse, By: "ana", Reason: "no"}, o.hooks()); err != nil {
		t.Error(err)
	}
}

func TestReleaseToNobodyOfTheRunIsAnError(t *testing.T) {
	o := newOffice(t, 2)
	_, err := o.release(func(q *review.Request) { q.To = []string{"READER1@post.test", "raeder2@post.test"} })
	if !errors.Is(err, quarantine.ErrNotRecipient) || strings.Contains(err.Error(), "raeder2") {
		t.Errorf("%v", err)
	}
	if len(o.got()) != 0 {
		t.Errorf("sent %v", o.got())
	}
	if _, err := o.release(nil); err != nil {
		t.Errorf("it left a decision behind: %v", err)
	}
}

func TestNobodyGetsTheRunTwice(t *testing.T) {
	o := newOffice(t, 0)
	o.cfg.Served = func(_ context.Context, run, address string) (bool, error) {
		return run == "run" && address == "early@post.test", nil
	}
	o.hold("first try", 12, "reader1@post.test", "reader2@post.test", "early@post.test")
	o.hold("corrected", 12, "Reader1@post.test")
	out, err := o.release(nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Reader1@post.test: corrected", "reader2@post.test: first try"}, o.got()); diff != "" {
		t.Error(diff)
	}
	if out.HadIt != 2 || out.Missing() != 0 {
		t.Errorf("outcome %+v", out)
	}
	var told []string
	for _, r := range o.results {
		if r.State == review.HadIt {
			told = append(told, r.Address)
		}
	}
	slices.Sort(told)
	if diff := cmp.Diff([]string{"early@post.test", "reader1@post.test"}, told); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[quarantine.State]int{quarantine.Released: 2}, o.states()); diff != "" {
		t.Error(diff)
	}
}

func TestForceSendsToWhoHadIt(t *testing.T) {
	o := newOffice(t, 0)
	o.cfg.Served = func(context.Context, string, string) (bool, error) { return true, nil }
	o.hold("again", 12, "reader1@post.test")
	if _, err := o.release(func(q *review.Request) { q.Force = true }); err != nil {
		t.Fatal(err)
	}
	if len(o.got()) != 1 {
		t.Errorf("sent %v", o.got())
	}
}

func TestWhoCannotBeAskedAboutIsNotSentTo(t *testing.T) {
	o := newOffice(t, 2)
	o.cfg.Served = func(context.Context, string, string) (bool, error) { return false, errors.New("ledger is gone") }
	out, err := o.release(nil)
	if err != nil || out.Failed != 2 || len(o.got()) != 0 {
		t.Errorf("%+v, %v, sent %v", out, err, o.got())
	}
	o.cfg.Served = nil
	if _, err := o.release(nil); err != nil || len(o.got()) != 2 {
		t.Errorf("not tried again: %v, sent %v", err, o.got())
	}
}

func TestReleaseThatIsBrokenOffIsCarriedOnAndSendsNothingTwice(t *testing.T) {
	o := newOffice(t, 6)
	ctx, stop := context.WithCancel(t.Context())
	h := o.hooks()
	h.Progress = func(done, _ int) {
		if done == 3 {
			stop()
		}
	}
	_, err := o.desk().Decide(ctx, review.Request{Incident: o.incident(), Action: quarantine.ActionRelease, By: "ana", Reason: "agreed", Token: o.token()}, h)
	if !errors.Is(err, context.Canceled) || len(o.got()) != 3 {
		t.Fatalf("%v, sent %v", err, o.got())
	}
	if _, err := o.release(nil); !errors.Is(err, quarantine.ErrBusy) {
		t.Errorf("a second decision beside the first: %v", err)
	}
	o.hold("later", 12, "late@post.test")
	if _, err := o.desk().Resume(t.Context(), o.incident(), "ana", o.hooks()); err != nil {
		t.Fatal(err)
	}
	if got := o.got(); len(got) != 6 || slices.Contains(got, "late@post.test: later") {
		t.Errorf("sent %v", got)
	}
	if _, err := o.desk().Resume(t.Context(), o.incident(), "ana", o.hooks()); !errors.Is(err, quarantine.ErrNotFound) {
		t.Errorf("resumed after its end: %v", err)
	}
}

// A decision ends when people have been told of it, and not before: what could
// not be told, or was kept from it by a crash, is told by whoever carries it on.
func TestADecisionThatCouldNotBeToldIsToldLater(t *testing.T) {
	o := newOffice(t, 4)
	h := o.hooks()
	h.Tell = func(context.Context, *review.Outcome) error { return errors.New("no room for notices") }
	_, err := o.desk().Decide(t.Context(), review.Request{Incident: o.incident(), Action: quarantine.ActionDelete, By: "ana", Reason: "wrong file"}, h)
	if err == nil || !strings.Contains(err.Error(), "resume") {
		t.Fatalf("what could not be told is %v", err)
	}
	var told [][]string
	h.Tell = func(_ context.Context, out *review.Outcome) error {
		told = append(told, out.Decision.Plan.Open)
		return nil
	}
	if _, err := o.desk().Resume(t.Context(), o.incident(), "ana", h); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || len(told[0]) != 4 {
		t.Errorf("told of %v, want once of all four", told)
	}
	if _, err := o.desk().Resume(t.Context(), o.incident(), "ana", h); !errors.Is(err, quarantine.ErrNotFound) {
		t.Errorf("resumed after its end: %v", err)
	}
}

// A process that dies while it sends leaves a lease, and nobody knows for some
// minutes whether the upstream had the copy. Whoever takes the decision up in
// that time may not send the older copy in its place.
func TestResumeWithinTheLeaseSendsNobodyAnotherCopy(t *testing.T) {
	o := newOffice(t, 0)
	o.hold("older", 12, "Reader1@post.test", "reader2@post.test")
	o.hold("newer", 12, "reader1@post.test")
	died := errors.New("the process ends here")
	func() {
		defer func() {
			if got := recover(); got != died { //nolint:errorlint // the value itself was thrown
				t.Fatalf("%v", got)
			}
		}()
		o.answer = func(string) upstream.Outcome { panic(died) } // after the content was read
		o.release(nil)
	}()
	o.answer = nil
	out, err := o.desk().Resume(t.Context(), o.incident(), "ana", o.hooks())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"reader2@post.test: older"}, o.got()); diff != "" {
		t.Error(diff)
	}
	// Neither is called released, since neither is known to be.
	if out.Failed != 1 || out.Results[quarantine.RecipientUnknown] != 1 || out.HadIt != 0 {
		t.Errorf("outcome %+v", out)
	}
}

// Another process may be at work on the same decision: what it has sent since
// this one began is not sent again.
func TestTwoProcessesSendACopyOnce(t *testing.T) {
	o := newOffice(t, 0)
	o.hold("older", 12, "reader1@post.test")
	o.hold("newer", 12, "reader1@post.test")
	q := review.Request{Incident: o.incident(), Action: quarantine.ActionRelease, By: "ana", Reason: "agreed", Token: o.token()}
	first := o.hooks()
	first.Progress = func(done, _ int) {
		if done != 0 {
			return
		}
		// The first has looked at who has what, and has sent nothing. The other
		// sends the newer copy, and is behind with the older one.
		ctx, stop := context.WithCancel(t.Context())
		other := review.Hooks{Progress: func(done, _ int) {
			if done == 1 {
				stop()
			}
		}}
		if _, err := o.desk().Resume(ctx, o.incident(), "ben", other); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if _, err := o.desk().Decide(t.Context(), q, first); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"reader1@post.test: newer"}, o.got()); diff != "" {
		t.Error(diff)
	}
}

func TestResultsAreToldForEachRecipient(t *testing.T) {
	o := newOffice(t, 0)
	o.hold("mixed", 12, "ok@post.test", "no@post.test", "later@post.test", "lost@post.test")
	o.answer = func(address string) upstream.Outcome {
		return map[string]upstream.Outcome{"ok@post.test": upstream.Accepted, "no@post.test": upstream.Refused,
			"later@post.test": upstream.Deferred, "lost@post.test": upstream.Unknown}[address]
	}
	out, err := o.release(nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range o.results {
		got[r.Address] = r.State
	}
	want := map[string]string{"ok@post.test": "released", "no@post.test": "refused", "later@post.test": "deferred", "lost@post.test": "unknown"}
	if diff := cmp.Diff(want, got); diff != "" || out.Missing() != 3 {
		t.Errorf("missing %d\n%s", out.Missing(), diff)
	}
	// The second time only those who certainly do not have it.
	o.answer = nil
	if _, err := o.release(nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"later@post.test: mixed", "no@post.test: mixed", "ok@post.test: mixed"}, o.got()); diff != "" {
		t.Error(diff)
	}
}

func TestRefuseAndDeleteCoverAllCopies(t *testing.T) {
	o := newOffice(t, 3)
	decide := func(action string) review.Outcome {
		out, err := o.desk().Decide(t.Context(), review.Request{Incident: o.incident(), Action: action, By: "ana", Reason: "wrong file"}, o.hooks())
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := decide(quarantine.ActionRefuse); len(out.Decision.Plan.Open) != 3 {
		t.Errorf("undelivered %v", out.Decision.Plan.Open)
	}
	if out := decide(quarantine.ActionDelete); len(out.Decision.Plan.Open) != 0 || len(out.Messages) != 3 {
		t.Errorf("what was refused is told again: %+v", out)
	}
	if diff := cmp.Diff(map[quarantine.State]int{quarantine.Deleted: 3}, o.states()); diff != "" {
		t.Error(diff)
	}
	// What nobody had decided is told as well.
	o = newOffice(t, 2)
	if out := decide(quarantine.ActionDelete); len(out.Decision.Plan.Open) != 2 {
		t.Errorf("deleted without a word: %+v", out)
	}
	entries, _, err := o.store.Audit(t.Context(), quarantine.AuditQuery{Incident: o.incident()})
	if err != nil {
		t.Fatal(err)
	}
	var acts bytes.Buffer
	for _, e := range entries {
		fmt.Fprintf(&acts, "%s ", e.Act)
	}
	if !strings.HasSuffix(acts.String(), "decision_begun refused deleted refused deleted decision_ended ") {
		t.Errorf("acts %s", acts.String())
	}
	if err := o.store.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
