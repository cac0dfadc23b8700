package report

import (
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
)

// Incident is what is known of an incident: a plain value that the caller
// fills from the store, the ledger and its own flags.
type Incident struct {
	ID    string
	Open  bool   // somebody has still to decide
	State string // for people

	Policy, PolicyVersion string
	RuleSet               string
	Sender                string // reverse-path, "" if it is not known or not to be told
	Client                string // address of the program that sent it, "" if unknown

	First   time.Time // first copy, delivered or held
	Stopped time.Time // first copy held
	Last    time.Time // last copy
	// Known is when the controller became aware of it, from which the 72 hours
	// of Article 33(1) run.
	Known time.Time

	Copies Copies
	// Subjects is the number of distinct third-party people; Estimated says
	// that it is an estimate or a lower bound.
	Subjects  int64
	Estimated bool
	Records   int64
	Fields    []string // names of field types, as rules gives them
	// ByCategory counts the people by the category of the fields that are
	// known of them: direct, indirect, sensitive. ByCategoryEstimated says that
	// it is reckoned from the copies, whose people differ.
	ByCategory          map[string]int64
	ByCategoryEstimated bool

	Completeness string // complete, partial or unscanned
	Reasons      []string
	Findings     []rules.Finding
	Trail        []Entry // oldest first

	Contact  Contact
	Measures []string // taken or proposed, in the controller's own words
	Delay    string   // why the notification is late, where it is
	// Written is when the record is made.
	Written time.Time
	// Zone is the time zone in which people read it; nil is UTC.
	Zone *time.Location
}

// Copies says what became of the copies of an incident, and for how many
// recipients.
type Copies struct {
	// Held is how many copies were kept back.
	Held int
	// Left is how many copies had gone on before the first was held, and
	// LeftTo their recipients.
	Left, LeftTo int
	// LeftUnknown says that it is not known whether any had left.
	LeftUnknown bool
	// Released is how many recipients got a held copy by a decision.
	Released int
	// Uncertain is how many recipients may have a copy or not, since the
	// upstream's answer was lost.
	Uncertain int
	// Withheld is how many recipients have none.
	Withheld int
}

// Contact is the point where more can be learned (Article 33(3)(b)).
type Contact struct {
	Name         string `json:"name"`
	Organisation string `json:"organisation,omitempty"`
	Mail         string `json:"mail,omitempty"`
	Phone        string `json:"phone,omitempty"`
}

// Entry is one line of the audit trail that concerns the incident.
type Entry struct {
	At      time.Time
	Message string // id of the copy, "" for the whole incident
	Act     string // as the audit trail names it
	By      string
	Reason  string
	Results string // in numbers, "" if there are none
}
