package proxy

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/emersion/go-smtp"
)

// A session is the front of a client that relays: its transaction is open with
// the upstream, and the upstream's reply is its own.
var _ front = (*session)(nil)

// submission is what the client has told by the time of its message.
func (ss *session) submission() submission {
	from := submission{
		envelope: ss.tx.envelope, mailParams: ss.tx.mailParams, rcptParams: ss.tx.rcptParams, client: ss.from(),
		helo: ss.helo, name: ss.wire.Client().Name, tls: ss.wire.TLS() != nil, utf8: ss.tx.utf8,
	}
	if f := ss.tx.forwarded; f != nil {
		from.via, from.ident = ss.client(), f.Ident
	}
	return from
}

// takes implements front.
func (ss *session) takes(m *message) error {
	if ss.conn == nil {
		return errors.New("upstream transaction is gone")
	}
	if !ss.conn.Extensions().Has("8BITMIME") {
		return sevenBit(m.spool, m.spool.size)
	}
	return nil
}

// watch implements front.
func (ss *session) watch() (context.Context, func()) { return ss.wire.Watch(ss.wire.Context()) }

// pass implements front: the message goes on byte for byte below our own lines.
func (ss *session) pass(ctx context.Context, m *message) (bool, error) {
	head := ss.server.trace(m)
	if m.verdict.Action == rules.Tag {
		head += "X-Bulkhead-Tag: " + tag(&m.verdict) + "\r\n"
	}
	send := func() ([]upstream.Reply, error) {
		return ss.conn.Data(ctx, m.content(head), int64(len(head))+m.spool.size)
	}
	replies, err := send()
	if hungUp(replies, err) && ctx.Err() == nil {
		if err = ss.announceAgain(ctx, m.spool); err == nil {
			replies, err = send()
		}
	}
	ss.tx.open = false
	if err != nil {
		ss.dropUpstream()
		return false, err
	}
	m.reply = worst(replies)
	return m.reply.OK(), nil
}

// giveUp implements front: the upstream is told that nothing comes.
func (ss *session) giveUp() {
	if ss.conn == nil || !ss.tx.open {
		return
	}
	ss.tx.open = false
	if err := ss.conn.Reset(ss.wire.Context()); err != nil {
		ss.dropUpstream()
	}
}

// say implements front: it sets a reply of ours and returns the error by which
// go-smtp gives it.
func (ss *session) say(text string) error {
	ss.wire.Say(text)
	code, err := strconv.Atoi(text[:3])
	switch {
	case err != nil:
		return fmt.Errorf("a reply of ours has no code: %w", err)
	case code < 300:
		return nil
	}
	return answer(code, smtp.EnhancedCodeNotSet, "")
}

// relay implements front: the upstream's reply goes to the client word for word.
func (ss *session) relay(r upstream.Reply) error {
	ss.wire.Say(r.String())
	if r.OK() {
		return nil
	}
	return answer(r.Code, smtp.EnhancedCodeNotSet, "")
}
