package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const namespace = "bulkhead"

func counter(reg prometheus.Registerer, name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	reg.MustRegister(c)
	return c
}

// zero sets every combination of one or two labels' values to zero.
func zero(c *prometheus.CounterVec, first []string, second ...[]string) {
	for _, a := range first {
		if len(second) == 0 {
			c.WithLabelValues(a)
			continue
		}
		for _, b := range second[0] {
			c.WithLabelValues(a, b)
		}
	}
}

// options give classic buckets and, to scrapers that ask for them, native
// histograms with a growth of at most 10 % a bucket.
func options(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Namespace: namespace, Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160,
		NativeHistogramMinResetDuration: time.Hour,
	}
}

func histogram(reg prometheus.Registerer, name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(options(name, help, buckets))
	reg.MustRegister(h)
	return h
}

func histogramVec(reg prometheus.Registerer, name, help, label string, values []string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(options(name, help, durationBuckets), []string{label})
	for _, v := range values {
		h.WithLabelValues(v)
	}
	reg.MustRegister(h)
	return h
}
