package main

import (
	"context"
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/tracing"
)

// newTracer makes what tells a collector of messages; nil where none is to be
// told.
func (r *relay) newTracer(ctx context.Context, m *metrics.Metrics) (*tracing.Tracer, error) {
	c := &r.cfg.Tracing
	if c.Endpoint == "" {
		return nil, nil
	}
	trust, err := readRoots("tracing.ca", c.CA)
	if err != nil {
		return nil, err
	}
	t, err := tracing.New(ctx, tracing.Config{
		Endpoint: c.Endpoint, Headers: plain(c.Headers), Trust: trust, Ratio: c.SampleRatio, Queue: c.Queue,
		Service: "bulkhead", Version: version, Instance: hostname(r.cfg), Log: r.log,
		Count: func(result string, n int) { m.Traces.WithLabelValues(result).Add(float64(n)) },
	})
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	return t, nil
}

// plain gives secrets as they are.
func plain(secrets map[string]configs.Secret) map[string]string {
	all := make(map[string]string, len(secrets))
	for name, s := range secrets {
		all[name] = string(s)
	}
	return all
}

// tracing looks whether the collector answers.
func (e *examination) tracing(ctx context.Context) {
	const check = "tracing"
	c := &e.cfg.Tracing
	if c.Endpoint == "" {
		return
	}
	trust, err := readRoots("tracing.ca", c.CA)
	if err == nil {
		err = tracing.Answers(ctx, c.Endpoint, trust)
	}
	if err != nil {
		e.note(check, levelWarn, "look at tracing.endpoint, and at tracing.ca for its certificate; mail does not wait for it", "%v", err)
		return
	}
	e.note(check, levelOK, "", "the collector answers")
}
