package upstream

import (
	"context"
	"errors"
	"io"
)

// Envelope is the envelope of a whole transaction. Paths and parameters are
// those of [Conn].
type Envelope struct {
	From       string
	MailParams []string
	Recipients []Recipient
}

// Recipient is one RCPT.
type Recipient struct {
	Path   string
	Params []string
}

// Outcome is how a transaction ended for one recipient.
type Outcome string

// The outcomes.
const (
	Accepted Outcome = "accepted" // the upstream has taken the message over
	Deferred Outcome = "deferred" // not delivered, may be tried again
	Refused  Outcome = "refused"  // not delivered, and will not be
	Unknown  Outcome = "unknown"  // may have been delivered, see Error.Unknown
)

// Result is the outcome for one recipient, in the order of the envelope.
type Result struct {
	Path    string
	Outcome Outcome
	// Reply is the upstream's answer that decided it, or zero where there was
	// none; then the error of Send says why.
	Reply Reply
}

// Send does a whole transaction: the content, size octets exactly, to all
// recipients. MAIL and RCPT go out together where the upstream does
// pipelining (RFC 2920). There is a Result for every recipient, also with an
// error. It is an [*Error] that explains the results without a reply.
func (s *Server) Send(ctx context.Context, envelope Envelope, content io.Reader, size int64) ([]Result, error) {
	results := make([]Result, len(envelope.Recipients))
	for i, recipient := range envelope.Recipients {
		results[i] = Result{Path: recipient.Path, Outcome: Deferred}
	}
	c, err := s.Dial(ctx)
	if err != nil {
		return results, err
	}
	defer func() { _ = c.Close() }() // the outcome is known by then
	accepted, err := announce(ctx, c, envelope, results)
	if err != nil || len(accepted) == 0 {
		return results, err
	}
	replies, err := c.Data(ctx, content, size)
	var failure *Error
	unknown := errors.As(err, &failure) && failure.Unknown
	for i, result := range accepted {
		switch {
		case s.target.lmtp() && i < len(replies):
			result.decide(replies[i])
		case !s.target.lmtp() && len(replies) > 0:
			result.decide(replies[0])
		case unknown:
			result.Outcome, result.Reply = Unknown, Reply{}
		default:
			result.Outcome, result.Reply = Deferred, Reply{}
		}
	}
	return results, err
}

// decide makes the reply the end for the recipient.
func (r *Result) decide(reply Reply) {
	r.Reply = reply
	switch reply.Code / 100 {
	case 2:
		r.Outcome = Accepted
	case 5:
		r.Outcome = Refused
	default:
		r.Outcome = Deferred
	}
}

// announce does MAIL and the RCPTs, decides the results of those refused, and
// gives the others.
func announce(ctx context.Context, c Conn, envelope Envelope, results []Result) ([]*Result, error) {
	replies, err := envelopeReplies(ctx, c, envelope)
	if len(replies) > 0 && !replies[0].OK() {
		for i := range results {
			results[i].decide(replies[0])
		}
		return nil, err
	}
	var accepted []*Result
	for i := 1; i < len(replies); i++ {
		result := &results[i-1]
		if replies[i].OK() {
			accepted = append(accepted, result)
		} else {
			result.decide(replies[i])
		}
	}
	return accepted, err
}

// envelopeReplies gives the answers to MAIL and to each RCPT. There are fewer
// if MAIL is refused, and with an error.
func envelopeReplies(ctx context.Context, c Conn, envelope Envelope) ([]Reply, error) {
	if pipelined, ok := c.(*conn); ok && pipelined.link.extensions.Has("PIPELINING") {
		return pipelined.pipeline(ctx, envelope)
	}
	reply, err := c.Mail(ctx, envelope.From, envelope.MailParams)
	if err != nil {
		return nil, err
	}
	replies := []Reply{reply}
	if !reply.OK() {
		return replies, nil
	}
	for _, recipient := range envelope.Recipients {
		reply, err := c.Rcpt(ctx, recipient.Path, recipient.Params)
		if err != nil {
			return replies, err
		}
		replies = append(replies, reply)
	}
	return replies, nil
}
