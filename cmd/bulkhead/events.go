package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/proxy/events"
	"github.com/bulkhead-dlp/bulkhead/proxy/index"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// eventLine is what tells other programs of verdicts and decisions; nil where
// none is to be told.
type eventLine struct {
	sender *events.Sender
	writer events.Writer
	log    *slog.Logger
	cursor string // the file that keeps how far the audit trail was told
}

// newEvents makes the targets of a configuration.
func newEvents(cfg *configs.Config, m *metrics.Metrics, log *slog.Logger) (*eventLine, error) {
	c := cfg.Events
	var targets []events.Target
	if c.File != "" {
		targets = append(targets, events.NewFile(c.File))
	}
	if c.Syslog.URL != "" {
		roots, err := readRoots("events.syslog.ca", c.Syslog.CA)
		if err != nil {
			return nil, err
		}
		syslog, err := events.NewSyslog(c.Syslog.URL, hostname(cfg), roots)
		if err != nil {
			return nil, fmt.Errorf("events: %w", err)
		}
		targets = append(targets, syslog)
	}
	if c.Webhook.URL != "" {
		targets = append(targets, events.NewWebhook(string(c.Webhook.URL), string(c.Webhook.Secret)))
	}
	if len(targets) == 0 {
		return nil, nil
	}
	count := func(target, result string, n int) { m.Events.WithLabelValues(target, result).Add(float64(n)) }
	return &eventLine{
		sender: events.New(events.Config{Targets: targets, Queue: c.Queue, Count: count, Log: log}),
		writer: events.Writer{Host: hostname(cfg), Version: version,
			Names: events.Names{Form: events.Form(c.Addresses), Key: []byte(c.HashKey)}},
		log: log, cursor: filepath.Join(cfg.DataDir, "events.seq"),
	}, nil
}

// judged is what the relay tells, nil where nobody is to be told.
func (e *eventLine) judged() func(*proxy.Judged) {
	if e == nil {
		return nil
	}
	return func(j *proxy.Judged) {
		v := events.Verdict{
			At: j.At, Took: j.Took, Ref: j.Ref, Queue: j.Queue, Message: j.Kept.ID, Incident: j.Kept.Incident, Run: j.Run,
			Client: j.Client, User: j.Envelope.Authenticated, From: j.Envelope.From, Recipients: j.Envelope.Recipients,
			Action: j.Action, Upstream: j.Upstream, Stopped: j.Stopped, Unknown: j.Unknown, Bytes: j.Bytes, Stage: j.Stage, Reason: j.Reason, Code: j.Code,
		}
		if j.Verdict != nil {
			x := &j.Verdict.Exposure
			v.Policy, v.PolicyVersion, v.RuleSet = j.Verdict.Policy, j.Verdict.PolicyVersion, j.Verdict.RuleSet
			v.Completeness, v.Fields = x.Completeness.String(), x.Fields
			v.Subjects, v.Records, v.External = x.Subjects, x.Records, x.External
		}
		e.send(e.writer.Verdict(&v))
	}
}

// decided tells of an entry of the audit trail. That a message was held is told
// by its verdict.
func (e *eventLine) decided(entry *quarantine.Entry) {
	if entry.Act == quarantine.ActHeld {
		return
	}
	d := events.Decision{
		At: entry.At, Seq: entry.Seq, Hash: entry.Hash, Act: string(entry.Act), By: entry.By, System: entry.BySystem(),
		Message: entry.Message, Incident: entry.Detail.Incident, Action: entry.Detail.Action, Messages: entry.Detail.Messages,
		Recipients: entry.Detail.Recipients, Subjects: entry.Detail.Subjects, Forced: entry.Detail.Forced, Results: map[string]int{},
	}
	for state, n := range entry.Detail.Results {
		d.Results[string(state)] += n
	}
	e.send(e.writer.Decision(&d))
}

func (e *eventLine) send(t events.Told, err error) {
	if err != nil {
		e.log.Error("event not told", "error", err)
		return
	}
	e.sender.Send(t)
}

// run tells until the context ends, and what waits then. The sender ends last:
// what follow has noted as told is with it by then. now is the trail's last entry.
// Of the trail one relay tells at a time.
func (e *eventLine) run(ctx context.Context, r *relay, now int64) {
	sending, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var sender sync.WaitGroup
	sender.Go(func() { e.sender.Run(sending) })
	if r.turn.await(ctx) {
		e.follow(ctx, r, now)
	}
	end()
	sender.Wait()
}

// follow tells of what is added to the audit trail until the context ends, from
// where the process before this one left off: decisions that other processes
// made meanwhile are told late, not never.
func (e *eventLine) follow(ctx context.Context, r *relay, now int64) {
	after, err := e.told()
	if err != nil {
		e.log.Warn("which decisions were told is not known; those from now on are", "error", err)
		after = now
	}
	if after < 0 || after > now {
		after = now
	}
	e.keep(after)
	r.followTrail(ctx, after, func(page []quarantine.Entry) {
		for i := range page {
			e.decided(&page[i])
		}
		e.keep(page[len(page)-1].Seq)
	})
}

// told reads how far the audit trail was told, -1 if it never was.
func (e *eventLine) told() (int64, error) {
	text, err := os.ReadFile(e.cursor)
	if errors.Is(err, fs.ErrNotExist) {
		return -1, nil
	}
	if err != nil {
		return -1, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

// keep writes how far the audit trail was told. A crash may leave an earlier
// number, and then some are told twice, with the same event.id.
func (e *eventLine) keep(seq int64) {
	err := index.Write(e.cursor, func(file *os.File) error {
		_, err := fmt.Fprintln(file, seq)
		return err
	})
	if err != nil {
		e.log.Warn("which decisions were told cannot be kept", "error", err)
	}
}
