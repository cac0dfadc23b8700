package events

import (
	"fmt"
	"net/netip"
	"time"
)

// Verdict is what became of a message.
type Verdict struct {
	At   time.Time // of the reply
	Took time.Duration
	// Ref names the message in the log. Message and Incident name what was kept
	// of it, "" for nothing.
	Ref, Message, Incident, Run string
	// Queue is the name of the message at a mail server that asked about it, "" for
	// one that came by SMTP.
	Queue string

	Client     netip.Addr
	User       string // who had authenticated
	From       string
	Recipients []string

	Action   string // pass, tag, hold, reject, defer or fault
	Upstream string // what the upstream answered, "" if it was not asked
	Stopped  bool   // because its run is held
	Unknown  bool   // it passed though it was not known whether its run is held

	Policy, PolicyVersion, RuleSet string
	Completeness                   string
	Fields                         []string // names of field types
	Subjects, Records, Bytes       int64
	External                       int64 // recipients outside the own domains

	// Stage and Reason say where and why there is no verdict, and Code what the
	// client was told then.
	Stage, Reason string
	Code          int
}

// ofVerdict is what the schema has no names for.
type ofVerdict struct {
	Ref          string   `json:"ref"`
	Queue        string   `json:"queue,omitempty"`
	Action       string   `json:"action"`
	Upstream     string   `json:"upstream,omitempty"`
	Incident     string   `json:"incident,omitempty"`
	Run          string   `json:"run,omitempty"`
	Stopped      bool     `json:"stopped,omitempty"`
	Unknown      bool     `json:"run_unknown,omitempty"`
	FromHash     []string `json:"from_hash,omitempty"`
	ToHash       []string `json:"to_hash,omitempty"`
	Recipients   int      `json:"recipients"`
	External     int64    `json:"external_recipients"`
	Subjects     int64    `json:"subjects"`
	Records      int64    `json:"records"`
	Fields       []string `json:"fields"`
	Completeness string   `json:"completeness,omitempty"`
	Bytes        int64    `json:"bytes"`
	Stage        string   `json:"stage,omitempty"`
	Code         int      `json:"code,omitempty"`
}

// Verdict makes the event of a verdict.
func (w *Writer) Verdict(v *Verdict) (Told, error) {
	d := w.new(v.At, "verdict", "message-"+v.Action, v.Ref, v.text())
	d.Event.Duration = v.Took.Nanoseconds()
	severity := Info
	switch {
	case v.Action == "fault":
		d.Event.Outcome, d.Event.Reason, severity = "failure", v.Reason, Warning
	case v.Action == "hold" || v.Action == "reject" || v.Action == "defer":
		d.Event.Kind, severity = "alert", Warning
	case v.Upstream == "refused" || v.Upstream == "deferred":
		d.Event.Outcome = "failure"
	case v.Unknown:
		severity = Warning
	case v.Action == "tag":
		severity = Notice
	}
	if v.Client.IsValid() {
		d.Source = &source{v.Client.String()}
	}
	d.User = w.Names.user(v.User)
	d.Email = &email{LocalID: v.Message, From: w.Names.plain(v.From), To: w.Names.plain(v.Recipients...)}
	if v.Message == "" {
		d.Email.LocalID = v.Ref
	}
	if v.Policy != "" {
		d.Rule = &rule{v.Policy, v.PolicyVersion, v.RuleSet}
	}
	own := ofVerdict{Ref: v.Ref, Queue: v.Queue, Action: v.Action, Upstream: v.Upstream, Incident: v.Incident, Run: v.Run, Stopped: v.Stopped, Unknown: v.Unknown,
		FromHash: w.Names.hashed(v.From), ToHash: w.Names.hashed(v.Recipients...), Recipients: len(v.Recipients), External: v.External,
		Subjects: v.Subjects, Records: v.Records, Fields: v.Fields, Completeness: v.Completeness, Bytes: v.Bytes, Stage: v.Stage, Code: v.Code}
	if own.Fields == nil {
		own.Fields = []string{}
	}
	d.Bulkhead = own
	return d.told("verdict", severity)
}

// text says it for people.
func (v *Verdict) text() string {
	if v.Action == "fault" {
		return fmt.Sprintf("fault: not judged or not passed on, at %s (%s)", v.Stage, v.Reason)
	}
	what := v.Action
	if v.Stopped {
		what += ": its run is held"
	}
	if v.Unknown {
		what += ", whatever is known of its run, since the ledger is away"
	}
	if v.Subjects == 0 {
		return what + ": no records of third parties"
	}
	return fmt.Sprintf("%s: records of %d third-party people", what, v.Subjects)
}
