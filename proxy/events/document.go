package events

import (
	"encoding/json"
	"fmt"
	"time"
)

// schema is the version of the Elastic Common Schema whose names are used.
const schema = "8.11.0"

// document is an event as it is sent. The names are the schema's, but for those
// under bulkhead, for which it has none.
type document struct {
	Timestamp time.Time `json:"@timestamp"`
	Message   string    `json:"message"`
	ECS       struct {
		Version string `json:"version"`
	} `json:"ecs"`
	Event    event    `json:"event"`
	Observer observer `json:"observer"`
	Source   *source  `json:"source,omitempty"`
	User     *user    `json:"user,omitempty"`
	Email    *email   `json:"email,omitempty"`
	Rule     *rule    `json:"rule,omitempty"`
	Bulkhead any      `json:"bulkhead"`
}

// event categorises, as the schema wants it: alert for what a policy stopped.
type event struct {
	ID       string   `json:"id"` // the same wherever the event is told again
	Kind     string   `json:"kind"`
	Category []string `json:"category"`
	Type     []string `json:"type"`
	Module   string   `json:"module"`
	Dataset  string   `json:"dataset"`
	Action   string   `json:"action"`
	Outcome  string   `json:"outcome"`
	Reason   string   `json:"reason,omitempty"`
	Duration int64    `json:"duration,omitempty"` // nanoseconds
}

type observer struct {
	Hostname string `json:"hostname"`
	Vendor   string `json:"vendor"`
	Product  string `json:"product"`
	Type     string `json:"type"`
	Version  string `json:"version"`
}

type source struct {
	IP string `json:"ip"`
}

type user struct {
	Name string `json:"name,omitempty"`
	Hash string `json:"hash,omitempty"`
}

type email struct {
	LocalID string     `json:"local_id,omitempty"`
	From    *addresses `json:"from,omitempty"`
	To      *addresses `json:"to,omitempty"`
}

type addresses struct {
	Address []string `json:"address"`
}

type rule struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	Ruleset string `json:"ruleset,omitempty"`
}

// Told is an event on its way to the targets.
type Told struct {
	At       time.Time
	Severity Severity
	ID       string // "verdict" or "decision"
	JSON     []byte // one line, without its end
}

// Severity is syslog's (RFC 5424 section 6.2.1).
type Severity uint8

// The severities that events have.
const (
	Warning Severity = 4
	Notice  Severity = 5
	Info    Severity = 6
)

// Writer makes events of what happens.
type Writer struct {
	// Host, Version name the relay.
	Host, Version string
	Names         Names
}

// new begins a document.
func (w *Writer) new(at time.Time, dataset, action, id, message string) document {
	d := document{
		Timestamp: at.UTC(), Message: message,
		Event: event{ID: id, Kind: "event", Category: []string{"email"}, Type: []string{"info"}, Module: "bulkhead",
			Dataset: "bulkhead." + dataset, Action: action, Outcome: "success"},
		Observer: observer{Hostname: w.Host, Vendor: "Bulkhead", Product: "Bulkhead", Type: "dlp", Version: w.Version},
	}
	d.ECS.Version = schema
	return d
}

// told encodes a document.
func (d *document) told(id string, s Severity) (Told, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return Told{}, fmt.Errorf("encoding an event: %w", err)
	}
	return Told{At: d.Timestamp, Severity: s, ID: id, JSON: text}, nil
}
