package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// maxIndexes is how many index names become label values; the rest are counted
// as "other".
const maxIndexes = 8

// Reloads are the figures of what is swapped while running. Its methods do
// nothing on a nil receiver.
type Reloads struct {
	records, built, swapped, ruleSet, allowed *prometheus.GaugeVec
	successful, succeeded                     prometheus.Gauge
	tried                                     *prometheus.CounterVec
	names                                     map[string]bool
}

// NewReloads makes and registers the figures. The names are those of the
// configured indexes.
func NewReloads(reg prometheus.Registerer, indexes []string) *Reloads {
	vec := func(name, help, label string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, []string{label})
		reg.MustRegister(g)
		return g
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help})
		reg.MustRegister(g)
		return g
	}
	r := &Reloads{
		records:    vec("index_records", "Records of an exact-match index in use.", "index"),
		built:      vec("index_built_timestamp_seconds", "When an exact-match index in use was built, as Unix time.", "index"),
		swapped:    vec("index_last_swap_successful", "1 if the last file of an exact-match index was taken, 0 if the one before it stays in use.", "index"),
		ruleSet:    vec("ruleset_info", "Constant 1, labelled with the version of the rules, indexes and policies in force.", "version"),
		allowed:    vec("allow_entries", "Entries of the allow list, by whether they are in force.", "state"),
		successful: gauge("config_last_reload_successful", "1 if everything that can be reloaded is as it is on disk, 0 if something could not be taken."),
		succeeded:  gauge("config_last_reload_success_timestamp_seconds", "The last reload at which everything was taken, as Unix time."),
		tried:      counter(reg, "reloads_total", "What was loaded again from disk, by what it is and whether it was taken or the one before stays.", "what", "result"),
		names:      map[string]bool{},
	}
	zero(r.tried, []string{"configuration", "index", "allow", "certificate"}, []string{"taken", "refused"})
	for _, name := range indexes[:min(len(indexes), maxIndexes)] {
		r.names[name] = true
	}
	return r
}

func (r *Reloads) label(name string) string {
	if r.names[name] {
		return name
	}
	return "other"
}

// Index counts an attempt to take a file of an index.
func (r *Reloads) Index(name string, taken bool) {
	if r != nil {
		r.swapped.WithLabelValues(r.label(name)).Set(number(taken))
	}
}

// IndexIs sets what the index in use is.
func (r *Reloads) IndexIs(name string, records int64, built time.Time) {
	if r != nil {
		r.records.WithLabelValues(r.label(name)).Set(float64(records))
		r.built.WithLabelValues(r.label(name)).Set(float64(built.Unix()))
	}
}

// Tried counts an attempt to load something again: a configuration, an index, an
// allow list or a certificate.
func (r *Reloads) Tried(what string, taken bool) {
	if r == nil {
		return
	}
	result := "taken"
	if !taken {
		result = "refused"
	}
	r.tried.WithLabelValues(what, result).Inc()
}

// Reloaded notes how a reload went.
func (r *Reloads) Reloaded(taken bool, now time.Time) {
	if r == nil {
		return
	}
	r.successful.Set(number(taken))
	if taken {
		r.succeeded.Set(float64(now.Unix()))
	}
}

// RuleSet sets the version of the rules, indexes and policies in force.
func (r *Reloads) RuleSet(version string) {
	if r != nil {
		r.ruleSet.Reset()
		r.ruleSet.WithLabelValues(version).Set(1)
	}
}

// Allowed sets how many entries of the allow list are in force, and how many
// have expired.
func (r *Reloads) Allowed(active, expired int) {
	if r != nil {
		r.allowed.WithLabelValues("active").Set(float64(active))
		r.allowed.WithLabelValues("expired").Set(float64(expired))
	}
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
