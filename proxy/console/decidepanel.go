package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
)

// panel is what there is to decide about an incident, and how far a decision is.
type panel struct {
	Incident quarantine.Incident
	Newest   quarantine.Message // the newest copy
	Sheet    *review.Sheet      // nil while a job runs, and without a desk
	Job      *review.Job        // nil: none is remembered
	Person   access.Person
	Records  bool     // breach records are written here
	Allows   bool     // what people allow is put on the list
	Tests    bool     // test copies are sent
	Few      []string // all recipients, where they are few
	Done     string   // what was just done, "" for nothing that is to be said
	Asked    *asked   // a form that something is wrong with; its Act is "" for none
}

// fewRecipients is up to how many recipients are listed to be picked.
const fewRecipients = 12

// readPanel reads what there is to decide. While a job runs the sheet is not
// read: it would be, each second, by every page that follows.
func (c *console) readPanel(r *http.Request, p *incidentPage) error {
	x := &p.Panel
	x.Incident, x.Person = p.Incident, access.From(r.Context())
	x.Done = doneWords(r.URL.Query().Get("done"))
	if len(p.Copies) > 0 {
		x.Newest = p.Example.Message
	}
	x.Records, x.Allows, x.Tests = c.cfg.Gather != nil, c.cfg.Allow != nil, c.cfg.Test != nil
	if x.Asked == nil {
		x.Asked = &asked{}
	}
	if c.cfg.Desk == nil || c.cfg.Jobs == nil {
		return nil
	}
	if job, found := c.cfg.Jobs.Job(p.Incident.ID); found {
		x.Job = &job
		if job.Ended.IsZero() {
			return nil
		}
	}
	sheet, err := c.cfg.Desk.Review(r.Context(), p.Incident.ID)
	if err != nil && !errors.Is(err, quarantine.ErrSealed) {
		return err
	}
	x.Sheet = &sheet
	if len(p.Copies) == p.Incident.Copies && !x.Newest.Sealed {
		x.Few = recipientsOf(p.Copies)
	}
	return nil
}

// recipientsOf lists the recipients of copies, none where they are many.
func recipientsOf(copies []quarantine.Message) (few []string) {
	for i := range copies {
		for _, r := range copies[i].Recipients {
			if !slices.ContainsFunc(few, func(a string) bool { return strings.EqualFold(a, r.Address) }) {
				few = append(few, r.Address)
			}
		}
	}
	if len(few) > fewRecipients {
		return nil
	}
	return few
}

// May reports whether who looks has a right.
func (p *panel) May(right string) bool { return p.Person.May(access.Right(right)) }

// MayDecide reports whether who looks may decide anything.
func (p *panel) MayDecide() bool {
	return p.Person.May(access.DecideRelease) || p.Person.May(access.DecideRefuse) || p.Person.May(access.DecideDelete)
}

// Running reports whether a job runs here, or waits for its turn.
func (p *panel) Running() bool { return p.Job != nil && p.Job.Ended.IsZero() }

// Open is the decision that is not ended, nil for none.
func (p *panel) Open() *quarantine.Decision {
	if p.Sheet == nil {
		return nil
	}
	return p.Sheet.Awaiting
}

// Follows reports whether the page changes by itself.
func (p *panel) Follows() bool { return p.Running() || p.Open() != nil }

// Own reports whether who looks has asked for what awaits a second person. The
// store, which knows more forms of a name, refuses them in any case.
func (p *panel) Own() bool {
	d := p.Open()
	return d != nil && strings.EqualFold(strings.TrimSpace(d.By), strings.TrimSpace(p.Person.Name))
}

// Waiting is how many recipients have nothing yet.
func (p *panel) Waiting() int {
	o := p.Sheet.Outcomes
	return o[quarantine.RecipientHeld] + o[quarantine.RecipientRefused] + o[quarantine.RecipientDeferred]
}

// Unknown is how many recipients may have it.
func (p *panel) Unknown() int {
	return p.Sheet.Outcomes[quarantine.RecipientUnknown] + p.Sheet.Outcomes[quarantine.RecipientSending]
}

// outcome is how many recipients came to a state.
type outcome struct {
	State string
	Count int
}

// Outcomes tells what has become of the recipients, or of the messages of a job
// that refuses or deletes.
func (p *panel) Outcomes() (all []outcome) {
	if p.Running() || p.Sheet == nil {
		if p.Job == nil {
			return nil
		}
		for _, state := range []string{"released", review.HadIt, "refused", "deferred", "unknown", "deleted", review.Failed} {
			if n := p.Job.Results[state]; n > 0 {
				all = append(all, outcome{state, n})
			}
		}
		return all
	}
	for _, state := range []quarantine.RecipientState{quarantine.RecipientReleased, quarantine.RecipientRefused, quarantine.RecipientDeferred,
		quarantine.RecipientUnknown, quarantine.RecipientSending, quarantine.RecipientHeld} {
		if n := p.Sheet.Outcomes[state]; n > 0 {
			all = append(all, outcome{string(state), n})
		}
	}
	return all
}

// form is one form of the panel.
type form struct {
	*panel
	Act      string
	Messages int
	Asked    *asked // empty, unless it was this form that something is wrong with
}

// Form gives the form of an act.
func (p *panel) Form(act string) form {
	f := form{panel: p, Act: act, Asked: &asked{}}
	if p.Sheet != nil {
		f.Messages = messagesOf(p.Sheet, act)
	}
	if p.Asked.Act == act {
		f.Asked = p.Asked
	}
	return f
}

// Typed reports whether the number of messages has to be typed.
func (f form) Typed() bool { return f.Messages >= typedFrom }

// Seen is what was seen when the form was made.
func (f form) Seen() string { return seenIn(f.Sheet) }

// Reasons are usual ones of an act.
func (f form) Reasons() []string { return reasonsFor(f.Act) }

func reasonsFor(act string) []string {
	switch act {
	case quarantine.ActionRelease:
		return []string{"agreed with whose data it is", "all recipients may have it", "false alarm", "test data"}
	case actApprove:
		return []string{"seen, agreed", "false alarm"}
	case quarantine.ActionRefuse:
		return []string{"wrong file", "wrong recipients", "list pasted into the text", "not agreed"}
	case quarantine.ActionDelete:
		return []string{"asked for by the people concerned", "wrong file", "test"}
	case actWithdraw:
		return []string{"wrong one", "not agreed"}
	case actAllow:
		return []string{"contract", "weekly report", "test data", "our own staff"}
	case actTest:
		return []string{"how its readers would see it", "check of the mailing"}
	case actMark:
		return []string{"real records of people", "test data", "our own staff", "public data"}
	}
	return nil
}
