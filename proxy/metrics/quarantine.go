package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Depth is how full the quarantine is.
type Depth struct {
	Held     int64     // messages that wait for a decision
	Bytes    int64     // of content on disk
	Oldest   time.Time // the oldest undecided message's arrival, zero if none
	Releases int64     // messages whose release has not ended well
	Free     int64     // bytes left on the volume, 0 if that is not known
}

// depth reads the quarantine's depth when it is scraped.
type depth struct {
	read                              func(context.Context) (Depth, error)
	messages, bytes, oldest, freeDisk *prometheus.Desc
}

// WatchQuarantine registers the quarantine's gauges, read at each scrape. A
// reading that fails leaves them out, so that an alert on their absence fires.
func WatchQuarantine(reg prometheus.Registerer, read func(context.Context) (Depth, error)) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
	}
	reg.MustRegister(&depth{
		read:     read,
		messages: desc("quarantine_messages", "Messages in the quarantine that are not decided or not yet delivered, by state.", "state"),
		bytes:    desc("quarantine_bytes", "Bytes of held content on disk."),
		oldest:   desc("quarantine_oldest_open_timestamp_seconds", "Arrival of the oldest undecided message, as Unix time; 0 if none."),
		freeDisk: desc("data_free_bytes", "Bytes left on the volume of the data folder."),
	})
}

// Describe implements prometheus.Collector.
func (d *depth) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{d.messages, d.bytes, d.oldest, d.freeDisk} {
		ch <- desc
	}
}

// Collect implements prometheus.Collector.
func (d *depth) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	now, err := d.read(ctx)
	if err != nil {
		return
	}
	gauge := func(desc *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, labels...)
	}
	gauge(d.messages, float64(now.Held), "held")
	gauge(d.messages, float64(now.Releases), "release_failed")
	gauge(d.bytes, float64(now.Bytes))
	oldest := 0.0
	if !now.Oldest.IsZero() {
		oldest = float64(now.Oldest.Unix())
	}
	gauge(d.oldest, oldest)
	if now.Free > 0 {
		gauge(d.freeDisk, float64(now.Free))
	}
}
