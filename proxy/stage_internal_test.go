package proxy

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/tracing"
	"github.com/bulkhead-dlp/bulkhead/proxy/tracing/collector"
	"github.com/prometheus/client_golang/prometheus"
)

// way takes a message through its stages, as deliver does, and tells of it.
func way(s *Server, m *message, now func() time.Time) string {
	m.timer = stageTimer{stages: s.stages, now: now, traced: s.cfg.Tracer != nil}
	for _, stage := range []string{"spool", "inspect", "run", "decide", "upstream", ""} {
		m.enter(stage)
	}
	return s.span(m, "pass", now())
}

// bare is what way needs of a server.
func bare(tracer *tracing.Tracer) (*Server, *message) {
	m := metrics.New(prometheus.NewRegistry(), metrics.Names{})
	return &Server{cfg: Config{Tracer: tracer, Metrics: m}, stages: stagesOf(m)}, &message{ref: "ABCDEFGH", spool: &spool{}, began: time.Now()}
}

// Without a tracer nothing is made for one.
func TestWithoutTracingNothingIsAllocated(t *testing.T) {
	s, m := bare(nil)
	now := func() time.Time { return m.began } // a new bucket of the histogram is allocated
	if n := testing.AllocsPerRun(100, func() {
		if id := way(s, m, now); id != "" {
			t.Errorf("traced as %s", id)
		}
	}); n != 0 {
		t.Errorf("the way of a message allocates %v times", n)
	}
}

// BenchmarkTracing measures the stages of one message, and their telling with the
// sending, to a collector that throws all away.
func BenchmarkTracing(b *testing.B) {
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	defer sink.Close()
	for _, on := range []bool{false, true} {
		b.Run(map[bool]string{false: "off", true: "on"}[on], func(b *testing.B) {
			var tracer *tracing.Tracer
			if on {
				var err error
				tracer, err = tracing.New(context.Background(), tracing.Config{Endpoint: sink.URL, Ratio: 1, Queue: 1 << 20,
					Log: slog.New(slog.DiscardHandler), Count: func(string, int) {}})
				if err != nil {
					b.Fatal(err)
				}
				defer tracer.Close()
			}
			s, m := bare(tracer)
			b.ReportAllocs()
			for b.Loop() {
				way(s, m, time.Now)
			}
		})
	}
}

// A fault is told where it was, and why in one word, never by its text.
func TestFaultIsTracedByItsKind(t *testing.T) {
	to := collector.Start(t)
	tracer, err := tracing.New(t.Context(), tracing.Config{Endpoint: to.URL, Ratio: 0, Queue: 100, Log: slog.New(slog.DiscardHandler), Count: func(string, int) {}})
	if err != nil {
		t.Fatal(err)
	}
	s, m := bare(tracer)
	m.timer = stageTimer{stages: s.stages, now: time.Now, traced: true}
	m.enter("spool")
	m.enter("inspect")
	m.failed, m.err, m.code = "inspect", errors.New("of ana@office.example"), 451
	m.enter("")
	if s.span(m, "fault", time.Now()) == "" {
		t.Error("a fault is not traced, with a ratio of 0")
	}
	tracer.Close()
	trees, err := to.Trees()
	if err != nil || len(trees) != 1 {
		t.Fatalf("%d trees: %v", len(trees), err)
	}
	root, at := trees[0], trees[0].Under("inspect")
	if root.Value("error.type") != "other" || root.Value("bulkhead.fault.stage") != "inspect" || root.Value("bulkhead.reply.code") != "451" || root.Status.GetMessage() != "other" {
		t.Errorf("the message: %v", root.Span)
	}
	if at == nil || at.Status.GetMessage() != "other" || root.Under("spool").Status.GetMessage() != "" {
		t.Errorf("the stage: %v", at)
	}
}
