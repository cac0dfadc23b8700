package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	runs "github.com/bulkhead-dlp/bulkhead/proxy/run"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// newRuns makes the tracker of a configuration. shared reports whether another
// relay uses the store now.
func newRuns(cfg *configs.Config, store *quarantine.Store, shared func() bool, m *metrics.Metrics, log *slog.Logger) *runs.Tracker {
	c := cfg.Run
	return runs.New(runs.Config{
		Quiet: c.Quiet, Window: c.Window, Name: store.SenderName, Ledger: runLedger{store}, Shared: shared, Metrics: m, Log: log, Now: time.Now,
		Canary: runs.Canary{Copies: c.Canary.Copies, Wait: c.Canary.Wait, Bulk: c.Canary.Bulk},
	})
}

// runLedger keeps runs in a quarantine.
type runLedger struct{ store *quarantine.Store }

var _ runs.Ledger = runLedger{}

// Runs implements runs.Ledger.
func (l runLedger) Runs(ctx context.Context, sender string, since time.Time) ([]runs.Record, error) {
	kept, err := l.store.Runs(ctx, sender, since)
	if err != nil {
		return nil, err
	}
	records := make([]runs.Record, len(kept))
	for i, r := range kept {
		var answer rules.Answer
		if r.Held {
			if err := answer.UnmarshalText([]byte(r.Answer)); err != nil {
				return nil, fmt.Errorf("run %s: %w", r.Key, err)
			}
		}
		records[i] = runs.Record{Key: r.Key, Sender: r.Sender, Print: r.Print, First: r.First, Last: r.Last, Copies: r.Copies,
			Delivered: r.Delivered, Subjects: r.Subjects, Held: r.Held, Policy: r.Policy, Answer: answer, Incident: r.Incident}
	}
	return records, nil
}

// Decision implements runs.Ledger.
func (l runLedger) Decision(ctx context.Context, incident string) (runs.Decision, error) {
	d, err := l.store.RunDecision(ctx, incident)
	if err != nil {
		return runs.Decision{}, err
	}
	state := runs.Refused
	switch {
	case d.Open:
		state = runs.Undecided
	case d.Released:
		state = runs.Released
	}
	return runs.Decision{State: state, Subjects: d.Subjects, Policies: d.Policies, Fields: d.Fields, Complete: d.Complete}, nil
}

// Write implements runs.Ledger.
func (l runLedger) Write(ctx context.Context, b *runs.Batch) error {
	out := &quarantine.Ledger{}
	for i := range b.Runs {
		out.Runs = append(out.Runs, *storedRun(&b.Runs[i]))
	}
	for _, d := range b.Deliveries {
		out.Deliveries = append(out.Deliveries, quarantine.Delivery{Run: d.Run, At: d.At, Recipients: d.Recipients})
	}
	for _, j := range b.Judgements {
		exposure, err := json.Marshal(j.Exposure)
		if err != nil {
			return fmt.Errorf("writing an exposure: %w", err)
		}
		out.Exposures = append(out.Exposures, quarantine.Exposure{At: j.At, Sender: j.Sender, Run: j.Run, Action: j.Action,
			Policy: j.Policy, Version: j.Version, Exposure: exposure, Recipients: j.Exposure.Recipients, Bytes: j.Bytes})
	}
	return l.store.WriteLedger(ctx, out)
}

// storedRun is a run as the quarantine keeps it.
func storedRun(r *runs.Record) *quarantine.Run {
	return &quarantine.Run{Key: r.Key, Sender: r.Sender, Print: r.Print, First: r.First, Last: r.Last, Copies: r.Copies,
		Delivered: r.Delivered, Subjects: r.Subjects, Held: r.Held, Policy: r.Policy, Answer: r.Answer.String(), Incident: r.Incident}
}

// memoryOf makes the figures of a memory of parts.
func memoryOf(m *rules.Memory) func() metrics.Memory {
	return func() metrics.Memory {
		s := m.Stats()
		return metrics.Memory{Known: float64(s.Known), Read: float64(s.Read), Bytes: float64(s.Bytes), Parts: float64(s.Parts)}
	}
}
