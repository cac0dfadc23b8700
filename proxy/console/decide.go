package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
)

// Desk tells what there is to decide; a *review.Desk does.
type Desk interface {
	Review(ctx context.Context, incident string) (review.Sheet, error)
	Withdraw(ctx context.Context, incident, by, reason string) error
}

// Jobs carry out decisions in the background; *review.Jobs do.
type Jobs interface {
	Decide(ctx context.Context, q review.Request) (review.Job, error)
	Approve(ctx context.Context, q review.Request) (review.Job, error)
	Resume(ctx context.Context, incident, by string) (review.Job, error)
	Stop(ctx context.Context, incident, by, reason string) error
	Job(incident string) (review.Job, bool)
}

// by is the name of who asks, as the audit trail has it.
func by(r *http.Request) string {
	p := access.From(r.Context())
	return p.Name
}

func (c *console) release(w http.ResponseWriter, r *http.Request) {
	c.decide(w, r, quarantine.ActionRelease, c.cfg.Jobs.Decide)
}

func (c *console) refuse(w http.ResponseWriter, r *http.Request) {
	c.decide(w, r, quarantine.ActionRefuse, c.cfg.Jobs.Decide)
}

func (c *console) remove(w http.ResponseWriter, r *http.Request) {
	c.decide(w, r, quarantine.ActionDelete, c.cfg.Jobs.Decide)
}

func (c *console) approve(w http.ResponseWriter, r *http.Request) {
	c.decide(w, r, actApprove, c.cfg.Jobs.Approve)
}

