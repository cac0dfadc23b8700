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

// withTeller lets a command tell people, and sends what it posted.
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
		return fmt.Errorf("the decision is made, but not told: %w", err)
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

// decisionOn is a decision about one message.
type decisionOn struct {
	kind   notify.Kind
	id, by string
	failed int // recipients who do not have it
}

// tell tells of the decision.
func (d decisionOn) tell(ctx context.Context, p program, cfg *configs.Config, store *quarantine.Store) error {
	m, err := store.Get(ctx, d.id)
	if err != nil {
		return err
	}
	messages := []quarantine.Message{m}
	e := event(d.kind, messages)
	e.By, e.Failed, e.Expires = d.by, d.failed, time.Time{}
	return withTeller(ctx, p, cfg, store, func(t teller) error { return t.decided(ctx, e, messages) })
}
