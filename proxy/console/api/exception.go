package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/rules/allow"
	"github.com/danielgtaylor/huma/v2"
)

// Allower puts what people allow on the list, and says so in the audit trail.
type Allower interface {
	Allow(ctx context.Context, x review.Exception) error
}

// Tester sends a copy of a held message to a reviewer; a *review.Desk does.
type Tester interface {
	SendTest(ctx context.Context, q review.TestCopy) error
}

// Allowance asks for an entry of the allow list.
type Allowance struct {
	Reason
	Kind  string `json:"kind" enum:"recipient,recipient-domain,sender,sender-domain,table" doc:"Mail to or from whom is not held by the policy that held this message; table: tables with the heads of the one in it, in any mail, are not counted."`
	Value string `json:"value,omitempty" maxLength:"320" doc:"Which of the message's addresses or domains; none for a table."`
	Days  int    `json:"days" minimum:"1" maximum:"3650" doc:"How long it is allowed."`
}

// ToReviewer asks for a test copy.
type ToReviewer struct {
	Reason
	To string `json:"to" minLength:"1" maxLength:"320" doc:"A reviewer's address, of those in review.test_to."`
}

// exceptionOperations are those about what is allowed, and seen as a reader would.
func (a *api) exceptionOperations() []operation {
	return []operation{
		op(access.ExceptionWrite, "POST /messages/{id}/allow", "allow", "Put something of a held message on the allow list", a.allow),
		op(access.MessageDownload, "POST /messages/{id}/test", "test-copy", "Send a reviewer a copy of a held message", a.testCopy).with(func(o *huma.Operation) {
			o.Description = "It is no release: its recipients still have nothing. The audit trail has it before a byte leaves."
		}),
	}
}

type allowIn struct {
	OfMessage
	Body Allowance
}

// errNotThere says that nothing of this kind and value is in a message.
var errNotThere = errors.New("no such recipient, sender, domain or table is in this message")

func (a *api) allow(ctx context.Context, in *allowIn) (*struct{}, error) {
	if a.cfg.Allow == nil {
		return nil, huma.NewError(http.StatusNotImplemented, "This server keeps no allow list.")
	}
	m, err := a.cfg.Store.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if m.Sealed {
		return nil, fmt.Errorf("message %s: %w", m.ID, quarantine.ErrSealed)
	}
	offers := review.Offers(&m)
	at := slices.IndexFunc(offers, func(o review.Offer) bool {
		return o.Kind == allow.Kind(in.Body.Kind) && strings.EqualFold(o.Value, in.Body.Value)
	})
	if at < 0 {
		return nil, errNotThere
	}
	err = a.cfg.Allow.Allow(ctx, review.Exception{Incident: m.Incident, Message: m.ID, Offer: offers[at], Policy: m.Policy,
		Reason: in.Body.Reason.Reason, Owner: access.From(ctx).Name, Expires: time.Now().AddDate(0, 0, in.Body.Days)})
	var not *review.NotAllowedError
	if errors.As(err, &not) {
		return nil, huma.NewError(http.StatusUnprocessableEntity, "It cannot be allowed: "+not.Why+".")
	}
	return nil, err
}

type testCopyIn struct {
	OfMessage
	Body ToReviewer
}

func (a *api) testCopy(ctx context.Context, in *testCopyIn) (*struct{}, error) {
	if a.cfg.Test == nil {
		return nil, huma.NewError(http.StatusNotImplemented, "This server sends no test copies: review.test_to is empty.")
	}
	err := a.cfg.Test.SendTest(ctx, review.TestCopy{Message: in.ID, To: in.Body.To, By: access.From(ctx).Name, Reason: in.Body.Reason.Reason})
	if errors.Is(err, review.ErrNotTaken) {
		a.cfg.Log.Warn("a test copy was not taken", "error", err)
	}
	return nil, err
}
