package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/allow"
)

// Exception is what a person puts on the allow list, of a held message.
type Exception struct {
	Incident, Message string // ids
	Kind              allow.Kind
	Value             string // an address or a domain; "" for a table: the message's
	Policy            string // the one that does not hold, for senders and recipients
	Reason, Owner     string
	Expires           time.Time
}

// Allower puts what people allow on the list, and says so in the audit trail.
// The error is a [NotAllowedError] where the person can do something about it.
type Allower interface {
	Allow(ctx context.Context, x Exception) error
}

// NotAllowedError says why something cannot be put on the allow list.
type NotAllowedError struct{ Why string }

// Error implements error.
func (e *NotAllowedError) Error() string { return e.Why }

// Tester sends a copy of a held message to a reviewer; a *review.Desk does.
type Tester interface {
	SendTest(ctx context.Context, q review.TestCopy) error
}

// offer is something of a message that may be allowed. Its key stands in the
// form, and not the value.
type offer struct {
	Key, Text string
	kind      allow.Kind
	value     string
}

// offersMost bounds the recipients, and the domains, that are offered.
const offersMost = 3

// offersOf lists what of a message may be allowed.
func offersOf(m *quarantine.Message) (all []offer) {
	if m.ID == "" || m.Sealed {
		return nil
	}
	add := func(kind allow.Kind, text, value string) {
		if value == "" && kind != allow.Table {
			return
		}
		n := 0
		for _, o := range all {
			if o.kind == kind && strings.EqualFold(o.value, value) {
				return
			}
			if o.kind == kind {
				n++
			}
		}
		if n < offersMost {
			all = append(all, offer{string(kind) + "." + strconv.Itoa(n), text + " " + value, kind, value})
		}
	}
	for _, r := range m.Recipients {
		add(allow.Recipient, "mail to", r.Address)
	}
	for _, r := range m.Recipients {
		add(allow.RecipientDomain, "mail to all of", domain(r.Address))
	}
	add(allow.Sender, "mail from", m.From)
	add(allow.SenderDomain, "mail from all of", domain(m.From))
	if hasTable(m) {
		add(allow.Table, "tables with the heads of the one in it, in any mail", "")
	}
	return all
}

// hasTable reports whether a table was found in a message.
func hasTable(m *quarantine.Message) bool {
	var findings []rules.Finding
	return json.Unmarshal(m.Evidence, &findings) == nil && slices.ContainsFunc(findings, func(f rules.Finding) bool { return f.Rows > 0 })
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
		var not *NotAllowedError
		if err := c.cfg.Allow.Allow(r.Context(), x); errors.As(err, &not) {
			a.Wrong = "It cannot be allowed: " + not.Why + "."
		} else if err != nil {
			c.turn(w, r, func(context.Context, string) error { return err })
			return
		}
	}
	if a.Wrong != "" {
		c.showIncident(w, r, http.StatusUnprocessableEntity, a)
		return
	}
	c.back(w, r, x.Incident)
}

// exception reads what is asked for. What is wrong with it stands in the form.
func (c *console) exception(r *http.Request, a *asked) (x Exception, err error) {
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
	x = Exception{Incident: i.ID, Message: m.ID, Policy: m.Policy, Reason: a.Reason, Owner: by(r)}
	days, err := strconv.Atoi(a.Days)
	x.Expires = time.Now().AddDate(0, 0, days)
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
	x.Kind, x.Value = offers[at].kind, offers[at].value
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
	c.back(w, r, i.ID)
}
