package quarantine

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// State says what became of a held message.
type State string

// The states of a message. Held, Releasing, PartlyReleased and ReleaseFailed
// are open: somebody has still to decide. The others are final.
const (
	Held           State = "held"
	Releasing      State = "releasing"       // a release is under way
	Released       State = "released"        // every recipient has it
	PartlyReleased State = "partly_released" // some recipients have it
	ReleaseFailed  State = "release_failed"  // tried, and no recipient has it for certain
	Refused        State = "refused"         // a reviewer refused it; content kept
	Deleted        State = "deleted"         // content removed by a reviewer
	Expired        State = "expired"         // nobody decided in time; content removed
)

// Open reports whether somebody has still to decide.
func (s State) Open() bool {
	switch s {
	case Held, Releasing, PartlyReleased, ReleaseFailed:
		return true
	}
	return false
}

// RecipientState says what became of a message for one recipient.
type RecipientState string

// The states of a recipient, by the upstream's last answer.
const (
	RecipientHeld     RecipientState = "held"     // nothing was tried
	RecipientSending  RecipientState = "sending"  // within a release under way
	RecipientReleased RecipientState = "released" // accepted (2xx)
	RecipientRefused  RecipientState = "refused"  // 5xx; may be tried again
	RecipientDeferred RecipientState = "deferred" // 4xx; may be tried again
	RecipientUnknown  RecipientState = "unknown"  // sent perhaps; never tried again silently
)

// Recipient is one RCPT TO of the envelope.
type Recipient struct {
	Address string
	Params  []string // RCPT parameters as on the wire (RFC 5321, section 4.1.2)
	State   RecipientState
	Reply   string // basic and enhanced code of the upstream's last reply, as "250 2.1.5"
}

// Message is what is known of a held message. Its content is apart: see
// [Store.Content].
type Message struct {
	// ID is given by Hold: "BH-7K2M-Q9XD", random, never used twice.
	ID string
	// Incident is given by Hold: the id of the incident that gathers the run.
	// Where it is set before, the message joins that one, decided or not, if it
	// is of the same run.
	Incident string
	// IncidentKey is the caller's name for the run, without personal data; ""
	// makes each message an incident of its own.
	IncidentKey string
	State       State
	// Run is the run as the relay knows it, kept with the message; nil where
	// there is none. It is not read back.
	Run *Run

	// Sealed: the private key is not here, so From, MailParams, Client, Auth,
	// Reasons, Evidence and the addresses and parameters of Recipients are
	// missing.
	Sealed bool

	From       string   // reverse path, "" for the null one
	MailParams []string // MAIL parameters as on the wire
	Recipients []Recipient

	Action        string
	Policy        string
	PolicyVersion string
	Subjects      int // distinct third-party people
	// ByCategory counts the people by the category of what is known of them:
	// direct, indirect, sensitive. Without the private key it is missing.
	ByCategory   map[string]int64
	Records      int
	Fields       []string // field types
	Reasons      []string
	Completeness string
	// Evidence is masked evidence for reviewers, as the console reads it. It
	// never carries a plain value.
	Evidence json.RawMessage

	Size   int64  // bytes of content; given by Hold
	SHA256 string // of the content, lower-case hex; given by Hold
	Client string // address of the client
	Auth   string // authenticated user, "" if none

	// Answered is the code of the reply that the client was given; 0 is 250.
	Answered int

	// Times are in UTC, to the microsecond.
	Received time.Time // the time of Hold unless set
	// Expires is when the content goes: undecided messages are then refused.
	// Zero is never; Hold sets it by the store's retention unless it is set.
	Expires time.Time
	Kept    bool // under legal hold: it does not expire

	DecidedBy string    // who released, refused or deleted it last
	Decided   time.Time // zero: not yet
}

// check tells what of m cannot be stored. Parameters are kept separated by
// spaces, as they come, so they may not contain one; no parameter of RFC 5321
// can.
func (m *Message) check() error {
	if len(m.Recipients) == 0 {
		return fmt.Errorf("%w message: no recipients", ErrInvalid)
	}
	if len(m.Evidence) > 0 && !json.Valid(m.Evidence) {
		return fmt.Errorf("%w message: evidence is not JSON", ErrInvalid)
	}
	if !wireParams(m.MailParams) {
		return fmt.Errorf("%w message: a MAIL parameter is empty or has a space or a line end", ErrInvalid)
	}
	for i, r := range m.Recipients {
		if r.Address == "" {
			return fmt.Errorf("%w message: recipient %d is empty", ErrInvalid, i+1)
		}
		if !wireParams(r.Params) {
			return fmt.Errorf("%w message: a parameter of recipient %d is empty or has a space or a line end", ErrInvalid, i+1)
		}
	}
	return nil
}

func wireParams(params []string) bool {
	for _, p := range params {
		if p == "" || strings.ContainsAny(p, " \r\n") {
			return false
		}
	}
	return true
}

func joinParams(params []string) string { return strings.Join(params, " ") }

func splitParams(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, " ")
}

// normalise brings m into the form in which it will be read again.
func (m *Message) normalise(now time.Time, keep Retention) {
	m.State, m.Kept, m.Sealed = Held, false, false
	if m.Answered == 0 {
		m.Answered = 250
	}
	m.DecidedBy, m.Decided = "", time.Time{}
	if m.Received.IsZero() {
		m.Received = now
	}
	m.Received = fromMicros(micros(m.Received))
	if m.Expires.IsZero() {
		m.Expires = keep.expiry(m.Policy, m.State, m.Received)
	}
	m.Expires = fromMicros(micros(m.Expires))
	m.Recipients = distinct(m.Recipients)
}

// distinct keeps the first of each address: a server delivers one copy to a
// mailbox however often it is named, and a result must belong to one of them.
func distinct(in []Recipient) []Recipient {
	seen := make(map[string]bool, len(in))
	out := make([]Recipient, 0, len(in))
	for _, r := range in {
		if seen[r.Address] {
			continue
		}
		seen[r.Address] = true
		out = append(out, Recipient{Address: r.Address, Params: r.Params, State: RecipientHeld})
	}
	return out
}

// micros is how times are stored; 0 is the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
