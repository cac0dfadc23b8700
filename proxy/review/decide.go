package review

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// Request is a decision about an incident.
type Request struct {
	Incident string
	Action   string // quarantine.ActionRelease, ActionRefuse or ActionDelete
	By       string
	Reason   string
	// Token is that of the Sheet that was reviewed. A release needs it; others
	// may give it.
	Token string
	// To are the recipients to send to; none: all that do not have it.
	To []string
	// Force sends to those as well who have the run already, or may.
	Force bool
}

// Hooks are told how a decision goes on. Each may be nil.
type Hooks struct {
	// Progress is called when done of total messages are behind.
	Progress func(done, total int)
	// Result is called for each recipient, and for each message that was
	// refused or deleted.
	Result func(Result)
	// Tell is called when all is carried out, before the decision ends, to let
	// people know. What it does must be done once, however often it is called:
	// after an error, or a crash, Resume comes here again.
	Tell func(context.Context, *Outcome) error
	// Halt is closed when the decision is to be broken off before its next
	// message; nil: never.
	Halt <-chan struct{}
}

// Result is what became of a message, or of it for one recipient.
type Result struct {
	Message string
	Address string // "" for the whole message
	State   string // a quarantine.RecipientState or State, HadIt or Failed
	Reply   string // codes of the upstream's reply
	Err     error  // why a message could not be dealt with
}

// States of results that are the store's for nobody.
const (
	HadIt  = "had_it" // a recipient who was left out, since a copy of the run had reached them
	Failed = "failed" // a message that could not be dealt with
)

// Outcome is what became of a decision.
type Outcome struct {
	Decision quarantine.Decision
	Messages []string // those that this call decided
	Results  map[quarantine.RecipientState]int
	HadIt    int
	Failed   int // messages that could not be dealt with
}

// Missing is how many recipients do not have what was released.
func (o *Outcome) Missing() int {
	missing := 0
	for state, n := range o.Results {
		if state != quarantine.RecipientReleased {
			missing += n
		}
	}
	return missing
}

// Decide makes a decision and carries it out. Where it takes two people it is
// noted, and the error is ErrAwaiting: Approve then carries it out.
func (d *Desk) Decide(ctx context.Context, q Request, h Hooks) (Outcome, error) {
	decision, err := d.begin(ctx, q)
	if err != nil {
		return Outcome{Decision: decision}, err
	}
	return d.carryOut(ctx, decision, h)
}

// begin notes a decision.
func (d *Desk) begin(ctx context.Context, q Request) (quarantine.Decision, error) {
	s, err := d.Review(ctx, q.Incident)
	if err != nil {
		return quarantine.Decision{}, err
	}
	if q.Action == quarantine.ActionRelease && q.Token == "" {
		return quarantine.Decision{}, s.unseen()
	}
	if err := s.check(q.Token); err != nil {
		return quarantine.Decision{}, err
	}
	if err := s.checkTo(q.To); err != nil {
		return quarantine.Decision{}, err
	}
	decision := quarantine.Decision{Incident: s.Incident.ID, Action: q.Action, By: q.By, Reason: q.Reason,
		Plan: quarantine.Plan{Messages: s.concerned(q.Action), Open: s.open(), To: q.To, Force: q.Force}}
	if len(decision.Plan.Messages) == 0 {
		return quarantine.Decision{}, fmt.Errorf("incident %s: %w", s.Incident.ID, ErrNothing)
	}
	await := q.Action == quarantine.ActionRelease && s.TwoPeople
	if decision, err = d.cfg.Store.Decide(ctx, decision, await); err != nil {
		return quarantine.Decision{}, err
	}
	if await {
		return decision, fmt.Errorf("incident %s carries records of %d people: %w", s.Incident.ID, s.Incident.Subjects, ErrAwaiting)
	}
	return decision, nil
}

// unseen says that a release names no token.
func (s *Sheet) unseen() error {
	return fmt.Errorf("incident %s: %w: name what you have seen: the token that `incidents show` prints", s.Incident.ID, ErrStale)
}

