package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
)

// bulkPage is one decision about several incidents, before it is made; or what
// was left out of it.
type bulkPage struct {
	frame
	Act    string
	Taken  []bulkItem
	Out    []bulkItem
	Begun  int // decisions that were noted
	Asked  *asked
	Undone bool // it was made, and what is in Out was left out
}

// bulkItem is an incident of several.
type bulkItem struct {
	ID       string
	Why      string // it is left out, "" where it is not
	People   int
	Messages int
	Token    string
}

// bulkMost bounds how many incidents one decision is about: a page of the list.
const bulkMost = pageSize

// Messages is how many messages the decision is for.
func (p *bulkPage) Messages() (n int) {
	for _, x := range p.Taken {
		n += x.Messages
	}
	return n
}

// Typed reports whether the number of messages has to be typed.
func (p *bulkPage) Typed() bool { return p.Messages() >= typedFrom }

// Reasons are usual ones.
func (p *bulkPage) Reasons() []string { return reasonsFor(p.Act) }

// Done words what is done to the messages.
func (p *bulkPage) Done() string {
	return map[string]string{quarantine.ActionRelease: "released", quarantine.ActionRefuse: "refused", quarantine.ActionDelete: "deleted"}[p.Act]
}

// severalAct is what may be done with several incidents at once.
type severalAct struct{ Act, Name, Key string }

// severalActs are those that who asks has the right to.
func (c *console) severalActs(r *http.Request) (all []severalAct) {
	if c.cfg.Desk == nil || c.cfg.Jobs == nil || c.cfg.Cases == nil {
		return nil
	}
	who := access.From(r.Context())
	for _, x := range []struct {
		right access.Right
		severalAct
	}{
		{access.DecideRefuse, severalAct{quarantine.ActionRefuse, "Refuse", "f"}},
		{access.DecideRelease, severalAct{quarantine.ActionRelease, "Release", "r"}},
		{access.DecideDelete, severalAct{quarantine.ActionDelete, "Delete", "d"}},
	} {
		if who.May(x.right) {
			all = append(all, x.severalAct)
		}
	}
	return all
}

// bulk shows what a decision about several incidents would be about.
func (c *console) bulk(act string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := newBulkPage(act)
		if err := c.readBulk(r, p, r.URL.Query()["id"]); err != nil {
			c.fail(w, r, err)
			return
		}
		c.show(w, r, http.StatusOK, "bulk.html", p)
	}
}

func newBulkPage(act string) *bulkPage {
	return &bulkPage{frame: frame{Title: strings.ToUpper(act[:1]) + act[1:] + " several", Section: "Incidents"}, Act: act, Asked: &asked{}}
}

// readBulk reads what there is to decide about each incident, at most bulkMost.
func (c *console) readBulk(r *http.Request, p *bulkPage, ids []string) error {
	seen := map[string]bool{}
	for _, id := range ids[:min(len(ids), bulkMost)] {
		sheet, err := c.cfg.Desk.Review(r.Context(), id)
		if errors.Is(err, quarantine.ErrNotFound) || seen[sheet.Incident.ID] {
			continue
		}
		if err != nil {
			return err
		}
		seen[sheet.Incident.ID] = true
		x := bulkItem{ID: sheet.Incident.ID, People: sheet.Incident.Subjects, Messages: sheet.Messages(p.Act), Token: sheet.Token}
		switch {
		case sheet.Awaiting != nil && sheet.Awaiting.State == quarantine.DecisionAwaiting:
			x.Why = "waits for a second person"
		case sheet.Awaiting != nil:
			x.Why = "a decision is being carried out"
		case x.Messages == 0:
			x.Why = "nothing is left to decide"
		case p.Act == quarantine.ActionRelease && sheet.TwoPeople:
			x.Why = "takes two people: ask for its release on its own page"
		}
		if x.Why != "" {
			p.Out = append(p.Out, x)
		} else {
			p.Taken = append(p.Taken, x)
		}
	}
	return nil
}

// bulkIt makes a decision about several incidents: one for each, of what was
// seen of it. Those of which that cannot be are left out, and named.
func (c *console) bulkIt(act string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := newBulkPage(act)
		p.Asked = readAsked(r, act)
		ids, tokens := r.PostForm["id"], r.PostForm["token"]
		if len(ids) != len(tokens) || len(ids) > bulkMost {
			p.Asked.Wrong = "The form could not be read."
			ids = nil
		}
		if err := c.readBulk(r, p, ids); err != nil {
			c.fail(w, r, err)
			return
		}
		if p.Asked.check(p.Messages()); p.Asked.Wrong != "" {
			c.show(w, r, http.StatusUnprocessableEntity, "bulk.html", p)
			return
		}
		seen := map[string]string{}
		for i, id := range ids {
			seen[id] = tokens[i]
		}
		if err := c.decideEach(r, p, seen); err != nil {
			c.fail(w, r, err)
			return
		}
		if len(p.Out) == 0 {
			http.Redirect(w, r, "/incidents", http.StatusSeeOther)
			return
		}
		p.Title, p.Undone = "Not all were "+p.Done(), true
		c.show(w, r, http.StatusConflict, "bulk.html", p)
	}
}

// decideEach decides about what is taken, and moves to what is left out that
// about which it cannot.
func (c *console) decideEach(r *http.Request, p *bulkPage, seen map[string]string) error {
	for _, x := range p.Taken {
		err := review.ErrStale
		if token := seen[x.ID]; token != "" {
			_, err = c.cfg.Jobs.Decide(r.Context(), review.Request{Incident: x.ID, Action: p.Act, By: by(r),
				Reason: p.Asked.Reason, Token: token})
		}
		if err == nil {
			p.Begun++
			continue
		}
		code, why := reasonOf(err)
		if code == 0 {
			return err
		}
		x.Why = why
		p.Out = append(p.Out, x)
	}
	return nil
}
