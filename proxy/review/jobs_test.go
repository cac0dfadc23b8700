package review_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/google/go-cmp/cmp"
)

// jobs makes jobs, which end with the test.
func (o *office) jobs(change func(*review.JobsConfig)) *review.Jobs {
	o.t.Helper()
	cfg := review.JobsConfig{Desk: o.desk(), Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg)
	}
	j := review.NewJobs(cfg)
	o.t.Cleanup(func() {
		if err := j.Close(context.Background()); err != nil {
			o.t.Error(err)
		}
	})
	return j
}

func (o *office) request(action string) review.Request {
	return review.Request{Incident: o.incident(), Action: action, By: "ana", Reason: "agreed", Token: o.token()}
}

// ended waits for the end of the job of an incident.
func ended(t *testing.T, j *review.Jobs, incident string) review.Job {
	t.Helper()
	for range 2000 {
		if job, found := j.Job(incident); found && !job.Ended.IsZero() {
			return job
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("the job of %s does not end", incident)
	return review.Job{}
}

// gate lets an upstream answer when it is told to.
type gate struct{ arrived, pass chan struct{} }

func newGate() gate { return gate{make(chan struct{}), make(chan struct{})} }

func (g gate) answer(string) upstream.Outcome {
	g.arrived <- struct{}{}
	<-g.pass
	return upstream.Accepted
}

// releasing has a release begun of so many copies, of which the first is with
// the upstream.
func releasing(t *testing.T, copies int) (*office, gate, *review.Jobs) {
	t.Helper()
	o := newOffice(t, copies)
	g := newGate()
	o.answer = g.answer
	j := o.jobs(nil)
	if _, err := j.Decide(t.Context(), o.request(quarantine.ActionRelease)); err != nil {
		t.Fatal(err)
	}
	<-g.arrived
	return o, g, j
}

func TestJobOutlivesTheRequestAndTellsHowFarItIs(t *testing.T) {
	o := newOffice(t, 3)
	g := newGate()
	o.answer = g.answer
	told := 0
	j := o.jobs(func(c *review.JobsConfig) {
		c.Tell = func(context.Context, *review.Outcome) error { told++; return nil }
	})
	ctx, end := context.WithCancel(t.Context())
	job, err := j.Decide(ctx, o.request(quarantine.ActionRelease))
	if err != nil || job.Total != 3 || job.Decision.ID == 0 || !job.Ended.IsZero() {
		t.Fatalf("%+v, %v", job, err)
	}
	end() // the browser has its answer
	<-g.arrived
	if job, found := j.Job(" " + job.Decision.Incident + " "); !found || job.Done != 0 || job.Total != 3 {
		t.Errorf("while the first is sent: %+v, %v", job, found)
	}
	if got := j.Running(); len(got) != 1 {
		t.Errorf("running: %+v", got)
	}
	g.pass <- struct{}{}
	<-g.arrived
	if job, _ := j.Job(job.Decision.Incident); job.Done != 1 || job.Results["released"] != 1 {
		t.Errorf("while the second is sent: %+v", job)
	}
	if _, err := j.Decide(t.Context(), review.Request{Incident: o.incident(), Action: quarantine.ActionDelete, By: "ben", Reason: "no"}); !errors.Is(err, quarantine.ErrBusy) {
		t.Errorf("a second decision beside the first: %v", err)
	}
	g.pass <- struct{}{}
	<-g.arrived
	g.pass <- struct{}{}
	last := ended(t, j, job.Decision.Incident)
	if last.Err != nil || last.Done != 3 || last.Failed() != 0 || told != 1 {
		t.Errorf("at the end: %+v, told %d times", last, told)
	}
	if diff := cmp.Diff(map[string]int{"released": 3}, last.Results); diff != "" {
		t.Error(diff)
	}
	if len(o.got()) != 3 || len(j.Running()) != 0 {
		t.Errorf("sent %v, running %v", o.got(), j.Running())
	}
}

func TestWhatCannotBeDecidedIsToldAtOnce(t *testing.T) {
	o := newOffice(t, 1)
	j := o.jobs(nil)
	stale := o.request(quarantine.ActionRelease)
	o.hold("large", 100, "reader9@post.test")
	if _, err := j.Decide(t.Context(), stale); !errors.Is(err, review.ErrStale) {
		t.Errorf("with a copy that nobody has seen: %v", err)
	}
	wrong := o.request(quarantine.ActionRelease)
	wrong.To = []string{"raeder1@post.test"}
	if _, err := j.Decide(t.Context(), wrong); !errors.Is(err, quarantine.ErrNotRecipient) {
		t.Errorf("to nobody of the run: %v", err)
	}
	if _, found := j.Job(o.incident()); found {
		t.Error("there is a job of what was not decided")
	}
	asked, err := j.Decide(t.Context(), o.request(quarantine.ActionRelease))
	if !errors.Is(err, review.ErrAwaiting) || asked.Decision.State != quarantine.DecisionAwaiting {
		t.Errorf("released by one: %+v, %v", asked, err)
	}
	if _, err := j.Approve(t.Context(), o.request("")); !errors.Is(err, quarantine.ErrSamePerson) {
		t.Errorf("approved by who asked: %v", err)
	}
	if _, err := j.Resume(t.Context(), o.incident(), "ben"); !errors.Is(err, review.ErrAwaiting) {
		t.Errorf("resumed instead: %v", err)
	}
	agree := o.request("")
	agree.By = "ben"
	if _, err := j.Approve(t.Context(), agree); err != nil {
		t.Fatal(err)
	}
	if last := ended(t, j, o.incident()); last.Err != nil || len(o.got()) != 2 || last.Decision.Approver != "ben" {
		t.Errorf("%+v, sent %v", last, o.got())
	}
	if _, err := j.Decide(t.Context(), o.request(quarantine.ActionRefuse)); !errors.Is(err, review.ErrNothing) {
		t.Errorf("decided again: %v", err)
	}
}

// What somebody stops is stopped until somebody has it go on: no restart does.
func TestStopIsBetweenMessagesAndHolds(t *testing.T) {
	o, g, j := releasing(t, 4)
	if err := j.Stop(t.Context(), o.incident(), "ben", "wait"); err != nil {
		t.Fatal(err)
	}
	g.pass <- struct{}{}
	last := ended(t, j, o.incident())
	if !errors.Is(last.Err, review.ErrStopped) || last.Results["released"] != 1 || len(o.got()) != 1 {
		t.Fatalf("%+v, sent %v", last, o.got())
	}
	s, err := o.desk().Review(t.Context(), o.incident())
	if err != nil || s.Awaiting == nil || s.Awaiting.Stopped.IsZero() {
		t.Errorf("nobody sees that it is stopped: %+v, %v", s.Awaiting, err)
	}
	o.answer = nil
	again := o.jobs(nil)
	if err := again.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, found := again.Job(o.incident()); found {
		t.Error("the next start goes on with it")
	}
	if _, err := again.Resume(t.Context(), o.incident(), "ben"); err != nil {
		t.Fatal(err)
	}
	if last := ended(t, again, o.incident()); last.Err != nil || last.Done != 4 || len(o.got()) != 4 {
		t.Errorf("%+v, sent %v", last, o.got())
	}
	if err := again.Stop(t.Context(), o.incident(), "ben", "late"); !errors.Is(err, quarantine.ErrNotFound) {
		t.Errorf("stopped after its end: %v", err)
	}
	entries, _, err := o.store.Audit(t.Context(), quarantine.AuditQuery{Incident: o.incident()})
	if err != nil {
		t.Fatal(err)
	}
	var acts []quarantine.Act
	for _, e := range entries {
		if e.Act == quarantine.ActDecisionStopped || e.Act == quarantine.ActDecisionResumed {
			acts = append(acts, e.Act)
			if e.By != "ben" {
				t.Errorf("%s by %q", e.Act, e.By)
			}
		}
	}
	if diff := cmp.Diff([]quarantine.Act{quarantine.ActDecisionStopped, quarantine.ActDecisionResumed}, acts); diff != "" {
		t.Error(diff)
	}
}

// Who has it go on before it has noticed that it is stopped is not left with a
// job that ends.
func TestResumeWinsOverAStopThatNobodyHasNoticed(t *testing.T) {
	o, g, j := releasing(t, 3)
	if err := j.Stop(t.Context(), o.incident(), "ben", "wait"); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Resume(t.Context(), o.incident(), "ben"); err != nil {
		t.Fatal(err)
	}
	go func() {
		for range 2 {
			g.pass <- struct{}{}
			<-g.arrived
		}
		g.pass <- struct{}{}
	}()
	if last := ended(t, j, o.incident()); last.Err != nil || len(o.got()) != 3 {
		t.Errorf("%+v, sent %v", last, o.got())
	}
}

// The end of the program waits for the message under way, and the next start
// goes on with the rest.
func TestEndOfTheProgramBreaksOffAndTheNextStartGoesOn(t *testing.T) {
	o, g, j := releasing(t, 4)
	closed := make(chan error)
	go func() { closed <- j.Close(t.Context()) }()
	select {
	case err := <-closed:
		t.Fatalf("it does not wait for the message under way: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	g.pass <- struct{}{}
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if got := o.got(); len(got) != 1 {
		t.Fatalf("sent %v", got)
	}
	if _, err := j.Resume(t.Context(), o.incident(), "ana"); !errors.Is(err, review.ErrClosing) {
		t.Errorf("taken after the end: %v", err)
	}
	o.answer = nil
	next := o.jobs(nil)
	if err := next.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if last := ended(t, next, o.incident()); last.Err != nil || len(o.got()) != 4 {
		t.Errorf("%+v, sent %v", last, o.got())
	}
	if err := next.CatchUp(t.Context()); err != nil || len(next.Running()) != 0 {
		t.Errorf("what has ended goes on: %v, %v", err, next.Running())
	}
}

// An upstream that never answers does not keep the program from its end.
func TestEndOfTheProgramDoesNotWaitForEver(t *testing.T) {
	o := newOffice(t, 1)
	arrived := make(chan struct{})
	o.cfg.Upstream = deaf{arrived}
	j := review.NewJobs(review.JobsConfig{Desk: o.desk(), Log: slog.New(slog.DiscardHandler)})
	if _, err := j.Decide(t.Context(), o.request(quarantine.ActionRelease)); err != nil {
		t.Fatal(err)
	}
	<-arrived
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := j.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("closed: %v", err)
	}
	if job, _ := j.Job(o.incident()); job.Ended.IsZero() || job.Err == nil {
		t.Errorf("it runs on: %+v", job)
	}
}

// deaf is an upstream that never answers.
type deaf struct{ arrived chan struct{} }

func (d deaf) Send(ctx context.Context, e upstream.Envelope, _ io.Reader, _ int64) ([]upstream.Result, error) {
	close(d.arrived)
	<-ctx.Done()
	results := make([]upstream.Result, len(e.Recipients))
	for i, r := range e.Recipients {
		results[i] = upstream.Result{Path: r.Path, Outcome: upstream.Unknown}
	}
	return results, ctx.Err()
}

func TestJobsAreBounded(t *testing.T) {
	o := newOffice(t, 1)
	first := o.incident()
	o.run = "another run"
	o.hold("other", 12, "reader1@post.test")
	other, err := o.store.Get(t.Context(), o.ids[1])
	if err != nil {
		t.Fatal(err)
	}
	o.run = "a third run"
	o.hold("third", 12, "reader1@post.test")
	third, err := o.store.Get(t.Context(), o.ids[2])
	if err != nil {
		t.Fatal(err)
	}
	var now, most atomic.Int32
	g := newGate()
	o.answer = func(address string) upstream.Outcome {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		return g.answer(address)
	}
	j := o.jobs(func(c *review.JobsConfig) { c.AtOnce, c.Most = 1, 2 })
	decide := func(incident string) error {
		s, err := o.desk().Review(t.Context(), incident)
		if err != nil {
			t.Fatal(err)
		}
		_, err = j.Decide(t.Context(), review.Request{Incident: incident, Action: quarantine.ActionRelease, By: "ana", Reason: "agreed", Token: s.Token})
		return err
	}
	if err := errors.Join(decide(first), decide(other.Incident)); err != nil {
		t.Fatal(err)
	}
	<-g.arrived
	if got := len(j.Running()); got != 2 {
		t.Errorf("%d run or wait", got)
	}
	if err := decide(third.Incident); !errors.Is(err, review.ErrClosing) {
		t.Errorf("a third beside two: %v", err)
	}
	if _, err := o.store.OpenDecision(t.Context(), third.Incident); !errors.Is(err, quarantine.ErrNotFound) {
		t.Errorf("what was not taken is noted: %v", err)
	}
	g.pass <- struct{}{}
	<-g.arrived
	g.pass <- struct{}{}
	for _, id := range []string{first, other.Incident} {
		if last := ended(t, j, id); last.Err != nil {
			t.Errorf("%+v", last)
		}
	}
	if got := most.Load(); got != 1 {
		t.Errorf("%d were carried out at once", got)
	}
	got := o.got()
	if !slices.Equal(got, []string{"reader1@post.test: copy 1", "reader1@post.test: other"}) {
		t.Errorf("sent %v", got)
	}
}

// A fault of the program breaks a decision off, and nothing else.
func TestFaultBreaksOff(t *testing.T) {
	o := newOffice(t, 2)
	o.answer = func(string) upstream.Outcome { panic("fault") }
	j := o.jobs(nil)
	if _, err := j.Decide(t.Context(), o.request(quarantine.ActionRelease)); err != nil {
		t.Fatal(err)
	}
	if last := ended(t, j, o.incident()); last.Err == nil {
		t.Errorf("%+v", last)
	}
	o.answer = nil
	if _, err := j.Resume(t.Context(), o.incident(), "ana"); err != nil {
		t.Fatal(err)
	}
	// One copy may have been sent when the fault came: nobody knows.
	if last := ended(t, j, o.incident()); last.Failed() != 1 || len(o.got()) != 1 {
		t.Errorf("%+v, sent %v", last, o.got())
	}
}

// A fault while a decision is noted leaves nothing that the end of the program
// would wait for, and no place taken.
func TestAFaultWhileNotingTakesNoPlace(t *testing.T) {
	j := review.NewJobs(review.JobsConfig{Desk: review.New(review.Config{}), Log: slog.New(slog.DiscardHandler), Most: 1})
	for range 2 {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a desk without a store has noted something")
				}
			}()
			j.Decide(t.Context(), review.Request{Incident: "IN-7K2M-Q9XD", Action: quarantine.ActionRefuse, By: "ana", Reason: "x"}) // it panics
		}()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	closed := make(chan error, 1)
	go func() { closed <- j.Close(ctx) }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the end waits for what was never begun")
	}
}