// check compares a token, if there is one, with what there is now.
func (s *Sheet) check(token string) error {
	token = strings.ToUpper(strings.TrimSpace(token))
	if token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(s.Token)) == 1 {
		return nil
	}
	return fmt.Errorf("incident %s: %w: its %d copies have another token, as copies have arrived since, or another release was asked for; look at it again",
		s.Incident.ID, ErrStale, len(s.copies))
}

// checkTo reports a name that none of the copies is for. The error does not
// repeat it.
func (s *Sheet) checkTo(to []string) error {
	for i, address := range to {
		if !s.recipients[strings.ToLower(address)] {
			return fmt.Errorf("incident %s: name %d of %d: %w", s.Incident.ID, i+1, len(to), quarantine.ErrNotRecipient)
		}
	}
	return nil
}

// open lists the messages that nobody has decided, the newest first.
func (s *Sheet) open() []string {
	var ids []string
	for _, c := range s.copies {
		if c.state.Open() {
			ids = append(ids, c.id)
		}
	}
	return ids
}

// Messages is how many messages an action is for.
func (s *Sheet) Messages(action string) int { return len(s.concerned(action)) }

// Same reports whether a token is that of what there is now.
func (s *Sheet) Same(token string) bool { return token != "" && s.check(token) == nil }

// concerned lists the messages that an action is for, the newest first.
func (s *Sheet) concerned(action string) []string {
	var ids []string
	for _, c := range s.copies {
		gone := c.state == quarantine.Deleted || c.state == quarantine.Expired
		if c.state.Open() || action == quarantine.ActionDelete && !gone {
			ids = append(ids, c.id)
		}
	}
	return ids
}

// Approve agrees to a release that another person asked for, and carries it
// out. The token is that of the Sheet that the approver has seen.
func (d *Desk) Approve(ctx context.Context, q Request, h Hooks) (Outcome, error) {
	decision, err := d.agree(ctx, q)
	if err != nil {
		return Outcome{}, err
	}
	return d.carryOut(ctx, decision, h)
}

// agree notes that a second person agrees.
func (d *Desk) agree(ctx context.Context, q Request) (quarantine.Decision, error) {
	s, err := d.Review(ctx, q.Incident)
	if err != nil {
		return quarantine.Decision{}, err
	}
	if q.Token == "" {
		return quarantine.Decision{}, s.unseen()
	}
	if err := s.check(q.Token); err != nil {
		return quarantine.Decision{}, err
	}
	return d.cfg.Store.Approve(ctx, s.Incident.ID, q.By, q.Reason)
}

// Withdraw takes back what awaits a second person.
func (d *Desk) Withdraw(ctx context.Context, incident, by, reason string) error {
	_, err := d.cfg.Store.Withdraw(ctx, incident, by, reason)
	return err
}

// Stop breaks off the decision that is carried out of an incident, by whatever
// process, before its next message.
func (d *Desk) Stop(ctx context.Context, incident, by, reason string) error {
	return d.cfg.Store.StopDecision(ctx, incident, by, reason)
}

// Resume carries on a decision that was broken off, or that somebody stopped;
// by is who has it go on.
func (d *Desk) Resume(ctx context.Context, incident, by string, h Hooks) (Outcome, error) {
	decision, err := d.goOn(ctx, incident, by)
	if err != nil {
		return Outcome{Decision: decision}, err
	}
	return d.carryOut(ctx, decision, h)
}

// goOn gives the decision that is to be carried on.
func (d *Desk) goOn(ctx context.Context, incident, by string) (quarantine.Decision, error) {
	decision, err := d.cfg.Store.OpenDecision(ctx, incident)
	if err != nil {
		return decision, err
	}
	if decision.State == quarantine.DecisionAwaiting {
		return decision, fmt.Errorf("incident %s, asked for by %q: %w", decision.Incident, decision.By, ErrAwaiting)
	}
	if decision.Stopped.IsZero() {
		return decision, nil
	}
	decision.Stopped = time.Time{}
	return decision, d.cfg.Store.ContinueDecision(ctx, decision.Incident, by, decision.Reason)
}

