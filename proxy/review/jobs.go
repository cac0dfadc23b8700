package review

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// ErrClosing says that the program goes down, or has as many jobs as it takes.
// Nothing was noted.
var ErrClosing = errors.New("no further decision is taken now")

// Job is how far a decision is that is carried out in the background.
type Job struct {
	Decision quarantine.Decision
	Done     int            // messages that are behind
	Total    int            // messages of the decision
	Results  map[string]int // by Result.State: recipients of a release, messages otherwise
	Began    time.Time
	Ended    time.Time // zero: it runs, or waits for its turn
	// Err is why it ended before its end: ErrStopped, or what went wrong. Resume
	// goes on with it.
	Err error
}

// Failed is how many messages could not be dealt with.
func (j *Job) Failed() int { return j.Results[Failed] }

// JobsConfig is what Jobs are made of.
type JobsConfig struct {
	Desk *Desk
	// Tell is Hooks.Tell of each decision; nil tells nobody.
	Tell func(context.Context, *Outcome) error
	Log  *slog.Logger
	// AtOnce is how many are carried out at once; 0 is 4. Others wait.
	AtOnce int
	// Most is how many may run and wait together; 0 is 1000.
	Most int
}

// Jobs carries out decisions in the background, one of an incident at a time. A
// decision is noted before its job begins, and goes on when whoever made it has
// gone. What the end of the program breaks off goes on with the next CatchUp.
type Jobs struct {
	cfg   JobsConfig
	slots chan struct{} // one entry for each that runs
	halt  chan struct{} // closed when the program goes down
	work  sync.WaitGroup

	mu      sync.Mutex
	closing bool
	taken   int             // places that are taken: jobs, and decisions about to be noted
	jobs    map[string]*run // by incident
	ended   []*run          // the oldest first, as many as are remembered
	cancels map[*run]context.CancelFunc
}

// run is a Job that is carried out.
type run struct {
	Job
	again bool // somebody has it go on while it ends
}

// remembered is how many ended jobs are kept, to tell their results.
const remembered = 500

// NewJobs makes what carries out decisions. It is to be closed.
func NewJobs(cfg JobsConfig) *Jobs {
	if cfg.AtOnce == 0 {
		cfg.AtOnce = 4
	}
	if cfg.Most == 0 {
		cfg.Most = 1000
	}
	return &Jobs{cfg: cfg, slots: make(chan struct{}, cfg.AtOnce), halt: make(chan struct{}),
		jobs: map[string]*run{}, cancels: map[*run]context.CancelFunc{}}
}

// Decide notes a decision and returns; it is carried out in the background. Its
// errors are those of [Desk.Decide]. Where it takes two people the error is
// ErrAwaiting, beside the decision that was noted.
func (j *Jobs) Decide(ctx context.Context, q Request) (Job, error) {
	return j.begin(ctx, func() (quarantine.Decision, error) { return j.cfg.Desk.begin(ctx, q) })
}

// Approve notes that a second person agrees, and returns as Decide does.
func (j *Jobs) Approve(ctx context.Context, q Request) (Job, error) {
	return j.begin(ctx, func() (quarantine.Decision, error) { return j.cfg.Desk.agree(ctx, q) })
}

// Resume carries on a decision that was stopped or broken off; by is who has it
// go on.
func (j *Jobs) Resume(ctx context.Context, incident, by string) (Job, error) {
	return j.begin(ctx, func() (quarantine.Decision, error) { return j.cfg.Desk.goOn(ctx, incident, by) })
}

// Stop breaks off the decision about an incident before its next message,
// whichever process carries it out.
func (j *Jobs) Stop(ctx context.Context, incident, by, reason string) error {
	return j.cfg.Desk.Stop(ctx, incident, by, reason)
}

// CatchUp carries on the decisions that a crash broke off, of whatever process that
// nobody else has taken up. One that cannot go on is named in the log and left.
func (j *Jobs) CatchUp(ctx context.Context) error {
	incidents, err := j.cfg.Desk.cfg.Store.TakeUnfinished(ctx)
	if err != nil {
		return err
	}
	for _, id := range incidents {
		if _, err := j.Resume(ctx, id, ""); err != nil && !errors.Is(err, quarantine.ErrNotFound) {
			j.cfg.Log.Error("a decision that was broken off does not go on", "incident", id, "error", err)
		}
	}
	return nil
}

// Job tells of the job of an incident, or of the last one that ended; false
// where none is remembered.
func (j *Jobs) Job(incident string) (Job, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.jobs[key(incident)]
	if r == nil {
		return Job{}, false
	}
	return r.seen(), true
}

