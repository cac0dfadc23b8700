package report

import (
	"time"
)

// Schema names the form of the JSON. Fields may be added under the same name;
// none is removed or changes its meaning.
const Schema = "bulkhead.breach-record.v1"

// limit is the time for the notification, Article 33(1).
const limit = 72 * time.Hour

// Outcome says whether personal data reached anybody.
type Outcome string

// The outcomes, judged by what had really left.
const (
	// NearMiss: every copy was kept back, or went out by a decision only.
	NearMiss Outcome = "near_miss"
	// Breach: copies had left before the first was held.
	Breach Outcome = "breach"
	// Unclear: it is not known whether somebody has a copy.
	Unclear Outcome = "unclear"
)

// Record is the breach record. Its JSON is a contract: see [Schema]. Times are
// RFC 3339 in UTC; counts of people are distinct third-party people.
type Record struct {
	Schema   string `json:"schema"`
	Incident string `json:"incident"`
	// Provisional is true while somebody has still to decide: Article 33(4)
	// lets the information be given in phases.
	Provisional bool      `json:"provisional"`
	Written     time.Time `json:"written"`
	Outcome     Outcome   `json:"outcome"`
	Summary     string    `json:"summary"`
	Clock       Clock     `json:"clock"`

	Nature   Nature   `json:"nature"`   // Article 33(3)(a)
	People   People   `json:"people"`   // Article 33(3)(a)
	Delivery Delivery `json:"delivery"` // what had really left
	Contact  *Contact `json:"contact"`  // Article 33(3)(b); null: to be named
	// Consequences are the likely ones, by kind of data: Article 33(3)(c).
	Consequences []Consequence `json:"consequences"`
	// HighRisk is true where the kinds of data and the outcome suggest that
	// the people themselves must be told (Article 34).
	HighRisk bool     `json:"high_risk_suggested"`
	Measures []string `json:"measures"` // Article 33(3)(d)

	Phases   []Phase `json:"phases"`
	Tables   []Table `json:"tables"`
	Timeline []Step  `json:"timeline"`

	zone *time.Location
}

// Clock is the time for the notification.
type Clock struct {
	Known   time.Time `json:"known"`
	Due     time.Time `json:"due"` // 72 hours later
	Overdue bool      `json:"overdue"`
	// Left is the time from Written to Due in seconds, negative when overdue.
	Left  int64  `json:"seconds_left"`
	Delay string `json:"reasons_for_delay,omitempty"`
}

// Nature says what happened.
type Nature struct {
	Kind   string `json:"kind"` // confidentiality: data of people in mail to others
	Sender string `json:"sender,omitempty"`
	Client string `json:"client,omitempty"`
	// Policy is the rule that stopped it.
	Policy        string   `json:"policy"`
	PolicyVersion string   `json:"policy_version"`
	RuleSet       string   `json:"rule_set,omitempty"`
	Completeness  string   `json:"completeness"`
	Reasons       []string `json:"reasons"`
}

// People are the people and records concerned.
type People struct {
	Subjects  int64 `json:"subjects"`
	Estimated bool  `json:"estimated"`
	Records   int64 `json:"records"`
	// Kinds are the categories of people that the fields suggest, such as
	// customers; for the controller to confirm.
	Kinds      []string         `json:"kinds_of_people"`
	ByCategory map[string]int64 `json:"subjects_by_category"`
	// ByCategoryEstimated is true where the copies carry different people.
	ByCategoryEstimated bool    `json:"subjects_by_category_estimated,omitempty"`
	Fields              []Field `json:"fields"`
}

// Field is a kind of data that was in it.
type Field struct {
	Type     string `json:"type"`
	Label    string `json:"label"`
	Category string `json:"category"`
	// Special is true for the data of Articles 9 and 10.
	Special bool `json:"special,omitempty"`
}

// Delivery says what became of the copies.
type Delivery struct {
	Held        int  `json:"copies_held"`
	Left        int  `json:"copies_left_before"`
	LeftTo      int  `json:"recipients_left_before"`
	LeftUnknown bool `json:"left_before_unknown"`
	Released    int  `json:"recipients_released_to"`
	Uncertain   int  `json:"recipients_uncertain"`
	Withheld    int  `json:"recipients_withheld"`
}

// Consequence is what is likely to follow for the people concerned.
type Consequence struct {
	Kind string   `json:"kind"`
	Of   []string `json:"of"` // labels of the fields
	Text string   `json:"text"`
}

// Phase is a step of the incident.
type Phase struct {
	Name string `json:"name"`
	// At is when it was reached; null if it was not.
	At   *time.Time `json:"at"`
	Note string     `json:"note,omitempty"`
}

// Table is a place where data of people was found.
type Table struct {
	Path    string   `json:"path"`
	Kind    string   `json:"kind"`
	Rows    int64    `json:"rows"`
	Records int64    `json:"records"`
	Columns []Column `json:"columns"`
	// Sample are the first rows, every cell masked.
	Sample [][]string `json:"sample"`
}

// Column is a column of a table.
type Column struct {
	Header string `json:"header"`
	Type   string `json:"type"`
	Label  string `json:"label"`
}

// Step is one line of the timeline: an act, or several alike.
type Step struct {
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`
	Act   string    `json:"act"`
	Count int       `json:"count"`
	By    string    `json:"by"`
	// Message is the copy that it concerned, "" for several or all.
	Message string `json:"message,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Results string `json:"results,omitempty"`
}
