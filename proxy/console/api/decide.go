package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/danielgtaylor/huma/v2"
)

// Jobs carries out decisions in the background; a *review.Jobs does.
type Jobs interface {
	Decide(ctx context.Context, q review.Request) (review.Job, error)
	Approve(ctx context.Context, q review.Request) (review.Job, error)
	Resume(ctx context.Context, incident, by string) (review.Job, error)
	Stop(ctx context.Context, incident, by, reason string) error
	Job(incident string) (review.Job, bool)
	Running() []review.Job
}

// Job is how far a decision is. It names nobody of the mail, and no reason.
type Job struct {
	Incident string         `json:"incident"`
	Action   string         `json:"action" enum:"release,refuse,delete"`
	State    string         `json:"state" enum:"awaiting,running,ended,stopped" doc:"awaiting: a second person has to agree. stopped: it ended before its end, and can be resumed."`
	By       string         `json:"by"`
	Approver string         `json:"approver" doc:"Who agreed; empty where nobody had to, or has yet."`
	Made     time.Time      `json:"made"`
	Done     int            `json:"done" doc:"Messages that are behind."`
	Total    int            `json:"total" doc:"Messages of the decision."`
	Results  map[string]int `json:"results" doc:"Recipients of a release by state, messages otherwise; had_it: left out, since a copy had reached them."`
	Failed   int            `json:"failed" doc:"Messages that could not be dealt with; it can be resumed."`
	Ended    *time.Time     `json:"ended"`
}

// NewJob makes the JSON of a job.
func NewJob(j *review.Job) Job {
	d := &j.Decision
	out := Job{Incident: d.Incident, Action: d.Action, State: "running", By: d.By, Approver: d.Approver, Made: d.Made,
		Done: j.Done, Total: max(j.Total, len(d.Plan.Messages)), Results: map[string]int{}, Failed: j.Failed(), Ended: timeOrNull(j.Ended)}
	for state, n := range j.Results {
		out.Results[state] = n
	}
	switch {
	case d.State == quarantine.DecisionAwaiting:
		out.State = "awaiting"
	case j.Err != nil:
		out.State = "stopped"
	case !j.Ended.IsZero():
		out.State = "ended"
	}
	return out
}

// Reason is a body that says why.
type Reason struct {
	Reason string `json:"reason" minLength:"1" maxLength:"2000" pattern:"\\S" doc:"Why; kept in the audit trail. Names nobody of the mail."`
}

// Release is what is asked of a release.
type Release struct {
	Reason
	Token string   `json:"token" minLength:"1" maxLength:"100" doc:"That of the incident as it was seen: the decision holds for these copies."`
	To    []string `json:"to,omitempty" maxItems:"10000" doc:"Only to these recipients; none: all who do not have it."`
	Force bool     `json:"force,omitempty" doc:"Also to those who have a copy already, or may: they may get it twice."`
}

// Seen is what is asked of a refusal, a deletion or an agreement.
type Seen struct {
	Reason
	Token string `json:"token,omitempty" maxLength:"100" doc:"That of the incident as it was seen; a refusal and a deletion may leave it out."`
}

// Assignment gives an incident to somebody.
type Assignment struct {
	Reason
	To string `json:"to" maxLength:"200" doc:"Who is to work on it; empty for nobody."`
}

// Mark says whether it was right to hold an incident.
type Mark struct {
	Reason
	Mark string `json:"mark" enum:"right,wrong,none" doc:"right: it was to be held; wrong: a false alarm; none takes a mark back."`
}

// ask is a request about an incident, with a body.
type ask[B any] struct {
	OfIncident
	Once
	Body B
}

// decisionOperations are those that decide, and those of people's work on an
// incident.
func (a *api) decisionOperations() []operation {
	return []operation{
		op(access.IncidentAssign, "POST /incidents/{id}/claim", "claim", "Say that you work on an incident", a.claim),
		op(access.IncidentAssign, "POST /incidents/{id}/assign", "assign", "Hand an incident on, or back to all", a.assign),
		op(access.IncidentAssign, "POST /incidents/{id}/mark", "mark", "Say that it was right or wrong to hold an incident", a.mark),
		op(access.DecideRelease, "POST /incidents/{id}/release", "release", "Send the held copies on, to all or some of their recipients", a.release).with(decides),
		op(access.DecideRefuse, "POST /incidents/{id}/refuse", "refuse", "Decide that no held copy is to be sent", a.refusal).with(decides),
		op(access.DecideDelete, "POST /incidents/{id}/delete", "delete", "Remove the content of the held copies for good", a.deletion).with(decides),
		op(access.DecideApprove, "POST /incidents/{id}/approve", "approve", "Agree, as the second person, to a release", a.approve).with(decides),
		op(access.DecideRelease, "POST /incidents/{id}/withdraw", "withdraw", "Take back a release that awaits a second person", a.withdraw),
		op(access.DecideRelease, "POST /incidents/{id}/resume", "resume", "Carry on a decision that was stopped or broken off", a.resume).with(decides),
		op(access.DecideRefuse, "POST /incidents/{id}/stop", "stop", "Break off a decision before its next message", a.stop),
		op(access.IncidentList, "GET /incidents/{id}/job", "job", "How far the last decision about an incident is", a.job),
		op(access.IncidentList, "GET /jobs", "jobs", "The decisions that are carried out now", a.jobs),
	}
}

