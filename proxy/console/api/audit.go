package api

import (
	"context"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/danielgtaylor/huma/v2"
)

// Trail is a part of the audit trail.
type Trail struct {
	Entries []quarantine.Entry `json:"entries"`
	Older   int64              `json:"older" doc:"The before of the page of older entries; 0: there is none."`
	Newer   int64              `json:"newer" doc:"The after of the page of newer entries; 0: there is none."`
}

// TrailPaging is the part of a request that picks a page of the trail.
type TrailPaging struct {
	Before int64 `query:"before" minimum:"0" doc:"Only entries with a smaller number, the newest of them first."`
	After  int64 `query:"after" minimum:"0" doc:"Only entries with a greater number, those next to it."`
	Limit  int   `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"At most so many."`
	Oldest bool  `query:"oldest_first" doc:"Begin with the oldest, and go on with after."`
}

type auditIn struct {
	TrailPaging
	By       string    `query:"by" maxLength:"200" doc:"Only this person's."`
	Act      string    `query:"act" maxLength:"40" doc:"Only this act, such as released."`
	Message  string    `query:"message" maxLength:"40" doc:"Only what was done to this message."`
	Incident string    `query:"incident" maxLength:"40" doc:"Only what was done about this incident and its messages."`
	Since    time.Time `query:"since" doc:"Only at this time or later."`
	Until    time.Time `query:"until" doc:"Only before this time."`
}

func (a *api) audit(ctx context.Context, in *auditIn) (*page[Trail], error) {
	return a.trail(ctx, quarantine.AuditLogQuery{Message: in.Message, Incident: in.Incident, By: in.By, Act: quarantine.Act(in.Act),
		Since: in.Since, Until: in.Until}, in.TrailPaging)
}

// trail gives a page of the trail.
func (a *api) trail(ctx context.Context, q quarantine.AuditLogQuery, p TrailPaging) (*page[Trail], error) {
	if p.Oldest {
		return a.trailForward(ctx, q, p)
	}
	q.Before, q.After, q.Limit = p.Before, p.After, p.Limit
	got, err := a.cfg.Store.AuditLog(ctx, q)
	if err != nil {
		return nil, err
	}
	return &page[Trail]{Trail{append([]quarantine.Entry{}, got.Entries...), got.Older, got.Newer}}, nil
}

// trailForward gives a page of the trail, the oldest first, for programs that
// copy it.
func (a *api) trailForward(ctx context.Context, q quarantine.AuditLogQuery, p TrailPaging) (*page[Trail], error) {
	if p.Before != 0 || q.By != "" || q.Act != "" || !q.Until.IsZero() {
		return nil, huma.Error422UnprocessableEntity("oldest_first goes with after, message, incident and since only.")
	}
	got, next, err := a.cfg.Store.Audit(ctx, quarantine.AuditQuery{Message: q.Message, Incident: q.Incident, Since: q.Since, After: p.After, Limit: p.Limit})
	if err != nil {
		return nil, err
	}
	return &page[Trail]{Trail{Entries: append([]quarantine.Entry{}, got...), Newer: next}}, nil
}
