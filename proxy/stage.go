package proxy

import (
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/tracing"
	"github.com/prometheus/client_golang/prometheus"
)

// stage is what is counted of a stage of messages.
type stage struct {
	name     string
	took     prometheus.Observer // seconds
	inFlight prometheus.Gauge
}

// stagesOf looks up the series of every stage, once for all messages.
func stagesOf(m *metrics.Metrics) map[string]*stage {
	all := make(map[string]*stage)
	for _, name := range metrics.Stages() {
		all[name] = &stage{name: name, took: m.Stage.WithLabelValues(name), inFlight: m.InFlight.WithLabelValues(name)}
	}
	return all
}

// stageTimer times the stages of one message, one after the other.
type stageTimer struct {
	stages map[string]*stage
	now    func() time.Time
	stage  *stage // nil between stages
	since  time.Time
	// passed are the stages so far, where the message may be traced.
	traced bool
	passed []tracing.Span
}

// enter ends the present stage and begins the next; "" begins none.
func (t *stageTimer) enter(next string) {
	now := t.now()
	if t.stage != nil {
		t.stage.took.Observe(now.Sub(t.since).Seconds())
		t.stage.inFlight.Dec()
		if t.traced {
			t.passed = append(t.passed, tracing.Span{Name: t.stage.name, Began: t.since, Ended: now})
		}
	}
	if t.stage = t.stages[next]; t.stage != nil {
		t.stage.inFlight.Inc()
	}
	t.since = now
}
