package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Pace tells how fast messages were answered of late, from the figures of all
// time, which it notes again and again.
type Pace struct {
	metrics *Metrics
	mu      sync.Mutex
	notes   []note // the oldest first, not beyond paceTime but one
}

// note is how many messages there had been in each bucket at a time.
type note struct {
	at     time.Time
	counts []uint64
}

// paceTime is how far back a pace looks.
const paceTime = time.Hour

// NewPace begins to tell of messages from now on.
func NewPace(m *Metrics, now time.Time) *Pace {
	p := &Pace{metrics: m}
	p.Note(now)
	return p
}

// Note is to be called every minute or so.
func (p *Pace) Note(now time.Time) {
	counts := p.metrics.durations()
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.notes) > 1 && now.Sub(p.notes[1].at) >= paceTime {
		p.notes = p.notes[1:]
	}
	p.notes = append(p.notes, note{now, counts})
}

// Quantiles gives in what time the given shares of the messages of the last hour
// were answered, 0 for none, and how many these were. The precision is that of
// the buckets.
func (p *Pace) Quantiles(shares ...float64) (times []time.Duration, messages int64) {
	counts := p.metrics.durations()
	p.mu.Lock()
	for i, before := range p.notes[0].counts {
		counts[i] -= before
	}
	p.mu.Unlock()
	total := uint64(0)
	for _, n := range counts {
		total += n
	}
	for _, share := range shares {
		times = append(times, quantile(counts, share*float64(total)))
	}
	return times, int64(total)
}

// quantile finds the time by which so many messages were answered. Within a
// bucket they count as spread evenly; those beyond the last are taken for its
// bound.
func quantile(counts []uint64, rank float64) time.Duration {
	if rank <= 0 {
		return 0
	}
	lower := 0.0
	for i, upper := range durationBuckets {
		if n := float64(counts[i]); n > 0 && rank <= n {
			return time.Duration((lower + (upper-lower)*rank/n) * float64(time.Second))
		}
		rank -= float64(counts[i])
		lower = upper
	}
	return time.Duration(lower * float64(time.Second))
}

// durations gives how many messages there were in each bucket of the time to
// their answer, and last those beyond, whatever became of them.
func (m *Metrics) durations() []uint64 {
	counts := make([]uint64, len(durationBuckets)+1)
	each := make(chan prometheus.Metric)
	go func() {
		m.Duration.Collect(each)
		close(each)
	}()
	for metric := range each {
		var d dto.Metric
		if metric.Write(&d) != nil || d.Histogram == nil {
			continue
		}
		before := uint64(0)
		for i, b := range d.Histogram.Bucket[:min(len(d.Histogram.Bucket), len(durationBuckets))] {
			counts[i] += b.GetCumulativeCount() - before
			before = b.GetCumulativeCount()
		}
		counts[len(durationBuckets)] += d.Histogram.GetSampleCount() - before
	}
	return counts
}

// IsUpstreamReachable reports what UpstreamReachable says.
func (m *Metrics) IsUpstreamReachable() bool {
	var d dto.Metric
	return m.UpstreamReachable.Write(&d) == nil && d.GetGauge().GetValue() == 1
}
