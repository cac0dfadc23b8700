package metrics

import "github.com/prometheus/client_golang/prometheus"

func (m *Metrics) newRuns(reg prometheus.Registerer) {
	m.Runs = counter(reg, "runs_total",
		"Runs by outcome: passed when one of at least two copies has closed, held when its first copy is.", "outcome")
	zero(m.Runs, []string{"passed", "held"})
	m.RunsActive = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "bulkhead_runs_active", Help: "Runs that take further copies now; a message of its own is a run, too.",
	})
	plain := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
		reg.MustRegister(c)
		return c
	}
	m.Stopped = plain("run_messages_stopped_total", "Messages that did not pass because their run is held.")
	m.DeliveredBeforeHold = plain("run_messages_delivered_before_hold_total",
		"Messages of held runs that had left before the first copy was held, or were on their way then.")
	m.PassedUnknown = plain("run_messages_unknown_total", "Messages that passed while the ledger was away, so that it was not known whether their run is held.")
	m.LedgerDropped = plain("ledger_dropped_total", "Entries of the ledger that were lost because it could not be written.")
	reg.MustRegister(m.RunsActive)
}

// Memory is what a memory of parts was asked for.
type Memory struct {
	Known, Read  float64 // parts
	Bytes, Parts float64 // in use
}

// WatchMemory exposes the memory of parts, read at each scrape.
func WatchMemory(reg prometheus.Registerer, read func() Memory) {
	counter := func(result string, of func(Memory) float64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: namespace, Name: "part_lookups_total",
			Help:        "Bodies and attachments looked up among those read before, by result.",
			ConstLabels: prometheus.Labels{"result": result},
		}, func() float64 { return of(read()) }))
	}
	counter("known", func(m Memory) float64 { return m.Known })
	counter("read", func(m Memory) float64 { return m.Read })
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "part_memory_bytes", Help: "Memory that the evidence of known parts takes, roughly.",
	}, func() float64 { return read().Bytes }))
}
