package notify

import (
	"context"
	"fmt"
	"time"
)

// digests posts the digest of the interval that has ended, once, if something
// changed in it.
func (n *Notifier) digests(ctx context.Context) error {
	if n.cfg.Digest == 0 || len(n.cfg.Mail.To) == 0 && len(n.cfg.Webhooks) == 0 {
		return nil
	}
	end := n.cfg.Now().Truncate(n.cfg.Digest)
	n.mu.Lock()
	last := n.lastDigest
	n.mu.Unlock()
	if !end.After(last) {
		return nil
	}
	d, err := n.cfg.Summary(ctx, end.Add(-n.cfg.Digest))
	if err != nil {
		return err
	}
	d.Since, d.Until = end.Add(-n.cfg.Digest), end
	if len(d.Incidents) > 0 {
		if err := n.postDigest(ctx, d); err != nil {
			return fmt.Errorf("posting: %w", err)
		}
		n.poke()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lastDigest = end
	clear(n.opened)
	return nil
}

func (n *Notifier) postDigest(ctx context.Context, d Digest) error {
	// The key has the interval's end, so that a restart posts none again.
	key := string(digestKind) + "/" + d.Until.UTC().Format(time.RFC3339)
	v := n.view(&Event{Kind: digestKind, At: d.Until})
	v.Digest = d
	if len(n.cfg.Mail.To) > 0 {
		notices, err := n.mail("digest", key, v)
		if err != nil {
			return err
		}
		if _, err := n.post(ctx, notices...); err != nil {
			return err
		}
	}
	for _, w := range n.cfg.Webhooks {
		notices, err := n.toWebhook(w, key, v)
		if err != nil {
			return err
		}
		if _, err := n.post(ctx, notices...); err != nil {
			return err
		}
	}
	return nil
}
