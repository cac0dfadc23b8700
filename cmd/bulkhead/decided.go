package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
)

// tellTime bounds how long a command waits for notices to go out. What has not
// gone by then is sent by the relay.
const tellTime = 20 * time.Second

// withTeller lets a command decide and tell people, and sends what it posted.
func withTeller(ctx context.Context, p program, cfg *configs.Config, store *quarantine.Store, do func(teller) error) error {
	log := slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	var to review.Sender
	if cfg.Upstream.URL != "" {
		server, err := newUpstream(cfg)
		if err != nil {
			return err
		}
		defer server.Close() //nolint:errcheck // idle connections only
		to = server
	}
	n, err := newNotifier(cfg, store, to, nil, log)
	if err != nil {
		return err
	}
	if err := do(teller{store: store, notices: n, log: log}); err != nil {
		return err
	}
	if to == nil {
		return nil // the relay sends it
	}
	ctx, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	if err := n.Flush(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// decisionOn is a decision about one message, and what tells of it. Both are
// committed together, so that a crash between them loses nothing.
type decisionOn struct {
	kind    notify.Kind
	message quarantine.Message
	by      string
	tried   int             // recipients of a release
	failed  int             // of them, those who do not have it
	notices []notify.Notice // that postings made
}

// released notes what became of a release.
func (d *decisionOn) released(results []quarantine.RecipientResult) {
	d.kind, d.tried = notify.Released, len(results)
	for _, r := range results {
		if r.State != quarantine.RecipientReleased {
			d.kind = notify.ReleaseFailed
			d.failed++
		}
	}
}

// postings makes what tells of the decision, reviewers and who sent the message.
func (d *decisionOn) postings(t teller) ([]quarantine.Posting, error) {
	e := event(d.kind, []quarantine.Message{d.message})
	e.By, e.Failed, e.Expires = d.by, d.failed, time.Time{}
	e.Once = e.Message + " " + e.At.UTC().Format(time.RFC3339Nano)
	var undelivered []string
	if d.kind == notify.Refused {
		undelivered = []string{d.message.ID}
	}
	var err error
	if d.notices, err = t.notices.Notices(e, senderOf(&d.message), undelivered); err != nil {
		return nil, fmt.Errorf("notices of message %s: %w", d.message.ID, err)
	}
	postings := make([]quarantine.Posting, len(d.notices))
	for i, n := range d.notices {
		postings[i] = quarantine.Posting{Key: n.Key, Channel: n.Channel, Payload: n.Payload}
	}
	return postings, nil
}

// refuseAlone refuses one message, and tells of it.
func refuseAlone(ctx context.Context, p program, cfg *configs.Config, store *quarantine.Store, d decision) error {
	m, err := store.Get(ctx, d.ID)
	if err != nil {
		return err
	}
	on := decisionOn{kind: notify.Refused, message: m, by: d.by()}
	return withTeller(ctx, p, cfg, store, func(t teller) error {
		postings, err := on.postings(t)
		if err != nil {
			return err
		}
		if err := store.Refuse(ctx, m.ID, d.by(), d.Reason, postings...); err != nil {
			return err
		}
		t.notices.Posted(on.notices)
		return nil
	})
}
