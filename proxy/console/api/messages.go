package api

import (
	"context"
	"encoding/json"
	"reflect"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/danielgtaylor/huma/v2"
)

// Message is a held message in JSON, here and in `bulkhead quarantine list`. The
// names are a contract.
type Message struct {
	ID         string    `json:"id" doc:"As BH-7K2M-Q9XD; the client was told it."`
	Incident   string    `json:"incident"`
	State      string    `json:"state" doc:"held, releasing, released, partly_released, release_failed, refused, deleted or expired."`
	From       *string   `json:"from,omitzero" doc:"Empty for the null reverse path, left out where it is sealed."`
	Recipients []string  `json:"recipients,omitzero" doc:"Left out where they are sealed."`
	Policy     string    `json:"policy"`
	Subjects   int       `json:"subjects" doc:"Distinct people who are not its readers."`
	Received   time.Time `json:"received"`
	Sealed     bool      `json:"sealed,omitzero" doc:"The private key is not here, so nobody is named."`
}

// NewMessage makes the JSON of a message.
func NewMessage(m *quarantine.Message) Message {
	out := Message{ID: m.ID, Incident: m.Incident, State: string(m.State),
		Policy: m.Policy, Subjects: m.Subjects, Received: m.Received, Sealed: m.Sealed}
	if m.Sealed {
		return out
	}
	out.From, out.Recipients = &m.From, []string{}
	for _, r := range m.Recipients {
		out.Recipients = append(out.Recipients, r.Address)
	}
	return out
}

// ListedMessage is a held message in a list.
type ListedMessage struct {
	Message
	Total int `json:"recipients_total" doc:"How many recipients it has, named or not."`
}

// Messages is a page of messages.
type Messages struct {
	Messages []ListedMessage `json:"messages"`
	Next     string          `json:"next" doc:"The after of the next page; empty after the last. A page of a search may be empty and still have a next one."`
}

// NewListedMessage makes the JSON of a message in a list.
func NewListedMessage(m *quarantine.Message) ListedMessage {
	return ListedMessage{NewMessage(m), len(m.Recipients)}
}

func newMessages(got []quarantine.Message, next quarantine.Cursor) Messages {
	out := Messages{Messages: []ListedMessage{}, Next: string(next)}
	for i := range got {
		out.Messages = append(out.Messages, NewListedMessage(&got[i]))
	}
	return out
}

// ShownMessage is a held message and what was found in it, as in `bulkhead
// quarantine show`. The names are a contract.
type ShownMessage struct {
	Message
	Reasons      []string        `json:"reasons"`
	Fields       []string        `json:"fields"`
	Completeness string          `json:"completeness" doc:"complete, partial or unscanned."`
	Bytes        int64           `json:"bytes"`
	SHA256       string          `json:"sha256"`
	Evidence     json.RawMessage `json:"evidence"`
}

// TransformSchema implements huma.SchemaTransformer: it says what evidence is,
// which is kept as JSON.
func (ShownMessage) TransformSchema(r huma.Registry, s *huma.Schema) *huma.Schema {
	evidence := huma.SchemaFromType(r, reflect.TypeFor[[]rules.Finding]())
	evidence.Description = "Where people's data was found, masked; null where it is sealed."
	s.Properties["evidence"] = evidence
	return s
}

// NewShownMessage makes the JSON of a message that was read with its evidence.
func NewShownMessage(m *quarantine.Message) ShownMessage {
	return ShownMessage{NewMessage(m), m.Reasons, m.Fields, m.Completeness, m.Size, m.SHA256, m.Evidence}
}

// WholeMessage is all that is known of a held message but for its content.
type WholeMessage struct {
	ShownMessage
	Action        string           `json:"action"`
	PolicyVersion string           `json:"policy_version"`
	Records       int              `json:"records"`
	Categories    map[string]int64 `json:"people_by_category" doc:"By what is known of them: direct, indirect, sensitive."`
	Outcomes      []Recipient      `json:"outcomes" doc:"What became of it for each recipient."`
	Client        string           `json:"client" doc:"Address of the client; empty where it is sealed."`
	Authenticated string           `json:"authenticated" doc:"User whom the client was; empty for none, or where it is sealed."`
	Expires       *time.Time       `json:"expires" doc:"When its content goes; null: never."`
	Kept          bool             `json:"kept" doc:"Under legal hold."`
	DecidedBy     string           `json:"decided_by" doc:"Empty: nobody yet."`
	Decided       *time.Time       `json:"decided"`
}

// NewWholeMessage makes the JSON of a message that was read with its evidence.
func NewWholeMessage(m *quarantine.Message) WholeMessage {
	w := WholeMessage{ShownMessage: NewShownMessage(m), Action: m.Action, PolicyVersion: m.PolicyVersion, Records: m.Records,
		Categories: map[string]int64{}, Outcomes: newRecipients([]Recipient{}, m), Client: m.Client, Authenticated: m.Auth, Kept: m.Kept, DecidedBy: m.DecidedBy,
		Expires: timeOrNull(m.Expires), Decided: timeOrNull(m.Decided)}
	for category, n := range m.ByCategory {
		w.Categories[category] = n
	}
	return w
}

// timeOrNull gives a time, nil for none.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// messageOperations are those about messages.
func (a *api) messageOperations() []operation {
	return []operation{
		op(access.IncidentList, "GET /messages", "messages", "Held messages, newest first", a.messages),
		op(access.EvidenceMasked, "GET /messages/{id}", "message", "One held message, and what was found in it, masked", a.message),
	}
}

type messagesIn struct {
	Paging
	Query    string    `query:"q" maxLength:"2000" doc:"Only what this finds; empty finds all." example:"to:@client.example -completeness:complete"`
	States   []string  `query:"state" enum:"held,releasing,released,partly_released,release_failed,refused,deleted,expired" doc:"Only these states, with commas between."`
	Policy   string    `query:"policy" maxLength:"200" doc:"Only this policy's."`
	Incident string    `query:"incident" maxLength:"40" doc:"Only this incident's."`
	Subjects int       `query:"min_subjects" minimum:"0" doc:"Only with at least so many people."`
	Since    time.Time `query:"since" doc:"Only those received at this time or later."`
}

func (a *api) messages(ctx context.Context, in *messagesIn) (*page[Messages], error) {
	found, err := search.Parse(in.Query)
	if err != nil {
		return nil, err
	}
	q := quarantine.Query{Policy: in.Policy, Incident: in.Incident, MinSubjects: in.Subjects, Since: in.Since,
		Search: found, Me: access.From(ctx).Name, After: quarantine.Cursor(in.After), Limit: in.Limit}
	for _, s := range in.States {
		q.States = append(q.States, quarantine.State(s))
	}
	got, next, err := a.cfg.Store.List(ctx, q)
	if err != nil {
		return nil, err
	}
	return &page[Messages]{newMessages(got, next)}, nil
}

// OfMessage is the part of a request that names a message.
type OfMessage struct {
	ID string `path:"id" maxLength:"40" doc:"The message's id." example:"BH-7K2M-Q9XD"`
}

func (a *api) message(ctx context.Context, in *OfMessage) (*page[WholeMessage], error) {
	m, err := a.cfg.Store.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &page[WholeMessage]{NewWholeMessage(&m)}, nil
}
