package metrics

import (
	"crypto/x509"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Bounds are settings that alerts are measured by, so that a rule need not
// repeat the configuration.
type Bounds struct {
	Deadline    time.Duration // of the inspection of one message
	Inspections int           // messages inspected at once
	Reserve     int64         // bytes that stay free on the volume of the data folder
}

// SetBounds registers the settings and sets them.
func SetBounds(reg prometheus.Registerer, b Bounds) {
	for _, g := range []struct {
		name, help string
		value      float64
	}{
		{"inspection_deadline_seconds", "How long the inspection of one message may take, as configured.", b.Deadline.Seconds()},
		{"inspection_slots", "How many messages are inspected at once, as configured.", float64(b.Inspections)},
		{"quarantine_reserve_bytes", "Bytes that stay free on the volume of the data folder; below it nothing is held, as configured.", float64(b.Reserve)},
	} {
		gauge := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: g.name, Help: g.help})
		gauge.Set(g.value)
		reg.MustRegister(gauge)
	}
}

// maxListeners is how many listeners have a label value of their own; the rest
// share "other".
const maxListeners = 8

// Certificates are the certificates that clients are shown.
type Certificates struct{ begins, ends *prometheus.GaugeVec }

// NewCertificates makes and registers the figure. It has a series for each
// listener with TLS, and one for the console's.
func NewCertificates(reg prometheus.Registerer) *Certificates {
	gauge := func(name, help string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name,
			Help: help + ", as Unix time, by the listener's place in the configuration, from 0, or console; 0 while there is none."}, []string{"listener"})
		reg.MustRegister(g)
		return g
	}
	return &Certificates{
		begins: gauge("certificate_not_before_timestamp_seconds", "From when on the certificate that a listener shows is good"),
		ends:   gauge("certificate_not_after_timestamp_seconds", "When the certificate that a listener shows ends"),
	}
}

// Shown sets from when until when the certificate of an address is good: of the
// listener at a place, from 0, or of the "console"; nil: it has none yet.
func (c *Certificates) Shown(address string, leaf *x509.Certificate) {
	if place, err := strconv.Atoi(address); address != "console" && (err != nil || place >= maxListeners) {
		address = "other"
	}
	begins, ends := 0.0, 0.0
	if leaf != nil {
		begins, ends = float64(leaf.NotBefore.Unix()), float64(leaf.NotAfter.Unix())
	}
	c.begins.WithLabelValues(address).Set(begins)
	c.ends.WithLabelValues(address).Set(ends)
}