// Running lists the jobs that have not ended.
func (j *Jobs) Running() []Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []Job
	for _, r := range j.jobs {
		if r.Ended.IsZero() {
			all = append(all, r.seen())
		}
	}
	return all
}

// Close takes no further decision and waits for the messages under way. At the
// end of the context it waits no longer, and they are broken off as well.
func (j *Jobs) Close(ctx context.Context) error {
	j.mu.Lock()
	if !j.closing {
		j.closing = true
		close(j.halt)
	}
	j.mu.Unlock()
	done := make(chan struct{})
	go func() {
		j.work.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	j.mu.Lock()
	for _, cancel := range j.cancels {
		cancel()
	}
	j.mu.Unlock()
	<-done
	return fmt.Errorf("decisions were broken off in a message; they go on at the next start: %w", ctx.Err())
}

// key is an incident's id as the store writes it.
func key(incident string) string { return strings.ToUpper(strings.TrimSpace(incident)) }

// begin takes a place, has the decision noted, and carries it out in the
// background.
func (j *Jobs) begin(ctx context.Context, note func() (quarantine.Decision, error)) (Job, error) {
	if !j.takePlace() {
		return Job{}, fmt.Errorf("%w: try again in some minutes", ErrClosing)
	}
	begun := false
	defer func() {
		if !begun { // nor where noting has panicked: Close would wait for ever
			j.leavePlace()
		}
	}()
	decision, err := note()
	if err != nil {
		return Job{Decision: decision}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if r := j.jobs[decision.Incident]; r != nil && r.Ended.IsZero() && r.Decision.ID == decision.ID {
		r.again = true // it may be about to end
		return r.seen(), nil
	}
	r := &run{Job: Job{Decision: decision, Total: len(decision.Plan.Messages), Results: map[string]int{}, Began: time.Now()}}
	j.jobs[decision.Incident] = r
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	j.cancels[r] = cancel
	begun = true
	go j.carryOut(ctx, r)
	return r.seen(), nil
}

// takePlace takes one of the places, if one is left and nothing goes down.
func (j *Jobs) takePlace() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closing || j.taken >= j.cfg.Most {
		return false
	}
	j.taken++
	j.work.Add(1) // before Close waits
	return true
}

// leavePlace gives a place back that no job has begun on.
func (j *Jobs) leavePlace() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.taken--
	j.work.Done()
}

// carryOut waits for its turn and does what was decided.
func (j *Jobs) carryOut(ctx context.Context, r *run) {
	defer j.work.Done()
	select {
	case j.slots <- struct{}{}:
		defer func() { <-j.slots }()
	case <-j.halt:
		if err := j.cfg.Desk.leave(ctx, r.Decision); err != nil {
			j.cfg.Log.Error("others go on with a decision only at the end of its lease", "incident", r.Decision.Incident, "error", err)
		}
		j.end(r, ErrStopped)
		return
	}
	hooks := Hooks{
		Progress: func(done, _ int) { j.change(func() { r.Done = done }) },
		Result:   func(result Result) { j.change(func() { r.Results[result.State]++ }) },
		Tell:     j.cfg.Tell,
		Halt:     j.halt,
	}
	for {
		err := j.attempt(ctx, r.Decision, hooks)
		if j.end(r, err) {
			if err != nil && !errors.Is(err, ErrStopped) {
				j.cfg.Log.Error("a decision was broken off", "incident", r.Decision.Incident, "error", err)
			}
			return
		}
	}
}

// attempt carries out a decision as far as it goes. A panic breaks it off, as
// the end of a process would.
func (j *Jobs) attempt(ctx context.Context, d quarantine.Decision, h Hooks) (err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			j.cfg.Log.Error("panic in a decision", "incident", d.Incident, "stack", string(debug.Stack()))
			err = errors.New("broken off by a fault of the program; the log has it")
		}
	}()
	_, err = j.cfg.Desk.carryOut(ctx, d, h)
	return err
}

func (j *Jobs) change(do func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	do()
}

// end notes how a job has ended; false where somebody had it go on before it
// knew.
func (j *Jobs) end(r *run, err error) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if r.again && errors.Is(err, ErrStopped) && !j.closing {
		r.again = false
		return false
	}
	r.Ended, r.Err = time.Now(), err
	j.cancels[r]()
	delete(j.cancels, r)
	j.taken--
	j.ended = append(j.ended, r)
	if len(j.ended) > remembered {
		if oldest := j.ended[0]; j.jobs[oldest.Decision.Incident] == oldest {
			delete(j.jobs, oldest.Decision.Incident)
		}
		j.ended = j.ended[1:]
	}
	return true
}

// seen is a copy, as it is now, but for the plan, which does not change.
func (r *run) seen() Job {
	seen := r.Job
	seen.Results = maps.Clone(r.Results)
	return seen
}
