package upstream

import "context"

// groupSize is how many commands are sent before their answers are read. It
// keeps a group and its answers within the socket buffers of both sides, so
// that neither waits for the other to read (RFC 2920 section 3.1).
const groupSize = 50

// pipeline sends MAIL and the RCPTs in groups. It is envelopeReplies for a
// server that offers PIPELINING. DATA is not in a group: a server that
// refused every recipient could still answer it with 354.
func (c *conn) pipeline(ctx context.Context, envelope Envelope) ([]Reply, error) {
	lines, err := envelopeLines(envelope)
	if err != nil {
		return nil, err
	}
	var replies []Reply
	for len(lines) > 0 {
		group := lines[:min(groupSize, len(lines))]
		lines = lines[len(group):]
		answers, err := c.exchangeGroup(ctx, len(replies) == 0, group)
		if len(replies) == 0 && len(answers) > 0 {
			c.mailed(answers[0], envelope.MailParams)
		}
		replies = append(replies, answers...)
		if err == nil {
			err = c.link.conclude(answers...)
		}
		if err != nil {
			return replies, failed(stageAfter(replies), err)
		}
		if !replies[0].OK() {
			return replies[:1], nil
		}
	}
	for _, reply := range replies[1:] {
		if reply.OK() {
			c.accepted++
		}
	}
	return replies, nil
}

// exchangeGroup sends one group; the first one begins the transaction.
func (c *conn) exchangeGroup(ctx context.Context, first bool, group []string) ([]Reply, error) {
	if first {
		return c.begin(ctx, group...)
	}
	return c.link.exchange(ctx, c.server.config.Timeouts.Command, group...)
}

// stageAfter names the command that the missing answer belongs to.
func stageAfter(replies []Reply) Stage {
	if len(replies) == 0 {
		return StageMail
	}
	return StageRcpt
}

// envelopeLines builds all command lines, before any is written.
func envelopeLines(envelope Envelope) ([]string, error) {
	line, err := envelopeLine("MAIL FROM", envelope.From, envelope.MailParams)
	if err != nil {
		return nil, &Error{Stage: StageMail, Err: err}
	}
	lines := append(make([]string, 0, 1+len(envelope.Recipients)), line)
	for _, recipient := range envelope.Recipients {
		line, err := envelopeLine("RCPT TO", recipient.Path, recipient.Params)
		if err != nil {
			return nil, &Error{Stage: StageRcpt, Err: err}
		}
		lines = append(lines, line)
	}
	return lines, nil
}