// decides describes an operation that begins a decision.
func decides(o *huma.Operation) {
	o.DefaultStatus = http.StatusAccepted
	o.Description = "The decision is noted, and carried out in the background: ask for the job. With an Idempotency-Key, asking again within a day does nothing again."
}

func (a *api) claim(ctx context.Context, in *ask[Reason]) (*struct{}, error) {
	return nil, a.cfg.Store.Claim(ctx, in.ID, access.From(ctx).Name, in.Body.Reason)
}

func (a *api) assign(ctx context.Context, in *ask[Assignment]) (*struct{}, error) {
	return nil, a.cfg.Store.Assign(ctx, in.ID, in.Body.To, access.From(ctx).Name, in.Body.Reason.Reason)
}

func (a *api) mark(ctx context.Context, in *ask[Mark]) (*struct{}, error) {
	mark := quarantine.IncidentMark(strings.TrimPrefix(in.Body.Mark, "none"))
	return nil, a.cfg.Store.MarkIncident(ctx, in.ID, mark, access.From(ctx).Name, in.Body.Reason.Reason)
}

func (a *api) release(ctx context.Context, in *ask[Release]) (*done[Job], error) {
	return a.decide(ctx, in.Once, in, review.Request{Incident: in.ID, Action: quarantine.ActionRelease, Reason: in.Body.Reason.Reason,
		Token: in.Body.Token, To: in.Body.To, Force: in.Body.Force})
}

func (a *api) refusal(ctx context.Context, in *ask[Seen]) (*done[Job], error) {
	return a.decide(ctx, in.Once, in, review.Request{Incident: in.ID, Action: quarantine.ActionRefuse, Reason: in.Body.Reason.Reason, Token: in.Body.Token})
}

func (a *api) deletion(ctx context.Context, in *ask[Seen]) (*done[Job], error) {
	return a.decide(ctx, in.Once, in, review.Request{Incident: in.ID, Action: quarantine.ActionDelete, Reason: in.Body.Reason.Reason, Token: in.Body.Token})
}

// decide has a decision noted, once.
func (a *api) decide(ctx context.Context, o Once, in any, q review.Request) (*done[Job], error) {
	return once(ctx, a, o, asked{q.Action, in}, func(ctx context.Context) (Job, error) { return a.note(ctx, q) })
}

// note has a decision noted. That it awaits a second person is no error.
func (a *api) note(ctx context.Context, q review.Request) (Job, error) {
	q.By = access.From(ctx).Name
	j, err := a.cfg.Jobs.Decide(ctx, q)
	if errors.Is(err, review.ErrAwaiting) {
		err = nil
	}
	return NewJob(&j), err
}

func (a *api) approve(ctx context.Context, in *ask[Seen]) (*done[Job], error) {
	return once(ctx, a, in.Once, asked{"approve", in}, func(ctx context.Context) (Job, error) {
		j, err := a.cfg.Jobs.Approve(ctx, review.Request{Incident: in.ID, By: access.From(ctx).Name, Reason: in.Body.Reason.Reason, Token: in.Body.Token})
		return NewJob(&j), err
	})
}

func (a *api) withdraw(ctx context.Context, in *ask[Reason]) (*struct{}, error) {
	return nil, a.cfg.Desk.Withdraw(ctx, in.ID, access.From(ctx).Name, in.Body.Reason)
}

type resumeIn struct {
	OfIncident
	Once
}

func (a *api) resume(ctx context.Context, in *resumeIn) (*done[Job], error) {
	return once(ctx, a, in.Once, asked{"resume", in}, func(ctx context.Context) (Job, error) {
		j, err := a.cfg.Jobs.Resume(ctx, in.ID, access.From(ctx).Name)
		return NewJob(&j), err
	})
}

func (a *api) stop(ctx context.Context, in *ask[Reason]) (*struct{}, error) {
	return nil, a.cfg.Jobs.Stop(ctx, in.ID, access.From(ctx).Name, in.Body.Reason)
}

func (a *api) job(_ context.Context, in *OfIncident) (*page[Job], error) {
	j, known := a.cfg.Jobs.Job(in.ID)
	if !known {
		return nil, huma.NewError(http.StatusNotFound, "No decision about this incident is remembered; the timeline has what was done.")
	}
	return &page[Job]{NewJob(&j)}, nil
}

// JobList are the decisions that are carried out.
type JobList struct {
	Jobs []Job `json:"jobs"`
}

func (a *api) jobs(context.Context, *struct{}) (*page[JobList], error) {
	out := JobList{Jobs: []Job{}}
	for _, j := range a.cfg.Jobs.Running() {
		out.Jobs = append(out.Jobs, NewJob(&j))
	}
	return &page[JobList]{out}, nil
}
