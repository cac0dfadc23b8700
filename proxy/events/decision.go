package events

import (
	"fmt"
	"time"
)

// Decision is an entry of the audit trail: what a person or the program did
// about held mail. The reason that a person gave is left out, since it is free
// text.
type Decision struct {
	At   time.Time
	Seq  int64  // in the audit trail
	Hash string // of the entry, by which the trail can be proved later
	Act  string
	By   string // a person
	// System is true where the program acted, and no person.
	System            bool
	Message, Incident string

	Action     string         // of a decision about an incident
	Messages   int            // that it is about
	Recipients int            // that it is about
	Subjects   int            // third-party people
	Results    map[string]int // of a release: recipients by what they came to
	Forced     bool
}

type ofDecision struct {
	Audit struct {
		Seq  int64  `json:"seq"`
		Hash string `json:"hash"`
	} `json:"audit"`
	Act        string         `json:"act"`
	System     bool           `json:"system,omitempty"`
	Incident   string         `json:"incident,omitempty"`
	Action     string         `json:"action,omitempty"`
	Messages   int            `json:"messages,omitempty"`
	Recipients int            `json:"recipients,omitempty"`
	Subjects   int            `json:"subjects,omitempty"`
	Results    map[string]int `json:"results,omitempty"`
	Forced     bool           `json:"forced,omitempty"`
}

// Decision makes the event of a decision.
func (w *Writer) Decision(e *Decision) (Told, error) {
	about := "message " + e.Message
	if e.Message == "" {
		about = "incident " + e.Incident
	}
	d := w.new(e.At, "decision", e.Act, fmt.Sprintf("audit-%d", e.Seq), fmt.Sprintf("%s: %s", e.Act, about))
	if e.Results["unknown"] > 0 {
		d.Event.Outcome = "unknown"
	}
	if e.Results["refused"]+e.Results["deferred"] > 0 {
		d.Event.Outcome = "failure"
	}
	if !e.System {
		d.User = w.Names.user(e.By)
	}
	if e.Message != "" {
		d.Email = &email{LocalID: e.Message}
	}
	own := ofDecision{Act: e.Act, System: e.System, Incident: e.Incident, Action: e.Action, Messages: e.Messages,
		Recipients: e.Recipients, Subjects: e.Subjects, Results: e.Results, Forced: e.Forced}
	own.Audit.Seq, own.Audit.Hash = e.Seq, e.Hash
	d.Bulkhead = own
	return d.told("decision", Notice)
}
