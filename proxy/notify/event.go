package notify

import (
	"slices"
	"time"
)

// Kind says what happened.
type Kind string

// The kinds of event.
const (
	Opened        Kind = "incident_opened" // something was held, and is an incident of its own
	Braked        Kind = "run_braked"      // the rest of a run is stopped
	Expiring      Kind = "expiring"        // nobody has decided, and the time ends
	Expired       Kind = "expired"         // nobody decided in time; refused
	Released      Kind = "released"
	Refused       Kind = "refused"
	ReleaseFailed Kind = "release_failed" // some recipients do not have it
)

// Kinds lists the kinds of event, for the configuration.
func Kinds() []string {
	return []string{string(Opened), string(Braked), string(Expiring), string(Expired), string(Released), string(Refused), string(ReleaseFailed)}
}

// digestKind is the kind of a digest in JSON.
const digestKind Kind = "digest"

// Event is what people should be told, in kinds and numbers.
type Event struct {
	Kind     Kind
	At       time.Time
	Incident string
	// Message is the id that the client was given, "" for a whole incident.
	Message string
	Policy  string
	// Subjects is the number of third-party people.
	Subjects int64
	// Copies is how many messages it is about.
	Copies int
	// Left is how many copies had gone on before; LeftUnknown, that it is not
	// known whether any had.
	Left        int
	LeftUnknown bool
	Fields      []string // names of field types
	// InText is true where the message text was nothing but a table.
	InText bool
	// Expires is when it will be refused if nobody decides; zero: never.
	Expires time.Time
	// By is who decided, for reviewers only.
	By string
	// Failed is how many recipients do not have a released message.
	Failed int
	// Once tells events of one kind and incident apart, such as two warnings;
	// an event with the same Kind, Incident and Once is told once.
	Once string
}

// key names the event within a channel.
func (e *Event) key() string { return string(e.Kind) + "/" + e.Incident + "/" + e.Once }

// Sender is who sent a message that an event is about.
type Sender struct {
	Address       string // the reverse path, "" for the null one
	Authenticated bool   // the client had authenticated
	Accepted      bool   // the client was answered 250
}

// Digest is what became of incidents over a time.
type Digest struct {
	Since, Until time.Time
	// Open is how many incidents wait for a decision.
	Open int
	// Incidents are those that changed, the newest first; More is how many are
	// left out.
	Incidents []Line
	More      int
}

// Line is one incident in a digest.
type Line struct {
	Incident string    `json:"incident"`
	State    string    `json:"state"`
	Policy   string    `json:"policy"`
	Subjects int64     `json:"subjects"`
	Copies   int       `json:"copies"`
	Last     time.Time `json:"last"`
}

// tells reports whether a channel that is told of the given kinds is told of
// this one.
func tells(on []string, k Kind) bool { return slices.Contains(on, string(k)) }
