package api

import (
	"context"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
)

// incidentOperations are those about incidents that change nothing.
func (a *api) incidentOperations() []operation {
	return []operation{
		op(access.IncidentList, "GET /incidents", "incidents", "Incidents: held messages that belong together", a.incidents),
		op(access.EvidenceMasked, "GET /incidents/{id}", "incident", "One incident, and what there is to decide", a.incident),
		op(access.IncidentList, "GET /incidents/{id}/copies", "copies", "The held copies of an incident, newest first", a.copies),
		op(access.IncidentList, "GET /incidents/{id}/recipients", "recipients", "Who would get the held copies, and what became of each", a.recipients),
		op(access.EvidenceMasked, "GET /incidents/{id}/timeline", "timeline", "What was done about an incident and its copies, newest first", a.timeline),
	}
}

// OfIncident is the part of a request that names an incident.
type OfIncident struct {
	ID string `path:"id" maxLength:"40" doc:"The incident's id." example:"IN-7K2M-Q9XD"`
}

// Paging is the part of a request that picks a page.
type Paging struct {
	After string `query:"after" maxLength:"500" doc:"Where the page before ended, as it said."`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"At most so many."`
}

type incidentsIn struct {
	Paging
	Query    string    `query:"q" maxLength:"2000" doc:"Only what this finds; empty finds all." example:"state:open people:>=100"`
	State    string    `query:"state" enum:"open,awaiting_approval,decided" doc:"Only this state."`
	Policy   string    `query:"policy" maxLength:"200" doc:"Only this policy's."`
	Subjects int       `query:"min_subjects" minimum:"0" doc:"Only with at least so many people."`
	Changed  time.Time `query:"changed_since" doc:"Only those of which a copy came, or was decided, at this time or later."`
	Sort     string    `query:"sort" enum:"newest,oldest,people,copies" default:"newest" doc:"Which come first."`
}

// page is an answer with a body.
type page[T any] struct{ Body T }

func (a *api) incidents(ctx context.Context, in *incidentsIn) (*page[Incidents], error) {
	found, err := search.Parse(in.Query)
	if err != nil {
		return nil, err
	}
	q := quarantine.IncidentQuery{State: quarantine.IncidentState(in.State), Policy: in.Policy, MinSubjects: in.Subjects,
		ChangedSince: in.Changed, Search: found, Me: access.From(ctx).Name, After: quarantine.Cursor(in.After), Limit: in.Limit}
	if in.Sort != "newest" {
		q.Sort = quarantine.Sort(in.Sort)
	}
	got, err := a.cfg.Store.IncidentPage(ctx, q)
	if err != nil {
		return nil, err
	}
	out := Incidents{Incidents: []ListedIncident{}, Next: string(got.Next), Previous: string(got.Prev)}
	for i := range got.Incidents {
		g := &got.Incidents[i]
		l := ListedIncident{Incident: NewIncident(&g.Incident), About: newAbout(&g.Incident), Sealed: g.Sealed}
		if !g.Sealed {
			l.From = &g.From
		}
		out.Incidents = append(out.Incidents, l)
	}
	return &page[Incidents]{out}, nil
}

func (a *api) incident(ctx context.Context, in *OfIncident) (*page[WholeIncident], error) {
	sheet, err := a.cfg.Desk.Review(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &page[WholeIncident]{WholeIncident{NewSheet(&sheet), newAbout(&sheet.Incident)}}, nil
}

type aboutPage struct {
	OfIncident
	Paging
}

func (a *api) copies(ctx context.Context, in *aboutPage) (*page[Messages], error) {
	got, next, err := a.copiesOf(ctx, in)
	if err != nil {
		return nil, err
	}
	return &page[Messages]{newMessages(got, next)}, nil
}

// copiesOf gives a page of an incident's messages; of one that there is not,
// ErrNotFound.
func (a *api) copiesOf(ctx context.Context, in *aboutPage) ([]quarantine.Message, quarantine.Cursor, error) {
	i, err := a.cfg.Store.Incident(ctx, in.ID)
	if err != nil {
		return nil, "", err
	}
	return a.cfg.Store.List(ctx, quarantine.Query{Incident: i.ID, After: quarantine.Cursor(in.After), Limit: in.Limit})
}

// Recipient is somebody for whom a held copy was.
type Recipient struct {
	Message string `json:"message"`
	Place   int    `json:"place" doc:"In the envelope, from 1: how the audit trail names recipients."`
	Address string `json:"address,omitzero" doc:"Left out where it is sealed."`
	State   string `json:"state" doc:"held, sending, released, refused, deferred or unknown."`
	Reply   string `json:"reply" doc:"Codes of the last reply, as 250 2.1.5; empty where nothing was tried."`
}

// Recipients is a page of recipients.
type Recipients struct {
	Recipients []Recipient `json:"recipients"`
	Next       string      `json:"next" doc:"The after of the next page; empty after the last."`
}

func newRecipients(to []Recipient, m *quarantine.Message) []Recipient {
	for i, r := range m.Recipients {
		to = append(to, Recipient{m.ID, i + 1, r.Address, string(r.State), r.Reply})
	}
	return to
}

func (a *api) recipients(ctx context.Context, in *aboutPage) (*page[Recipients], error) {
	got, next, err := a.copiesOf(ctx, in)
	if err != nil {
		return nil, err
	}
	out := Recipients{Recipients: []Recipient{}, Next: string(next)}
	for i := range got {
		out.Recipients = newRecipients(out.Recipients, &got[i])
	}
	return &page[Recipients]{out}, nil
}

type timelineIn struct {
	OfIncident
	TrailPaging
}

func (a *api) timeline(ctx context.Context, in *timelineIn) (*page[Trail], error) {
	i, err := a.cfg.Store.Incident(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return a.trail(ctx, quarantine.AuditLogQuery{Incident: i.ID}, in.TrailPaging)
}
