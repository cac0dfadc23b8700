package proxy

import (
	"context"
	"net/netip"

	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// front is the side that a message comes in by, and that its outcome is carried
// out on. deliver is the same for all of them, and knows no other difference.
// The error of say and relay is what deliver returns: the answer in the terms of
// the front's own protocol.
type front interface {
	// takes reports an error if a message that was received whole cannot go on
	// from here as it is. What was not known of it before is noted in m.
	takes(m *message) error
	// watch returns a context that ends when whoever waits for the reply has gone.
	watch() (ctx context.Context, stop func())
	// pass has the message go on, tagged if its verdict says so, and reports
	// whether it was taken. An upstream's reply is noted in m. With an error
	// nothing may be taken for sent.
	pass(ctx context.Context, m *message) (taken bool, err error)
	// giveUp ends what was begun for the message: nothing of it is sent. It may be
	// called twice.
	giveUp()
	// say answers with a reply of ours: whole lines with their CRLF.
	say(text string) error
	// relay answers as who took the message did, or did not: r is what pass noted.
	relay(r upstream.Reply) error
}

// submission is who brought a message, and whom it goes to.
type submission struct {
	envelope   rules.Envelope
	mailParams []string   // as they are put to the upstream
	rcptParams [][]string // one list for each recipient
	client     netip.Addr // the zero Addr where it is not known
	via        netip.Addr // who brought it for the client, the zero Addr if itself
	ident      string     // the latter's own id of the message, "" if it is not told
	helo, name string     // what who brought it calls itself, and is called
	tls, utf8  bool
	queue      string // a mail server's own name for the message, "" where there is none
}
