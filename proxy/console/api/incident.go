package api

import (
	"context"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/danielgtaylor/huma/v2"
)

// Desk shows what there is to decide on, and takes decisions back; a
// *review.Desk does.
type Desk interface {
	Review(ctx context.Context, incident string) (review.Sheet, error)
	Withdraw(ctx context.Context, incident, by, reason string) error
}

// Incident is an incident in JSON, here and in `bulkhead incidents list`. The
// names are a contract.
type Incident struct {
	ID        string    `json:"id" doc:"As IN-7K2M-Q9XD."`
	State     string    `json:"state" enum:"open,awaiting_approval,decided"`
	Policy    string    `json:"policy" doc:"That of its first copy."`
	Copies    int       `json:"copies" doc:"Held."`
	Delivered int       `json:"delivered" doc:"Copies of the same mailing that have left."`
	Subjects  int       `json:"subjects" doc:"Distinct people who are not its readers, over all copies."`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
}

// NewIncident makes the JSON of an incident.
func NewIncident(i *quarantine.Incident) Incident {
	return Incident{i.ID, string(i.State), i.Policy, i.Copies, i.Delivered, i.Subjects, i.First, i.Last}
}

// About is what else is known of an incident.
type About struct {
	Fields       []string `json:"fields" doc:"Types of field, of its first copy."`
	Completeness string   `json:"completeness" doc:"The least of its copies: complete, partial or unscanned."`
	Bytes        int64    `json:"bytes" doc:"Of its first copy."`
	Assigned     string   `json:"assigned" doc:"Who works on it; empty for nobody."`
	Mark         string   `json:"mark" enum:",right,wrong" doc:"What a reviewer said of the hold."`
}

func newAbout(i *quarantine.Incident) About {
	return About{append([]string{}, i.Fields...), i.Completeness, i.Size, i.Assigned, string(i.Mark)}
}

// ListedIncident is an incident in a list.
type ListedIncident struct {
	Incident
	About
	From   *string `json:"from,omitzero" doc:"Who sent its first copy; empty for the null reverse path, left out where it is sealed."`
	Sealed bool    `json:"sealed,omitzero" doc:"The private key is not here, so nobody is named."`
}

// Incidents is a page of incidents.
type Incidents struct {
	Incidents []ListedIncident `json:"incidents"`
	Next      string           `json:"next" doc:"The after of the next page; empty after the last. A page of a search may be empty and still have a next one."`
	Previous  string           `json:"previous" doc:"The after of the page before; empty on the first."`
}

// Sheet is an incident to be decided on, here and in `bulkhead incidents show`.
// The names are a contract.
type Sheet struct {
	Incident
	Token      string         `json:"token" doc:"Names the copies that there are now: a decision gives it back."`
	Messages   map[string]int `json:"messages" doc:"By state."`
	Recipients map[string]int `json:"recipients" doc:"By state."`
	TwoPeople  bool           `json:"two_people" doc:"A release takes two people."`
	Decision   *OpenDecision  `json:"decision" doc:"What awaits a second person, or was broken off; null: nothing."`
}

// TransformSchema implements huma.SchemaTransformer: a decision may be null.
func (Sheet) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	decision := s.Properties["decision"]
	s.Properties["decision"] = &huma.Schema{Description: decision.Description, OneOf: []*huma.Schema{{Ref: decision.Ref}, {Type: "null"}}}
	return s
}

// OpenDecision is a decision that is not carried out yet.
type OpenDecision struct {
	Action string    `json:"action" enum:"release,refuse,delete"`
	State  string    `json:"state" enum:"awaiting,running"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	Made   time.Time `json:"made"`
	Copies int       `json:"copies" doc:"Those that it covers."`
	To     []string  `json:"to" doc:"Empty: all who do not have it."`
	Force  bool      `json:"force" doc:"Also to those who have it, or may."`
}

// NewSheet makes the JSON of a sheet.
func NewSheet(s *review.Sheet) Sheet {
	out := Sheet{Incident: NewIncident(&s.Incident), Token: s.Token, Messages: map[string]int{}, Recipients: map[string]int{}, TwoPeople: s.TwoPeople}
	for state, n := range s.States {
		out.Messages[string(state)] = n
	}
	for state, n := range s.Outcomes {
		out.Recipients[string(state)] = n
	}
	if d := s.Awaiting; d != nil {
		out.Decision = &OpenDecision{d.Action, string(d.State), d.By, d.Reason, d.Made, len(d.Plan.Messages), append([]string{}, d.Plan.To...), d.Plan.Force}
	}
	return out
}

// WholeIncident is all that is known of an incident.
type WholeIncident struct {
	Sheet
	About
}
