package run

import (
	"context"
	"errors"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
)

// Ledger keeps what must outlive the process, for all relays that share it. Its
// methods may be called at once.
type Ledger interface {
	// Sender returns what relays have written of a sender.
	Sender(ctx context.Context, q Query) (Known, error)
	// Keys returns those of a run or of a sender's window that were written after
	// the entry of the given number.
	Keys(ctx context.Context, of Owner, after int64, since time.Time) ([]Keys, error)
	// Decision returns what people have decided on an incident.
	Decision(ctx context.Context, incident string) (Decision, error)
	// Warn lets other relays hear that this one is about to hold the first copy of a run
	// of a sender: see Tracker.Warned.
	Warn(ctx context.Context, relay, sender string) error
	// Write keeps a batch as a whole, or returns an error and keeps nothing. Where
	// that is not known, as when the line breaks meanwhile, it is an error: a batch is
	// written again until there is none, and by its number says no more than once.
	Write(ctx context.Context, b *Batch) error
}

// ErrOvertaken is what whoever keeps a held copy says when another relay has held
// a run of its sender that Record.Seen does not count: nothing is kept, and
// Copy.Overtaken tells whether it was this one.
var ErrOvertaken = errors.New("another relay has held a run of this sender meanwhile")

// Query asks for a sender.
type Query struct {
	Sender string
	Relay  string    // that asks: its own shares are told apart
	Since  time.Time // only runs with a copy since then, and keys
}

// Known is what the ledger has of a sender.
type Known struct {
	Runs []Record
	// Holds is how many of its runs were held, ever. Whoever reads it reads it
	// before the runs.
	Holds int64
	// Keys is the number of the last entry of its window, 0 for none.
	Keys int64
	// Usual is what it usually sends, by each relay.
	Usual []Usual
}

// Share is what one relay has of a run: the copies that came to it, and those of
// them that the upstream accepted by their own verdict, and not by a release.
type Share struct{ Copies, Delivered int64 }

// Record is a run as the ledger has it.
type Record struct {
	Key    string // random, without personal data
	Sender string // as Config.Name makes it
	Print  []byte // of its first copy
	First  time.Time
	Last   time.Time
	// All is what all relays have of it, as the ledger adds it up; Own is the share
	// of the relay that writes it, or that asks.
	All, Own Share
	Relay    string // that writes it
	// Subjects are the distinct third-party people of all copies.
	Subjects int64
	// Held is true once a copy was to be held; Policy and Answer are then those
	// of that copy, and Incident is where it is kept, "" if it is not yet.
	Held     bool
	Policy   string
	Answer   rules.Answer
	Incident string
	// Seen is Known.Holds as the relay knew it that holds the run's first copy.
	Seen int64
	// Keys is the number of the last entry of its keys, 0 for none.
	Keys int64
}

// Owner is whose keys they are: a run's, or a sender's.
type Owner struct{ Run, Sender string } // one of them is ""

// Keys are people and recipients by their keys, as one entry of the ledger. They
// are no values, but who guesses one can tell that it is there: the ledger seals
// them.
type Keys struct {
	Of      Owner
	Number  int64 // by the ledger, one after the other for each owner
	At      time.Time
	Piece   int64 // of the sender's window
	People  []rules.Key
	Readers []rules.Key // recipients of the run
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

// Batch is what is written to the ledger at once, by one relay.
type Batch struct {
	Relay      string
	Number     int64 // among its relay's, from 1: no two are written at once, and none before an earlier one
	Runs       []Record
	Moves      []Move // before the rest
	Senders    []Usual
	Keys       []Keys
	Deliveries []Delivery
	Judgements []Judgement
}

// entries is how many messages it has, 0 for nil.
func (b *Batch) entries() int {
	if b == nil {
		return 0
	}
	return len(b.Deliveries) + len(b.Judgements)
}

// Move says that a run has become part of another, and takes the relay's share there,
// where it is counted already, with deliveries and judgements. A run of which nobody
// has a share any more is gone; what a relay that has gone had of it the ledger takes
// there.
type Move struct{ From, To string }

// Usual is what a sender usually sends, as one relay has seen it.
type Usual struct {
	Sender string
	Relay  string
	At     time.Time
	Shape  []byte // numbers and formats only
	// Instead are relays whose own this one has taken over: theirs go.
	Instead []string
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
