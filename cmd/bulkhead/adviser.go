package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// adviser tells what would become of a message, or of a file as an attachment,
// before anybody sends it. It keeps nothing of it, not even what it knows of a
// part, and judges by what is in force at the time.
type adviser struct {
	live   *live
	limits extract.Limits
	// inspect reads in the relay's slots and within its deadline; nil: at once.
	inspect func(context.Context, proxy.Inspector, extract.Source) (*rules.Evidence, error)
	// room has a place for each inspection at a time; the next waits. nil: no
	// bound.
	room chan struct{}
}

// newAdviser makes the adviser of a relay: half of the relay's slots are left to
// mail, however much people try.
func (r *relay) newAdviser(bounds extract.Limits) *adviser {
	slots := r.cfg.Inspection.Concurrent
	if slots == 0 {
		slots = runtime.GOMAXPROCS(0)
	}
	return &adviser{live: r.live, limits: bounds, inspect: r.smtp.Inspect, room: make(chan struct{}, max(1, slots/2))}
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
	env, evidence, err := a.read(ctx, now.inspector.WithMemory(nil), s)
	if errors.Is(err, proxy.ErrNotNow) {
		return nil, context.DeadlineExceeded // as who asks knows it
	}
	if err != nil {
		return nil, err
	}
	v, err := now.policies.Decide(env, evidence, rules.Recent{})
	if err != nil {
		return nil, err
	}
	return &advice{v, evidence, time.Since(began)}, nil
}

// read reads a file as a message if it is one, and finds its envelope.
func (a *adviser) read(ctx context.Context, in *rules.Inspector, s submission) (rules.Envelope, *rules.Evidence, error) {
	env := rules.Envelope{From: s.From, Recipients: s.To}
	head := make([]byte, 4096)
	n, err := s.Content.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return env, nil, err
	}
	if !extract.IsMessage(head[:n]) {
		evidence, err := a.inspectBy(ctx, file{in, filepath.Base(s.Name)}, s.Content)
		return env, evidence, err
	}
	from, to := rules.HeaderEnvelope(s.Content)
	if env.From == "" {
		env.From = from
	}
	if len(env.Recipients) == 0 {
		env.Recipients = to
	}
	evidence, err := a.inspectBy(ctx, in, s.Content)
	return env, evidence, err
}

func (a *adviser) inspectBy(ctx context.Context, in proxy.Inspector, source extract.Source) (*rules.Evidence, error) {
	if a.inspect == nil {
		return in.Inspect(ctx, source, a.limits)
	}
	return a.inspect(ctx, in, source)
}

// file reads a lone file as an inspector reads a message.
type file struct {
	inspector *rules.Inspector
	name      string
}

// Inspect implements proxy.Inspector.
func (f file) Inspect(ctx context.Context, source extract.Source, limits extract.Limits) (*rules.Evidence, error) {
	return f.inspector.InspectFile(ctx, f.name, source, limits)
}
