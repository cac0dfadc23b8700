package run

import (
	"context"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
)

// Ledger keeps what must outlive the process. Its methods may be called at
// once.
type Ledger interface {
	// Runs returns the sender's runs with a copy since the given time.
	Runs(ctx context.Context, sender string, since time.Time) ([]Record, error)
	// Decision returns what people have decided on an incident.
	Decision(ctx context.Context, incident string) (Decision, error)
	// Write keeps a batch as a whole, or returns an error and keeps nothing.
	Write(ctx context.Context, b *Batch) error
}

// Record is a run as the ledger has it.
type Record struct {
	Key    string // random, without personal data
	Sender string // as Config.Name makes it
	Print  []byte // of its first copy
	First  time.Time
	Last   time.Time
	// Copies are all that came, Delivered those that the upstream accepted by
	// their own verdict, and not by a release.
	Copies, Delivered int64
	// Subjects are the distinct third-party people of all copies.
	Subjects int64
	// Held is true once a copy was to be held; Policy and Answer are then those
	// of that copy, and Incident is where it is kept, "" if it is not yet.
	Held     bool
	Policy   string
	Answer   rules.Answer
	Incident string
}

// Decision is what people have decided on the copies of an incident.
type Decision struct {
	State DecisionState
	// Subjects is the most people that were reviewed, Policies by what copies
	// were held, Fields which types of field they had, and Complete whether each
	// was read to its end.
	Subjects int64
	Policies []string
	Fields   []string
	Complete bool
}

// DecisionState says where the review of an incident stands.
type DecisionState uint8

// The states of a review. A run goes on when every copy of its incident was
// released, and not before.
const (
	Undecided DecisionState = iota
	Released
	Refused // some copy was refused, deleted or has expired
)

// Batch is what is written to the ledger at once.
type Batch struct {
	Runs       []Record
	Deliveries []Delivery
	Judgements []Judgement
}

// Delivery is a copy that the upstream has accepted.
type Delivery struct {
	Run        string
	At         time.Time
	Recipients []string
}

// Judgement is what a message would have exposed and what became of it: numbers
// only, for trying other policies on.
type Judgement struct {
	At       time.Time
	Sender   string // as Config.Name makes it
	Run      string
	Action   string // what was done: pass, tag, hold, reject or defer
	Policy   string
	Version  string // of rules and policies
	Exposure rules.Exposure
	Bytes    int64
}
