package proxy

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/bulkhead-dlp/bulkhead/proxy/milter"
	"github.com/bulkhead-dlp/bulkhead/proxy/run"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/emersion/go-smtp"
)

// ErrFull is what a Quarantine says when it has no room for a message.
var ErrFull = errors.New("quarantine full")

// The outcomes that have a reply of their own. Everything else is a fault.
var (
	errDeadline     = errors.New("inspection took too long")
	errLoop         = errors.New("too many hops")
	errGoingDown    = errors.New("going down")
	errEightBit     = errors.New("8-bit content, and the upstream takes 7 bits only")
	errNotAllowed   = errors.New("client may not relay")
	errNotSupported = errors.New("upstream does not offer what the client asked for any more")
	errLoginLost    = errors.New("upstream connection that the client had authenticated on is lost")
	errBusy         = errors.New("no inspection was free in time")
)

// answer is an SMTP reply of our own.
func answer(code int, enhanced [3]int, text string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

// reply turns an error on the way of a message into the SMTP reply for the
// client. An error that nobody foresaw is a temporary fault: the client keeps
// the message and tries again.
func reply(err error, ref string) *smtp.SMTPError {
	var down *upstream.Error
	switch {
	case errors.Is(err, wire.ErrLineEnds), errors.Is(err, milter.ErrLineEnds):
		return answer(554, [3]int{5, 6, 0}, "A lone CR or LF or a NUL in the message: send CRLF line ends only")
	case errors.Is(err, wire.ErrTooLarge), errors.Is(err, milter.ErrTooLarge):
		return answer(552, [3]int{5, 3, 4}, "Message too big for this relay")
	case errors.Is(err, errLoop):
		return answer(554, [3]int{5, 4, 6}, "Mail loop: too many Received lines")
	case errors.Is(err, errEightBit):
		return answer(554, [3]int{5, 6, 3}, "The next server takes 7-bit content only: encode the message")
	case errors.Is(err, upstream.ErrArgument):
		return answer(553, [3]int{5, 1, 3}, "An address that cannot be sent on as it is")
	case errors.Is(err, errNotAllowed):
		return answer(530, [3]int{5, 7, 0}, "Authentication required, or a client network that is allowed to relay")
	case errors.Is(err, errNotSupported):
		// Ours had offered it, so another connection will hear what is right.
		return answer(421, [3]int{4, 3, 0}, "The next server does not offer any more what it did: connect again")
	case errors.Is(err, errLoginLost):
		return answer(421, [3]int{4, 4, 2}, "The next server has ended the login; nothing was sent. Connect again")
	case isDiskFull(err):
		return answer(452, [3]int{4, 3, 1}, "No room to take the message; nothing was sent. Try again later")
	case errors.Is(err, ErrFull):
		return answer(452, [3]int{4, 3, 1}, "No room to keep the message for review; nothing was sent. Try again later")
	case errors.Is(err, errGoingDown):
		return answer(421, [3]int{4, 3, 2}, "Going down; nothing was sent. Try again later")
	case errors.As(err, &down):
		if down.Unknown {
			return answer(451, [3]int{4, 4, 1}, fmt.Sprintf("The next server gave no reply after the message (ref %s)", ref))
		}
		return answer(451, [3]int{4, 4, 1}, fmt.Sprintf("The next server cannot be reached; nothing was sent. Try again later (ref %s)", ref))
	case errors.Is(err, errBusy):
		return answer(451, [3]int{4, 3, 0}, fmt.Sprintf("Too busy to inspect; nothing was sent. Try again later (ref %s)", ref))
	case errors.Is(err, errDeadline), errors.Is(err, context.DeadlineExceeded):
		return answer(451, [3]int{4, 3, 0}, fmt.Sprintf("Could not be inspected in time; nothing was sent. Try again later (ref %s)", ref))
	}
	return answer(451, [3]int{4, 3, 0}, fmt.Sprintf("Could not be inspected; nothing was sent. Try again later (ref %s)", ref))
}

// isDiskFull reports whether a volume of ours has no room.
func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// tag is the value of the field that a tagged message has.
func tag(v *rules.Verdict) string {
	return fmt.Sprintf("policy=%s; people=%d", v.Policy, v.Exposure.Subjects)
}

// heldReply tells a client that its message is held.
func heldReply(m *message) string {
	v, id := &m.verdict, m.kept.ID
	switch {
	case v.Answer != rules.Refuse:
		return fmt.Sprintf("250 2.0.0 Held for review as %s; not delivered yet\r\n", id)
	case m.stopped:
		return fmt.Sprintf("550-5.7.1 Not sent: a copy of this mailing is held (%s)\r\n"+
			"550-5.7.1 This copy is kept for review, too. Do not resend.\r\n"+
			"550 5.7.1 Data-loss policy %q (%s)\r\n", m.kept.Incident, v.Policy, id)
	}
	return fmt.Sprintf("550-5.7.1 Not sent: carries records of about %d other people (%s)\r\n"+
		"550-5.7.1 A copy is kept for review. Do not resend.\r\n"+
		"550 5.7.1 Data-loss policy %q (%s)\r\n", v.Exposure.Subjects, id, v.Policy, id)
}

// pausedReply tells a client that nothing is kept of a copy whose run is held:
// to try again later, or, once a person has decided against it, not to.
func pausedReply(b *run.Brake) string {
	if b.Decision.State == run.Refused {
		return fmt.Sprintf("550 5.7.1 Not sent, no copy kept: this mailing was refused on review, incident %s\r\n", b.Incident)
	}
	if b.Incident == "" {
		return "451 4.3.0 Run paused: a copy of this mailing is being held; nothing was sent or kept. Try again later\r\n"
	}
	return fmt.Sprintf("451 4.3.0 Run paused, incident %s: a copy of this mailing is held; nothing was sent or kept. Try again later\r\n", b.Incident)
}

// rejectedReply tells a client that its message was refused.
func rejectedReply(v *rules.Verdict) string {
	return fmt.Sprintf("550-5.7.1 Not sent, no copy kept: carries records of about %d other people\r\n"+
		"550 5.7.1 Data-loss policy %q: remove the list, or send it only to its own people\r\n", v.Exposure.Subjects, v.Policy)
}
