package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Depth is how full the quarantine is.
type Depth struct {
	Held   int64     // messages that wait for a decision
	Bytes  int64     // of content, as it was held
	Stored int64     // bytes that it takes on disk
	Oldest time.Time // the oldest undecided message's arrival, zero if none
	// NextExpiry is when the first undecided message expires, zero if none does.
	NextExpiry time.Time
	Releases   int64 // messages whose release has not ended well
	Incidents  int64 // that are open
	Free       int64 // bytes left on the volume, 0 if that is not known

	AuditRecords  int64 // entries of the audit trail
	AuditFailures int64 // entries that could not be written
	AuditIntact   *bool // what the last look at the trail found, nil before the first
}

// depth reads the quarantine's depth when it is scraped.
type depth struct {
	read                              func(context.Context) (Depth, error)
	messages, bytes, oldest, freeDisk *prometheus.Desc

	nextExpiry, incidents, auditRecords, auditFailures, auditIntact *prometheus.Desc
}

// WatchQuarantine registers the quarantine's gauges, read at each scrape. A
// reading that fails leaves them out, so that an alert on their absence fires.
func WatchQuarantine(reg prometheus.Registerer, read func(context.Context) (Depth, error)) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
	}
	reg.MustRegister(&depth{
		read:          read,
		messages:      desc("quarantine_messages", "Messages in the quarantine that are not decided or not yet delivered, by state.", "state"),
		bytes:         desc("quarantine_bytes", "Bytes of held content: logical as it was held, stored as it is on disk.", "kind"),
		nextExpiry:    desc("quarantine_next_expiry_timestamp_seconds", "When the first undecided message expires, as Unix time; 0 if none does."),
		incidents:     desc("quarantine_incidents", "Incidents of the quarantine, by state.", "state"),
		auditRecords:  desc("audit_records_total", "Entries of the audit trail."),
		auditFailures: desc("audit_write_failures_total", "Entries of the audit trail that could not be written; what they were about was not done."),
		auditIntact:   desc("audit_chain_intact", "1 if the last look at the audit trail found it intact, 0 if it was changed; absent before the first."),
		oldest:        desc("quarantine_oldest_open_timestamp_seconds", "Arrival of the oldest undecided message, as Unix time; 0 if none."),
		freeDisk:      desc("data_free_bytes", "Bytes left on the volume of the data folder."),
	})
}

// Describe implements prometheus.Collector.
func (d *depth) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{d.messages, d.bytes, d.oldest, d.freeDisk, d.nextExpiry, d.incidents, d.auditRecords, d.auditFailures, d.auditIntact} {
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
	gauge(d.incidents, float64(now.Incidents), "open")
	gauge(d.bytes, float64(now.Bytes), "logical")
	gauge(d.bytes, float64(now.Stored), "stored")
	gauge(d.oldest, seconds(now.Oldest))
	gauge(d.nextExpiry, seconds(now.NextExpiry))
	ch <- prometheus.MustNewConstMetric(d.auditRecords, prometheus.CounterValue, float64(now.AuditRecords))
	ch <- prometheus.MustNewConstMetric(d.auditFailures, prometheus.CounterValue, float64(now.AuditFailures))
	switch {
	case now.AuditIntact == nil:
	case *now.AuditIntact:
		gauge(d.auditIntact, 1)
	default:
		gauge(d.auditIntact, 0)
	}
	if now.Free > 0 {
		gauge(d.freeDisk, float64(now.Free))
	}
}

// seconds is a time as Unix time, 0 for none.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}
