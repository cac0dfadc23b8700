package proxy

import (
	"net/netip"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
)

// Judged is what became of a message, for other programs to be told of. It has
// addresses, which are not for everybody, and nothing of the content.
type Judged struct {
	Ref      string // names the message in the log
	Queue    string // and Queue at the mail server that asked about it, "" for one that came by SMTP
	At       time.Time
	Took     time.Duration // since the first byte
	Client   netip.Addr
	Envelope rules.Envelope
	Bytes    int64
	// Action is that of the verdict; "defer" where the message is to come again
	// since its run is held; or "fault".
	Action string
	// Verdict is nil where there is none.
	Verdict *rules.Verdict
	// Upstream is what the upstream answered: accepted, deferred, refused,
	// unknown or unreachable; "" if it was not asked.
	Upstream string
	Run      string // "" where it came to none
	Stopped  bool   // its run is held
	// Unknown says that it went on though it was not known whether its run is held.
	Unknown bool
	Kept    Kept // empty unless it is held
	// Stage and Reason say where and why it failed, in the words of the metric,
	// and Code what the client was told then; empty and 0 if it did not.
	Stage, Reason string
	Code          int
}

// told is what others may know of a message at its end.
func (m *message) told(action string, now time.Time) *Judged {
	j := &Judged{
		Ref: m.ref, Queue: m.from.queue, At: now, Took: now.Sub(m.began), Client: m.from.client, Envelope: m.from.envelope, Bytes: m.spool.size,
		Action: action, Upstream: upstreamResult(m.reply, m.err), Stopped: m.stopped, Kept: m.kept,
		Unknown: m.unknown != nil && m.failed == "",
	}
	if m.judged {
		j.Verdict = &m.verdict
	}
	if m.deferred && m.failed == "" {
		j.Action = "defer"
	}
	if m.run != nil {
		j.Run = m.run.Run()
	}
	if m.failed != "" {
		j.Stage, j.Reason, j.Code = m.failed, faultReason(m.err), m.code
	}
	return j
}
