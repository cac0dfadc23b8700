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

// refuseAlone refuses one message, and tells of it. The non-delivery notice is
// posted with the refusal, so that a crash between them does not lose it.
func refuseAlone(ctx context.Context, p program, cfg *configs.Config, store *quarantine.Store, d decision) error {
	m, err := store.Get(ctx, d.ID)
	if err != nil {
		return err
	}
	e := event(notify.Refused, []quarantine.Message{m})
	e.By, e.Expires = d.by(), time.Time{}
	e.Once = e.Message + " " + e.At.UTC().Format(time.RFC3339Nano)
	var refused error
	err = withTeller(ctx, p, cfg, store, func(t teller) error {
		key, channel, payload, err := t.notices.Promise(e, senderOf(&m), []string{m.ID})
		if err != nil {
			return err
		}
		var notices []quarantine.Posting
		if key != "" {
			notices = append(notices, quarantine.Posting{Key: key, Channel: channel, Payload: payload})
		}
		if refused = store.Refuse(ctx, m.ID, d.by(), d.Reason, notices...); refused != nil {
			return nil // told by itself
		}
		return t.decided(ctx, e, []quarantine.Message{m})
	})
	if refused != nil {
		return refused
	}
	return err
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
