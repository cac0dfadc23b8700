package metrics_test

import (
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/prometheus/client_golang/prometheus"
)

func TestPaceIsThatOfTheLastHour(t *testing.T) {
	m := metrics.New(prometheus.NewRegistry(), metrics.Names{})
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	answered := func(n int, action string, seconds float64) {
		for range n {
			m.Duration.WithLabelValues(action).Observe(seconds)
		}
	}
	answered(1000, "pass", 9) // before it looked
	p := metrics.NewPace(m, now)
	check := func(wantHalf, wantMost time.Duration, wantMessages int64) {
		t.Helper()
		q, n := p.Quantiles(0.5, 0.99)
		if q[0] != wantHalf || q[1] != wantMost || n != wantMessages {
			t.Errorf("half in %v, most in %v, of %d; want %v, %v, %d", q[0], q[1], n, wantHalf, wantMost, wantMessages)
		}
	}
	check(0, 0, 0)
	answered(60, "pass", 0.003)
	answered(38, "hold", 0.02)
	answered(2, "reject", 3)
	// The 50th of 60 between 1 and 5 ms; the first of two between 2.5 and 5 s.
	check(time.Millisecond+4*time.Millisecond*50/60, 3750*time.Millisecond, 100)
	for range 61 {
		now = now.Add(time.Minute)
		p.Note(now)
	}
	check(0, 0, 0)
	answered(10, "pass", 100) // beyond the last bucket
	check(time.Minute, time.Minute, 10)

	m.UpstreamReachable.Set(1)
	if !m.IsUpstreamReachable() {
		t.Error("the upstream is reachable")
	}
	m.UpstreamReachable.Set(0)
	if m.IsUpstreamReachable() {
		t.Error("the upstream is not reachable")
	}
}
