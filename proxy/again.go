package proxy

import (
	"context"
	"errors"
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
)

// hungUp reports whether the upstream ended the connection before it had
// anything of the content. Servers wait about five minutes for a command; a
// large message over a slow line takes longer, and would never get through.
func hungUp(replies []upstream.Reply, err error) bool {
	var lost *upstream.Error
	if errors.As(err, &lost) {
		return lost.Unsent
	}
	return err == nil && len(replies) == 1 && replies[0].Code == 421
}

// announceAgain puts the envelope to a new upstream connection, in place of one
// that was lost. All of it must be accepted again, since the client has the
// answers already.
func (ss *session) announceAgain(ctx context.Context, content *spool) error {
	ss.dropUpstream()
	conn, err := ss.upstream()
	if err != nil {
		return err
	}
	if err := offersAll(conn.Extensions(), ss.tx.mailParams); err != nil {
		return err
	}
	if !conn.Extensions().Has("8BITMIME") {
		if err := sevenBit(content, content.size); err != nil {
			return err
		}
	}
	ss.forward(conn, ss.tx.forwarded)
	r, err := conn.Mail(ctx, ss.tx.envelope.From, withRoom(ss.tx.mailParams))
	if err := agreed(r, err); err != nil {
		return err
	}
	for i, to := range ss.tx.envelope.Recipients {
		r, err := conn.Rcpt(ctx, to, ss.tx.rcptParams[i])
		if err := agreed(r, err); err != nil {
			return err
		}
	}
	return nil
}

// agreed reports an error unless the upstream has said yes once more.
func agreed(r upstream.Reply, err error) error {
	if err == nil && !r.OK() {
		return &upstream.Error{Stage: upstream.StageMail, Reply: r,
			Err: fmt.Errorf("refused with %d %s what it had accepted before", r.Code, r.Enhanced())}
	}
	return err
}

// worst returns the reply that promises least, so that one recipient's success
// never hides another's refusal.
func worst(replies []upstream.Reply) upstream.Reply {
	var least upstream.Reply
	for _, r := range replies {
		if r.Code > least.Code {
			least = r
		}
	}
	return least
}
