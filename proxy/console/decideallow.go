package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/rules/allow"
)

// Allower puts what people allow on the list, and says so in the audit trail.
// The error is a [review.NotAllowedError] where the person can do something about it.
type Allower interface {
	Allow(ctx context.Context, x review.Exception) error
}

// Tester sends a copy of a held message to a reviewer; a *review.Desk does.
type Tester interface {
	SendTest(ctx context.Context, q review.TestCopy) error
}

// offer is something of a message that may be allowed. Its key stands in the
// form, and not the value.
type offer struct {
	review.Offer
	Key, Text string
}

// offersMost bounds how many of a kind are offered.
const offersMost = 3

// offersOf lists what of a message may be allowed.
func offersOf(m *quarantine.Message) (all []offer) {
	words := map[allow.Kind]string{
		allow.Recipient: "mail to ", allow.RecipientDomain: "mail to all of ",
		allow.Sender: "mail from ", allow.SenderDomain: "mail from all of ",
		allow.Table: "tables with the heads of the one in it, in any mail",
	}
	seen := map[allow.Kind]int{}
	for _, o := range review.Offers(m) {
		if n := seen[o.Kind]; n < offersMost {
			all = append(all, offer{o, string(o.Kind) + "." + strconv.Itoa(n), words[o.Kind] + o.Value})
		}
		seen[o.Kind]++
	}
	return all
}

// Offers are what of the newest copy may be allowed, none where nobody takes it.
func (p *panel) Offers() []offer {
	if !p.Allows || !p.Person.May(access.ExceptionWrite) {
		return nil
	}
	return offersOf(&p.Newest)
}

func (c *console) allow(w http.ResponseWriter, r *http.Request) {
	a := readAsked(r, actAllow)
	x, err := c.exception(r, a)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	if a.Wrong == "" {
		var not *review.NotAllowedError
		if err := c.cfg.Allow.Allow(r.Context(), x); errors.As(err, &not) {
			a.Wrong = "It cannot be allowed: " + not.Why + "."
		} else if err != nil {
			c.undone(w, r, &review.Sheet{Incident: quarantine.Incident{ID: x.Incident}}, err)
			return
		}
	}
	if a.Wrong != "" {
		c.showIncident(w, r, http.StatusUnprocessableEntity, a)
		return
	}
	c.backDone(w, r, x.Incident, a.Act)
}

// exception reads what is asked for. What is wrong with it stands in the form.
func (c *console) exception(r *http.Request, a *asked) (x review.Exception, err error) {
	i, err := c.cfg.Store.Incident(r.Context(), r.PathValue("id"))
	if err != nil {
		return x, err
	}
	m, err := c.cfg.Store.Get(r.Context(), r.PostFormValue("message"))
	if err == nil && m.Incident != i.ID {
		err = fmt.Errorf("message %s is not of incident %s: %w", m.ID, i.ID, quarantine.ErrNotFound)
	}
	if err != nil {
		return x, err
	}
	x = review.Exception{Incident: i.ID, Message: m.ID, Policy: m.Policy, Reason: a.Reason, Owner: by(r)}
	days, err := strconv.Atoi(a.Days)
	x.Expires = c.cfg.Now().AddDate(0, 0, days)
	if a.check(0); a.Wrong == "" && (err != nil || days < 1 || days > 3650) {
		a.Wrong = "Say for how many days it is allowed: 1 to 3650."
	}
	offers := offersOf(&m)
	at := slices.IndexFunc(offers, func(o offer) bool { return o.Key == a.Choice })
	if at < 0 {
		if a.Wrong == "" {
			a.Wrong = "Choose what is allowed."
		}
		return x, nil
	}
	x.Offer = offers[at].Offer
	return x, nil
}

// sendTest sends a copy of the newest message to who asks.
func (c *console) sendTest(w http.ResponseWriter, r *http.Request) {
	a := readAsked(r, actTest)
	i, err := c.cfg.Store.Incident(r.Context(), r.PathValue("id"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	copies, _, err := c.cfg.Store.List(r.Context(), quarantine.Query{Incident: i.ID, Limit: 1})
	if err == nil && len(copies) == 0 {
		err = fmt.Errorf("no copy of %s: %w", i.ID, quarantine.ErrNotFound)
	}
	if err != nil {
		c.fail(w, r, err)
		return
	}
	a.Names = strings.TrimSpace(a.Names)
	if a.check(0); a.Wrong == "" {
		err := c.cfg.Test.SendTest(r.Context(), review.TestCopy{Message: copies[0].ID, To: a.Names, By: by(r), Reason: a.Reason})
		switch {
		case errors.Is(err, review.ErrNotOwn):
			a.Wrong = "That is not known as an address of a reviewer: the setting review.test_to lists them."
		case errors.Is(err, review.ErrNotTaken):
			c.cfg.Log.Warn("a test copy was not taken", "message", copies[0].ID, "error", err)
			a.Wrong = "The mail server did not take the copy; the log says why."
		case err != nil:
			c.undone(w, r, &review.Sheet{Incident: i}, err)
			return
		}
	}
	if a.Wrong != "" {
		c.showIncident(w, r, http.StatusUnprocessableEntity, a)
		return
	}
	c.backDone(w, r, i.ID, a.Act)
}
