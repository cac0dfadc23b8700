package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// adviser tells what would become of a message, or of a file as an attachment,
// before anybody sends it. It keeps nothing of it, not even what it knows of a
// part, and judges by what is in force at the time.
type adviser struct {
	live   *live
	limits extract.Limits
	// room has a place for each inspection at a time; the next waits. nil: no
	// bound.
	room chan struct{}
}

// submission is what an adviser is asked about.
type submission struct {
	Name    string // of the file, for people
	Content extract.Source
	From    string   // "": that of the message's header
	To      []string // none: those of the message's header
}

// advice is a verdict and what led to it.
type advice struct {
	Verdict  rules.Verdict
	Evidence *rules.Evidence
	Took     time.Duration // of the inspection, without the wait for room
}

// advise judges. The error is the context's, that of the content, or a fault of
// ours: then nothing may be concluded.
func (a *adviser) advise(ctx context.Context, s submission) (*advice, error) {
	if a.room != nil {
		select {
		case a.room <- struct{}{}:
			defer func() { <-a.room }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	began := time.Now()
	now := a.live.now.Load()
	env, evidence, err := a.inspect(ctx, now.inspector.WithMemory(nil), s)
	if err != nil {
		return nil, err
	}
	v, err := now.policies.Decide(env, evidence, rules.Recent{})
	if err != nil {
		return nil, err
	}
	return &advice{v, evidence, time.Since(began)}, nil
}

// inspect reads a file as a message if it is one, and finds its envelope.
func (a *adviser) inspect(ctx context.Context, in *rules.Inspector, s submission) (rules.Envelope, *rules.Evidence, error) {
	env := rules.Envelope{From: s.From, Recipients: s.To}
	head := make([]byte, 4096)
	n, err := s.Content.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return env, nil, err
	}
	if !extract.IsMessage(head[:n]) {
		evidence, err := in.InspectFile(ctx, filepath.Base(s.Name), s.Content, a.limits)
		return env, evidence, err
	}
	from, to := rules.HeaderEnvelope(s.Content)
	if env.From == "" {
		env.From = from
	}
	if len(env.Recipients) == 0 {
		env.Recipients = to
	}
	evidence, err := in.Inspect(ctx, s.Content, a.limits)
	return env, evidence, err
}

// newAdviser makes the adviser of a relay, which leaves a part of the machine
// to the mail.
func newAdviser(l *live, bounds extract.Limits) *adviser {
	return &adviser{live: l, limits: bounds, room: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
}
