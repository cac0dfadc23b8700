package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// teller tells people what becomes of held mail, and the log.
type teller struct {
	store   *quarantine.Store
	notices *notify.Notifier
	log     *slog.Logger
}

// held tells that a message was held. It has been acknowledged, so that an
// error is for the log only: at the next start it is told after all.
func (t teller) held(ctx context.Context, m *quarantine.Message, x *proxy.Held) {
	e := event(notify.Opened, []quarantine.Message{*m})
	e.InText = x.Verdict.Exposure.BodyIsTable
	if m.Run != nil {
		e.Left, e.LeftUnknown = int(m.Run.Delivered), false
		e.Subjects = max(e.Subjects, m.Run.Subjects)
	}
	if x.Incident != "" {
		// A further copy: the incident has been told of. That its run is
		// stopped is told once, to those who want to hear of it.
		e.Kind = notify.Braked
	}
	who := senderOf(m)
	if e.Kind == notify.Braked {
		who = nil
	}
	if err := t.notices.Tell(ctx, e, who); err != nil {
		t.log.Error("telling of a held message", "incident", m.Incident, "error", err)
	}
}

// catchUp tells of open incidents that a crash may have kept from being told.
// Those that were told are left out by their keys.
func (t teller) catchUp(ctx context.Context) error {
	page, _, err := t.store.Incidents(ctx, quarantine.IncidentQuery{State: quarantine.IncidentOpen, Limit: 20})
	if err != nil {
		return err
	}
	for _, i := range page {
		messages, _, err := t.store.List(ctx, quarantine.Query{Incident: i.ID, Limit: 1})
		if err != nil || len(messages) == 0 {
			return err
		}
		if err := t.notices.Tell(ctx, event(notify.Opened, messages), senderOf(&messages[0])); err != nil {
			return err
		}
	}
	return nil
}

// Notify implements quarantine.Notifier.
func (t teller) Notify(ctx context.Context, n quarantine.Notice) error {
	what, kind := "held messages expire soon: they will be refused", notify.Expiring
	if n.Kind == quarantine.Expiration {
		what, kind = "held messages expired: nobody decided, they are refused", notify.Expired
	}
	t.log.Warn(what, "incident", n.Incident, "messages", len(n.Messages), "at", n.At)
	messages, err := t.due(ctx, n)
	if err != nil {
		return err
	}
	e := event(kind, messages)
	e.Expires = n.At
	// Two warnings of one incident differ in how long is left. A run that came
	// over days expires over days, and is warned of once a day. What expired is
	// told with all that has by now, and so once for it.
	e.Once = fmt.Sprintf("%s %d", n.At.UTC().Format(time.DateOnly), (n.At.Sub(n.Now)+12*time.Hour)/(24*time.Hour))
	if kind == notify.Expired {
		last := slices.MaxFunc(messages, func(a, b quarantine.Message) int { return a.Expires.Compare(b.Expires) })
		e.Once = last.Expires.UTC().Format(time.RFC3339Nano)
	}
	if err := t.notices.Tell(ctx, e, nil); err != nil {
		return err
	}
	if kind == notify.Expired {
		return returned(ctx, t.notices, t.store, e, messages)
	}
	return nil
}

// due gives all the messages of a notice's incident that are due with it, since
// a notice has some of them only: those that have expired, and no others, since
// a reviewer may still release them, or those that expire within a day.
func (t teller) due(ctx context.Context, n quarantine.Notice) ([]quarantine.Message, error) {
	var all []quarantine.Message
	until := n.Now
	if n.Kind == quarantine.Expiring {
		until = n.At.Add(24 * time.Hour)
	}
	q := quarantine.Query{Incident: n.Incident, States: []quarantine.State{quarantine.Held, quarantine.PartlyReleased, quarantine.ReleaseFailed}}
	err := eachMessage(ctx, t.store, q, func(m *quarantine.Message) error {
		if !m.Kept && !m.Expires.IsZero() && !m.Expires.After(until) {
			light := *m
			light.Evidence = nil
			all = append(all, light)
		}
		return nil
	})
	if err == nil && len(all) == 0 {
		all = n.Messages
	}
	return all, err
}

// decided tells of a decision about a whole incident, by a person.
func (t teller) decided(ctx context.Context, e notify.Event, messages []quarantine.Message) error {
	if err := t.notices.Tell(ctx, e, senderOf(&messages[0])); err != nil {
		return err
	}
	if e.Kind == notify.Refused {
		return returned(ctx, t.notices, t.store, e, messages)
	}
	return nil
}
