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

// newRuns makes the tracker of a configuration. shared is as in runs.Config.
func newRuns(cfg *configs.Config, store *quarantine.Store, shared func() bool, m *metrics.Metrics, log *slog.Logger) *runs.Tracker {
	c := cfg.Run
	return runs.New(runs.Config{
		Quiet: c.Quiet, Window: c.Window, Name: store.SenderName, Ledger: runLedger{store}, Anyway: passesClean(cfg), Shared: shared, Metrics: m, Log: log, Now: store.Now,
		Canary: runs.Canary{Copies: c.Canary.Copies, Wait: c.Canary.Wait, Bulk: c.Canary.Bulk},
	})
}

// othersUnheard reports whether another relay may write to the store of which this
// one does not hear.
func (r *relay) othersUnheard(ctx context.Context) bool {
	switch {
	case ctx.Err() != nil: // it goes down, and hears nothing any more
		return true
	case r.store.Tells():
		return !r.store.Hears()
	}
	return r.turn.shared()
}

// hear lets the runs hear of other relays until the context ends, and returns what
// waits for the end.
func (r *relay) hear(ctx context.Context) (wait func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.store.Listen(ctx, r.runs, r.log)
	}()
	return func() { <-done }
}

// runLedger keeps runs in a quarantine.
type runLedger struct{ store *quarantine.Store }

var _ runs.Ledger = runLedger{}

// Sender implements runs.Ledger. How many runs were held is read before the runs.
func (l runLedger) Sender(ctx context.Context, q runs.Query) (runs.Known, error) {
	of, err := l.store.SenderRuns(ctx, q.Sender)
	if err != nil {
		return runs.Known{}, err
	}
	kept, err := l.store.Runs(ctx, q.Sender, q.Relay, q.Since)
	if err != nil {
		return runs.Known{}, err
	}
	known := runs.Known{Holds: of.Held, Keys: of.Keys, Runs: make([]runs.Record, len(kept))}
	for _, u := range of.Usual {
		known.Usual = append(known.Usual, runs.Usual{Sender: u.Sender, Relay: u.Relay, At: u.At, Shape: u.Shape})
	}
	for i, r := range kept {
		var answer rules.Answer
		if r.Held {
			if err := answer.UnmarshalText([]byte(r.Answer)); err != nil {
				return runs.Known{}, fmt.Errorf("run %s: %w", r.Key, err)
			}
		}
		known.Runs[i] = runs.Record{Key: r.Key, Sender: r.Sender, Print: r.Print, First: r.First, Last: r.Last,
			All: runs.Share{Copies: r.Copies, Delivered: r.Delivered}, Own: runs.Share{Copies: r.OwnCopies, Delivered: r.OwnDelivered},
			Subjects: r.Subjects, Held: r.Held, Policy: r.Policy, Answer: answer, Incident: r.Incident, Keys: r.Keys}
	}
	return known, nil
}

// Keys implements runs.Ledger.
func (l runLedger) Keys(ctx context.Context, of runs.Owner, after int64, since time.Time) ([]runs.Keys, error) {
	kept, err := l.store.Keys(ctx, quarantine.Keys{Run: of.Run, Sender: of.Sender, Number: after, At: since})
	if err != nil {
		return nil, err
	}
	all := make([]runs.Keys, len(kept))
	for i, k := range kept {
		all[i] = runs.Keys{Of: of, Number: k.Number, At: k.At, Piece: k.Piece, People: rekeyed[rules.Key](k.People), Readers: rekeyed[rules.Key](k.Readers)}
	}
	return all, nil
}

// rekeyed gives keys as another package names their type.
func rekeyed[To, From ~uint64](keys []From) []To {
	all := make([]To, len(keys))
	for i, k := range keys {
		all[i] = To(k)
	}
	return all
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

// Warn implements runs.Ledger.
func (l runLedger) Warn(ctx context.Context, relay, sender string) error {
	return l.store.Warn(ctx, relay, sender)
}

// Write implements runs.Ledger.
func (l runLedger) Write(ctx context.Context, b *runs.Batch) error {
	out := &quarantine.Ledger{Relay: b.Relay, Batch: b.Number}
	for _, m := range b.Moves {
		out.Moves = append(out.Moves, quarantine.Move{Relay: b.Relay, From: m.From, To: m.To})
	}
	for i := range b.Runs {
		out.Runs = append(out.Runs, *storedRun(&b.Runs[i]))
	}
	for _, u := range b.Senders {
		out.Senders = append(out.Senders, quarantine.Usual{Sender: u.Sender, Relay: u.Relay, At: u.At, Shape: u.Shape, Instead: u.Instead})
	}
	for _, k := range b.Keys {
		out.Keys = append(out.Keys, quarantine.Keys{Run: k.Of.Run, Sender: k.Of.Sender, At: k.At, Piece: k.Piece,
			People: rekeyed[uint64](k.People), Readers: rekeyed[uint64](k.Readers)})
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
	return &quarantine.Run{Key: r.Key, Sender: r.Sender, Print: r.Print, First: r.First, Last: r.Last, Relay: r.Relay,
		Copies: r.Own.Copies, Delivered: r.Own.Delivered, Subjects: r.Subjects,
		Held: r.Held, Policy: r.Policy, Answer: r.Answer.String(), Incident: r.Incident, Seen: r.Seen}
}

// memoryOf makes the figures of a memory of parts.
func memoryOf(m *rules.Memory) func() metrics.Memory {
	return func() metrics.Memory {
		s := m.Stats()
		return metrics.Memory{Known: float64(s.Known), Read: float64(s.Read), Bytes: float64(s.Bytes), Parts: float64(s.Parts)}
	}
}