// decide notes a decision, if it is about what was seen and nothing is missing.
// The page that it leads to shows how far it is.
func (c *console) decide(w http.ResponseWriter, r *http.Request, act string, do func(context.Context, review.Request) (review.Job, error)) {
	sheet, err := c.cfg.Desk.Review(r.Context(), r.PathValue("id"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	asked := readAsked(r, act)
	if !sheet.Same(asked.Token) {
		c.undone(w, r, &sheet, review.ErrStale)
		return
	}
	if asked.check(messagesOf(&sheet, act)); asked.Wrong != "" {
		c.showIncident(w, r, http.StatusUnprocessableEntity, asked)
		return
	}
	_, err = do(r.Context(), review.Request{Incident: sheet.Incident.ID, Action: act, By: by(r), Reason: asked.Reason,
		Token: asked.Token, To: asked.To(), Force: asked.Force})
	switch {
	case errors.Is(err, quarantine.ErrNotRecipient):
		asked.Wrong = "Of the addresses, at least one is not a recipient of these messages."
		c.showIncident(w, r, http.StatusUnprocessableEntity, asked)
	case err != nil && !errors.Is(err, review.ErrAwaiting):
		c.undone(w, r, &sheet, err)
	default:
		c.back(w, r, sheet.Incident.ID)
	}
}

// messagesOf is how many messages an act is for.
func messagesOf(s *review.Sheet, act string) int {
	if act == actApprove {
		if s.Awaiting == nil {
			return 0
		}
		return len(s.Awaiting.Plan.Messages)
	}
	return s.Messages(act)
}

func (c *console) withdraw(w http.ResponseWriter, r *http.Request) {
	asked := readAsked(r, actWithdraw)
	if asked.check(0); asked.Wrong != "" {
		c.showIncident(w, r, http.StatusUnprocessableEntity, asked)
		return
	}
	c.turn(w, r, func(ctx context.Context, id string) error { return c.cfg.Desk.Withdraw(ctx, id, by(r), asked.Reason) })
}

func (c *console) stop(w http.ResponseWriter, r *http.Request) {
	c.turn(w, r, func(ctx context.Context, id string) error {
		return c.cfg.Jobs.Stop(ctx, id, by(r), "stopped in the console")
	})
}

func (c *console) resume(w http.ResponseWriter, r *http.Request) {
	c.turn(w, r, func(ctx context.Context, id string) error {
		_, err := c.cfg.Jobs.Resume(ctx, id, by(r))
		return err
	})
}

// turn does something to the decision that is open, and goes back to it.
func (c *console) turn(w http.ResponseWriter, r *http.Request, do func(ctx context.Context, id string) error) {
	i, err := c.cfg.Store.Incident(r.Context(), r.PathValue("id"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	if err := do(r.Context(), i.ID); err != nil {
		c.undone(w, r, &review.Sheet{Incident: i}, err)
		return
	}
	c.back(w, r, i.ID)
}

// back leads to what there is to decide about an incident.
func (c *console) back(w http.ResponseWriter, r *http.Request, id string) {
	http.Redirect(w, r, "/incidents/"+id+"#decide", http.StatusSeeOther)
}

// backDone leads to an incident after an act that shows nowhere else on its page,
// which says that it is done.
func (c *console) backDone(w http.ResponseWriter, r *http.Request, id, act string) {
	http.Redirect(w, r, "/incidents/"+id+"?done="+act+"#besides", http.StatusSeeOther)
}

// doneWords says what was done, by the act; "" for one that says nothing.
func doneWords(act string) string {
	return map[string]string{
		actAllow: "It is on the allow list from now on. This incident stays as it is.",
		actTest:  "The copy is sent: the mail server has taken it. Nothing is released.",
	}[act]
}

// undonePage says that nothing was done, and why.
type undonePage struct {
	frame
	Incident string
	Why      string
	Changes  []string
}

// undone says why nothing was done, and what has changed since the page was
// made that it was asked for on.
func (c *console) undone(w http.ResponseWriter, r *http.Request, s *review.Sheet, err error) {
	code, why := reasonOf(err)
	if code == 0 {
		c.fail(w, r, err)
		return
	}
	p := undonePage{frame: frame{Title: "Nothing was done", Section: "Incidents"}, Incident: s.Incident.ID, Why: why}
	if errors.Is(err, review.ErrStale) {
		p.Changes = changesSince(r.PostFormValue("seen"), s)
	}
	c.show(w, r, code, "undone.html", &p)
}

// reasonOf gives the status and the words for what keeps a decision from being
// made; 0 for anything else.
func reasonOf(err error) (code int, why string) {
	switch {
	case errors.Is(err, review.ErrStale):
		return http.StatusConflict, "What there is to decide has changed since you looked at it, and a decision holds only for what was seen."
	case errors.Is(err, quarantine.ErrBusy):
		return http.StatusConflict, "Somebody else has decided meanwhile, and that is still being carried out."
	case errors.Is(err, quarantine.ErrSamePerson):
		return http.StatusForbidden, "You have asked for this release yourself: somebody else has to agree."
	case errors.Is(err, quarantine.ErrDecided):
		return http.StatusConflict, "It was decided meanwhile."
	case errors.Is(err, review.ErrNothing):
		return http.StatusConflict, "Nothing is left to decide: all of its messages have been decided."
	case errors.Is(err, review.ErrAwaiting):
		return http.StatusConflict, "It waits for a second person."
	case errors.Is(err, review.ErrClosing):
		return http.StatusServiceUnavailable, "The program takes no further decision now. Try again in some minutes."
	case errors.Is(err, quarantine.ErrClaimed):
		return http.StatusConflict, "Somebody else works on this incident."
	case errors.Is(err, quarantine.ErrKept):
		return http.StatusConflict, "It is under legal hold."
	case errors.Is(err, quarantine.ErrSealed):
		return http.StatusConflict, "Who and what is sealed: the private key of the quarantine is not on this machine, so that nothing can be decided here."
	}
	return 0, ""
}

// changesSince tells in words how what there is differs from what was seen,
// which the form had noted.
func changesSince(seen string, s *review.Sheet) (all []string) {
	var copies int
	var decision int64
	if _, err := fmt.Sscanf(seen, "%d.%d", &copies, &decision); err != nil {
		return nil
	}
	if n := s.Incident.Copies - copies; n > 0 {
		all = append(all, count(n, "copy has", "copies have")+" arrived: there are now "+grouped(s.Incident.Copies)+".")
	}
	switch {
	case s.Awaiting != nil && s.Awaiting.ID != decision:
		all = append(all, fmt.Sprintf("%s has asked to %s %s.", s.Awaiting.By, s.Awaiting.Action, count(len(s.Awaiting.Plan.Messages), "message", "messages")))
	case s.Awaiting == nil && decision != 0:
		all = append(all, "What was asked for was withdrawn, or is carried out.")
	}
	return all
}

// seenIn is what changesSince compares with.
func seenIn(s *review.Sheet) string {
	id := int64(0)
	if s.Awaiting != nil {
		id = s.Awaiting.ID
	}
	return fmt.Sprintf("%d.%d", s.Incident.Copies, id)
}