// carryOut does what was decided, message by message. It goes on where one
// message cannot be dealt with, and stops with the context, to be resumed.
func (d *Desk) carryOut(ctx context.Context, decision quarantine.Decision, h Hooks) (Outcome, error) {
	o := Outcome{Decision: decision, Results: map[quarantine.RecipientState]int{}}
	job := &job{desk: d, decision: decision, hooks: h, outcome: &o, reached: map[string]quarantine.RecipientState{}}
	if decision.Action == quarantine.ActionRelease {
		if err := d.each(ctx, decision.Incident, job.remember); err != nil {
			return o, err
		}
	}
	total := len(decision.Plan.Messages)
	for i, id := range decision.Plan.Messages {
		if h.Progress != nil {
			h.Progress(i, total)
		}
		if err := job.halted(ctx); err != nil {
			err = errors.Join(err, d.leave(ctx, decision))
			return o, fmt.Errorf("broken off after %d of %d messages; `incidents resume` goes on: %w", i, total, err)
		}
		if err := job.message(ctx, id); err != nil {
			if ctx.Err() != nil {
				continue // told above
			}
			o.Failed++
			job.tell(Result{Message: id, State: Failed, Err: err})
		}
	}
	if h.Progress != nil {
		h.Progress(total, total)
	}
	if h.Tell != nil {
		if err := h.Tell(ctx, &o); err != nil {
			return o, fmt.Errorf("all is carried out, but not told; `incidents resume` goes on: %w", err)
		}
	}
	if err := d.cfg.Store.EndDecision(ctx, decision, o.Results); err != nil {
		return o, err
	}
	return o, nil
}

// leaveWait is how long it is tried to leave a decision: at the end of the program a
// database that does not answer must not keep it.
const leaveWait = 5 * time.Second

// leave lets others go on with a decision at once, and not only at the end of its lease.
func (d *Desk) leave(ctx context.Context, decision quarantine.Decision) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), leaveWait)
	defer stop()
	return d.cfg.Store.LeaveDecision(ctx, decision.ID)
}

// job is a decision that is being carried out.
type job struct {
	desk     *Desk
	decision quarantine.Decision
	hooks    Hooks
	outcome  *Outcome
	// reached are the addresses, in lower case, that a copy has reached
	// (released) or may have (unknown).
	reached map[string]quarantine.RecipientState
}

// halted tells why the next message is not dealt with, nil if it is.
func (j *job) halted(ctx context.Context) error {
	select {
	case <-j.hooks.Halt:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	default:
	}
	stopped, err := j.desk.cfg.Store.KeepDecision(ctx, j.decision.ID)
	if err == nil && stopped {
		err = ErrStopped
	}
	return err
}

func (j *job) tell(r Result) {
	if j.hooks.Result != nil {
		j.hooks.Result(r)
	}
}

// message deals with one message. One that somebody has decided meanwhile, or
// an earlier run of the job, is left as it is.
func (j *job) message(ctx context.Context, id string) error {
	if j.decision.Action == quarantine.ActionRelease {
		return j.release(ctx, id)
	}
	// What is deleted without having been decided is refused first: its sender
	// hears of it as of any other.
	store, state := j.desk.cfg.Store, quarantine.Refused
	err := store.Refuse(ctx, id, j.decision.By, j.decision.Reason)
	if j.decision.Action == quarantine.ActionDelete && (err == nil || errors.Is(err, quarantine.ErrDecided)) {
		state = quarantine.Deleted
		err = store.Delete(ctx, id, j.decision.By, j.decision.Reason)
	}
	if errors.Is(err, quarantine.ErrDecided) {
		return nil
	}
	if err != nil {
		return err
	}
	j.outcome.Messages = append(j.outcome.Messages, id)
	j.tell(Result{Message: id, State: string(state)})
	return nil
}
