package configs

import "os"

// Tracing says where the way of each message is told as OpenTelemetry spans.
type Tracing struct {
	// Endpoint takes OTLP over HTTP; "" for none.
	Endpoint string `yaml:"endpoint"`
	// Headers go with every request.
	Headers map[string]Secret `yaml:"headers"`
	CA      string            `yaml:"ca"` // PEM file of roots, "" for the system's
	// SampleRatio, 0 to 1, is of the messages that pass; others are all told.
	SampleRatio float64 `yaml:"sample_ratio"`
	Queue       int     `yaml:"queue"` // spans that may wait
}

func (c *Config) checkTracing(wrong report) {
	t := &c.Tracing
	if t.Endpoint != "" && !isWebAddress(t.Endpoint) {
		wrong("tracing.endpoint", "want a collector's address for OTLP over HTTP, such as http://127.0.0.1:4318")
	}
	if t.CA != "" {
		if _, err := os.Stat(t.CA); err != nil {
			wrong("tracing.ca", "%v", err)
		}
	}
	if !(t.SampleRatio >= 0 && t.SampleRatio <= 1) { // NaN is neither
		wrong("tracing.sample_ratio", "%v: want 0 to 1", t.SampleRatio)
	}
	if t.Queue <= 0 {
		wrong("tracing.queue", "%d: want more than 0", t.Queue)
	}
}
