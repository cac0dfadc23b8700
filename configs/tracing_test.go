package configs_test

import (
	"math"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

func TestTracingIsChecked(t *testing.T) {
	for _, c := range []struct {
		change func(*configs.Tracing)
		want   string // begins the one error; "" for none
	}{
		{func(*configs.Tracing) {}, ""},
		{func(c *configs.Tracing) { c.Endpoint = "https://otel.example/v1/traces" }, ""},
		{func(c *configs.Tracing) { c.Endpoint = "otel.example:4318" }, "tracing.endpoint: want a collector's address"},
		{func(c *configs.Tracing) { c.CA = "no/such.pem" }, "tracing.ca: stat no/such.pem"},
		{func(c *configs.Tracing) { c.SampleRatio = 1.5 }, "tracing.sample_ratio: 1.5: want 0 to 1"},
		{func(c *configs.Tracing) { c.SampleRatio = math.NaN() }, "tracing.sample_ratio: NaN: want 0 to 1"},
		{func(c *configs.Tracing) { c.Queue = 0 }, "tracing.queue: 0: want more"},
	} {
		cfg, src, err := configs.Load("", []string{"BULKHEAD_UPSTREAM_URL=maildir:m"})
		if err != nil {
			t.Fatal(err)
		}
		c.change(&cfg.Tracing)
		if err := cfg.Check(src); (c.want == "") != (err == nil) || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", cfg.Tracing, err, c.want)
		}
	}
}

// What authorises us at a collector is shown to nobody.
func TestTracingHeadersAreHidden(t *testing.T) {
	environ := []string{"BULKHEAD_TRACING_HEADERS={authorization: Bearer open-sesame}"}
	cfg, src, err := configs.Load("", environ)
	if err != nil || cfg.Tracing.Headers["authorization"] != "Bearer open-sesame" {
		t.Fatalf("%v: %q", err, string(cfg.Tracing.Headers["authorization"]))
	}
	for _, s := range cfg.Settings(src, environ) {
		if strings.Contains(s.Value, "sesame") {
			t.Errorf("%s is shown as %s", s.Name, s.Value)
		}
		if s.Name == "tracing.headers" && (s.Value != "authorization: (hidden)" || s.Origin != "BULKHEAD_TRACING_HEADERS") {
			t.Errorf("the headers are shown as %q, from %s", s.Value, s.Origin)
		}
	}
}
