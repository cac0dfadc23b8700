package notify

import (
	"context"
	"encoding/json"
)

// Notice is what is posted, and sent later.
type Notice struct {
	// Key names it: one with a known key is not posted again. It names nobody.
	Key     string
	Channel string // one of Channels
	Payload []byte // may name people

	later bool // what it takes to send it is read then, by who has the private key
}

// payload is a notice as it is posted. One of the three is set.
type payload struct {
	Letter *letter       `json:"letter,omitempty"`
	Call   *call         `json:"call,omitempty"`
	Return *laterReturns `json:"return,omitempty"`
}

// letter is a whole mail.
type letter struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Content []byte `json:"content"`
}

// call is a webhook's body. The rest is looked up in the configuration when it
// is sent, so that a secret is never stored.
type call struct {
	Hook string `json:"hook"` // Webhook.name
	Kind Kind   `json:"kind"`
	Body []byte `json:"body"`
}

func newNotice(key, channel string, p payload) (Notice, error) {
	packed, err := json.Marshal(p)
	return Notice{Key: channel + "/" + key, Channel: channel, Payload: packed, later: p.Return != nil}, err
}

// Notices gives what tells of a person's decision, so that it can be posted in one
// transaction with it: [Notifier.Posted] is called when it was. undelivered are the
// ids of messages that the decision refuses, for their non-delivery notice; who is
// nil where the sender cannot be read here.
func (n *Notifier) Notices(e Event, who *Sender, undelivered []string) ([]Notice, error) {
	var all []Notice
	for _, c := range n.channels(&e, who) {
		notices, err := c.notices()
		if err != nil {
			return nil, err
		}
		all = append(all, notices...)
	}
	if len(undelivered) == 0 || !n.cfg.Senders.Returned || who != nil && !n.cfg.Senders.eligible(*who) {
		return all, nil
	}
	notice, err := newNotice(returnedKey(&e), channelSender, payload{Return: &laterReturns{e, undelivered}})
	return append(all, notice), err
}

// Posted says that notices are in the outbox, so that they are sent from here.
func (n *Notifier) Posted(all []Notice) {
	for _, notice := range all {
		n.remember(notice)
	}
	n.poke()
}

// post puts notices into the outbox, each once for its key, and reports whether
// one of them was not there before.
func (n *Notifier) post(ctx context.Context, all ...Notice) (fresh bool, err error) {
	for _, notice := range all {
		one, err := n.cfg.Outbox.Post(ctx, notice.Key, notice.Channel, notice.Payload)
		if err != nil {
			return fresh, err
		}
		if one {
			n.remember(notice)
			fresh = true
		}
	}
	return fresh, nil
}

// remember keeps what was posted readable here.
func (n *Notifier) remember(notice Notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !notice.later && n.plain[notice.Key] == nil && n.plainBytes+len(notice.Payload) <= maxPlain {
		n.plain[notice.Key] = notice.Payload
		n.plainBytes += len(notice.Payload)
	}
}
