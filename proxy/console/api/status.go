package api

import (
	"context"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// Me is who asks.
type Me struct {
	Name   string         `json:"name"`
	Role   access.Role    `json:"role"`
	Method access.Method  `json:"method" doc:"How they proved it: password, oidc, token or proxy."`
	Rights []access.Right `json:"rights" doc:"All that they may."`
}

func (*api) me(ctx context.Context, _ *struct{}) (*page[Me], error) {
	p := access.From(ctx)
	me := Me{Name: p.Name, Role: p.Role, Method: p.Method, Rights: []access.Right{}}
	for _, r := range p.Role.Rights() {
		if p.May(r) {
			me.Rights = append(me.Rights, r)
		}
	}
	return &page[Me]{me}, nil
}

// Status says whether all is well.
type Status struct {
	Version    string           `json:"version"`
	Ready      bool             `json:"ready" doc:"Mail can be taken."`
	Obstacle   string           `json:"obstacle" doc:"What keeps it from being taken; empty: nothing does."`
	Held       int64            `json:"held" doc:"Messages that somebody has still to decide on."`
	Incidents  int64            `json:"incidents" doc:"Open ones."`
	ByState    map[string]int64 `json:"messages" doc:"By state."`
	Bytes      int64            `json:"bytes" doc:"Of content kept, as it was held."`
	Stored     int64            `json:"stored_bytes" doc:"That it takes."`
	Capacity   int64            `json:"capacity_bytes" doc:"That the quarantine may hold; 0: no bound."`
	Free       int64            `json:"free_bytes" doc:"Left on the volume."`
	OldestHeld *time.Time       `json:"oldest_held" doc:"When the oldest that waits was received; null: none waits."`
	NextExpiry *time.Time       `json:"next_expiry" doc:"When the first that waits expires; null: none does."`
	Audit      int64            `json:"audit_records"`
	Failures   int64            `json:"audit_failures" doc:"Entries that could not be written: what they were about was not done."`
	Change     string           `json:"change" doc:"Another one means that something has changed; the stream of events tells it."`
}

func (a *api) status(ctx context.Context, _ *struct{}) (*page[Status], error) {
	s, err := a.cfg.Store.Stats(ctx)
	if err != nil {
		return nil, err
	}
	change, err := a.cfg.Store.Changes(ctx)
	if err != nil {
		return nil, err
	}
	out := Status{Version: a.cfg.Version, Held: s.Held, Incidents: s.Incidents, ByState: map[string]int64{}, Bytes: s.Bytes, Stored: s.Stored,
		Capacity: s.Capacity, Free: s.Free, OldestHeld: timeOrNull(s.OldestHeld), NextExpiry: timeOrNull(s.NextExpiry),
		Audit: s.AuditRecords, Failures: s.AuditFailures, Change: change.String()}
	for state, n := range s.ByState {
		out.ByState[string(state)] = n
	}
	if a.cfg.Obstacle != nil {
		out.Obstacle = a.cfg.Obstacle(ctx)
	}
	out.Ready = out.Obstacle == ""
	return &page[Status]{out}, nil
}

// Overview is what happened within a time.
type Overview struct {
	Since       time.Time     `json:"since"`
	Until       time.Time     `json:"until"`
	Hours       []HourCount   `json:"hours"`
	Policies    []PolicyCount `json:"policies" doc:"The most messages first."`
	Senders     []Sender      `json:"senders" doc:"The most held messages within the time first."`
	Incidents   int64         `json:"incidents" doc:"That began within the time."`
	People      int64         `json:"subjects" doc:"Whom they exposed, summed over incidents."`
	Protected   int64         `json:"subjects_kept" doc:"Those of incidents of which no copy reached anybody."`
	LastMessage *time.Time    `json:"last_message" doc:"When the last verdict of all was given; null: never."`
}

// HourCount counts messages of an hour.
type HourCount struct {
	Hour         time.Time `json:"hour"`
	Action       string    `json:"action"`
	Completeness string    `json:"completeness"`
	Messages     int64     `json:"messages"`
}

// PolicyCount counts messages of a policy.
type PolicyCount struct {
	Policy   string `json:"policy"`
	Action   string `json:"action"`
	Messages int64  `json:"messages"`
}

// newPolicyCounts makes the JSON of counts.
func newPolicyCounts(counts []quarantine.PolicyCount) []PolicyCount {
	out := []PolicyCount{}
	for _, c := range counts {
		out = append(out, PolicyCount(c))
	}
	return out
}

type overviewIn struct {
	Hours int `query:"hours" minimum:"1" maximum:"744" default:"24" doc:"How many hours back, the one under way among them."`
}

func (a *api) overview(ctx context.Context, in *overviewIn) (*page[Overview], error) {
	o, err := a.cfg.Store.Overview(ctx, time.Now().Add(-time.Duration(in.Hours-1)*time.Hour))
	if err != nil {
		return nil, err
	}
	out := Overview{Since: o.Since, Until: o.Until, Hours: []HourCount{}, Policies: newPolicyCounts(o.Policies), Senders: newSenders(o.Senders),
		Incidents: o.Incidents, People: o.People, Protected: o.Kept, LastMessage: timeOrNull(o.LastMessage)}
	for _, h := range o.Hours {
		out.Hours = append(out.Hours, HourCount(h))
	}
	return &page[Overview]{out}, nil
}

// Sender is somebody of whom something was held.
type Sender struct {
	Address   *string   `json:"address,omitzero" doc:"Empty for the null reverse path, left out where it is sealed."`
	Sealed    bool      `json:"sealed,omitzero" doc:"The private key is not here."`
	Messages  int64     `json:"messages" doc:"Held."`
	Open      int64     `json:"open" doc:"Of them, those that wait for a decision."`
	Incidents int64     `json:"incidents" doc:"That they began."`
	People    int64     `json:"subjects" doc:"Whom they exposed, summed over incidents."`
	Last      time.Time `json:"last" doc:"When the last of them came."`
}

func newSenders(from []quarantine.Sender) []Sender {
	out := []Sender{}
	for i := range from {
		s := &from[i]
		o := Sender{Sealed: s.Sealed, Messages: s.Messages, Open: s.Open, Incidents: s.Incidents, People: s.People, Last: s.Last}
		if !s.Sealed {
			o.Address = &s.Address
		}
		out = append(out, o)
	}
	return out
}

// Senders is a page of senders.
type Senders struct {
	Senders []Sender `json:"senders"`
	Next    string   `json:"next" doc:"The after of the next page; empty after the last."`
}

type sendersIn struct {
	Paging
	Sort string `query:"sort" enum:"messages,people,last" default:"messages" doc:"Which come first."`
}

func (a *api) senders(ctx context.Context, in *sendersIn) (*page[Senders], error) {
	q := quarantine.SenderQuery{After: quarantine.Cursor(in.After), Limit: in.Limit}
	if in.Sort != "messages" {
		q.Sort = quarantine.SenderSort(in.Sort)
	}
	got, next, err := a.cfg.Store.Senders(ctx, q)
	if err != nil {
		return nil, err
	}
	return &page[Senders]{Senders{newSenders(got), string(next)}}, nil
}
