package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
)

// IncidentQuery picks incidents. Its zero value picks all.
type IncidentQuery struct {
	Page
	Query, State, Policy, Sort string
	MinSubjects                int
	ChangedSince               time.Time
}

// Incidents gives a page of incidents.
func (c *Client) Incidents(ctx context.Context, q IncidentQuery) (api.Incidents, error) {
	v := q.values()
	set(v, "q", q.Query)
	set(v, "state", q.State)
	set(v, "policy", q.Policy)
	set(v, "sort", q.Sort)
	set(v, "min_subjects", number(q.MinSubjects))
	set(v, "changed_since", moment(q.ChangedSince))
	return get[api.Incidents](ctx, c, "/incidents", v)
}

// set sets a word of an address, if there is one.
func set(v url.Values, key, value string) {
	if value != "" {
		v.Set(key, value)
	}
}

// number writes a number, "" for 0.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// moment writes a time, "" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// Incident gives one incident, and what there is to decide.
func (c *Client) Incident(ctx context.Context, id string) (api.WholeIncident, error) {
	return get[api.WholeIncident](ctx, c, of(id, ""), nil)
}

// Recipients gives a page of those for whom an incident's copies were.
func (c *Client) Recipients(ctx context.Context, id string, p Page) (api.Recipients, error) {
	return get[api.Recipients](ctx, c, of(id, "/recipients"), p.values())
}

// Release has an incident's copies sent on, in the background.
func (c *Client) Release(ctx context.Context, id string, r api.Release) (api.Job, error) {
	return once[api.Job](ctx, c, of(id, "/release"), r)
}

// Refuse decides that no copy of an incident is to be sent.
func (c *Client) Refuse(ctx context.Context, id string, s api.Seen) (api.Job, error) {
	return once[api.Job](ctx, c, of(id, "/refuse"), s)
}

// Delete removes the content of an incident's copies.
func (c *Client) Delete(ctx context.Context, id string, s api.Seen) (api.Job, error) {
	return once[api.Job](ctx, c, of(id, "/delete"), s)
}

// Approve agrees, as the second person, to a release.
func (c *Client) Approve(ctx context.Context, id string, s api.Seen) (api.Job, error) {
	return once[api.Job](ctx, c, of(id, "/approve"), s)
}

// Resume carries on a decision that was stopped or broken off.
func (c *Client) Resume(ctx context.Context, id string) (api.Job, error) {
	return once[api.Job](ctx, c, of(id, "/resume"), nil)
}

// Job tells how far the last decision about an incident is.
func (c *Client) Job(ctx context.Context, id string) (api.Job, error) {
	return get[api.Job](ctx, c, of(id, "/job"), nil)
}

// Withdraw takes back a release that awaits a second person.
func (c *Client) Withdraw(ctx context.Context, id, reason string) error {
	return c.post(ctx, of(id, "/withdraw"), api.Reason{Reason: reason})
}

// Claim says that who asks works on an incident.
func (c *Client) Claim(ctx context.Context, id, reason string) error {
	return c.post(ctx, of(id, "/claim"), api.Reason{Reason: reason})
}

// Assign hands an incident on.
func (c *Client) Assign(ctx context.Context, id string, a api.Assignment) error {
	return c.post(ctx, of(id, "/assign"), a)
}

// Mark says that it was right or wrong to hold an incident.
func (c *Client) Mark(ctx context.Context, id string, m api.Mark) error {
	return c.post(ctx, of(id, "/mark"), m)
}

func (c *Client) post(ctx context.Context, path string, body any) error {
	return c.ask(ctx, request{method: http.MethodPost, path: path, body: body}, nil)
}

// MessageQuery picks messages. Its zero value picks all.
type MessageQuery struct {
	Page
	Query, Policy, Incident string
	States                  []string
	MinSubjects             int
	Since                   time.Time
}

// Messages gives a page of held messages.
func (c *Client) Messages(ctx context.Context, q MessageQuery) (api.Messages, error) {
	v := q.values()
	set(v, "q", q.Query)
	set(v, "policy", q.Policy)
	set(v, "incident", q.Incident)
	set(v, "state", strings.Join(q.States, ","))
	set(v, "min_subjects", number(q.MinSubjects))
	set(v, "since", moment(q.Since))
	return get[api.Messages](ctx, c, "/messages", v)
}

// Message gives one held message.
func (c *Client) Message(ctx context.Context, id string) (api.WholeMessage, error) {
	return get[api.WholeMessage](ctx, c, "/messages/"+url.PathEscape(id), nil)
}

// Me tells who asks.
func (c *Client) Me(ctx context.Context) (api.Me, error) {
	return get[api.Me](ctx, c, "/me", nil)
}

// TrailQuery picks entries of the audit trail, the oldest first.
type TrailQuery struct {
	Message string
	Since   time.Time
	After   int64
	Limit   int
}

// Trail gives a page of the audit trail, the oldest first.
func (c *Client) Trail(ctx context.Context, q TrailQuery) (api.Trail, error) {
	v := url.Values{"oldest_first": {"true"}}
	set(v, "message", q.Message)
	set(v, "since", moment(q.Since))
	set(v, "after", number(int(q.After)))
	set(v, "limit", number(q.Limit))
	return get[api.Trail](ctx, c, "/audit", v)
}
