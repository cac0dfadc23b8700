package tracing_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/tracing"
	"github.com/bulkhead-dlp/bulkhead/proxy/tracing/collector"
	"go.opentelemetry.io/otel/attribute"
)

// counts are what became of messages.
type counts struct {
	mu  sync.Mutex
	of  map[string]int
	log bytes.Buffer
}

func (c *counts) now(result string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[result]
}

func newTracer(t testing.TB, endpoint string, change func(*tracing.Config)) (*tracing.Tracer, *counts) {
	t.Helper()
	c := &counts{of: map[string]int{}}
	cfg := tracing.Config{
		Endpoint: endpoint, Ratio: 1, Queue: 1000, Service: "bulkhead", Version: "1.2.3", Instance: "relay.example", Log: slog.New(slog.NewTextHandler(&c.log, nil)),
		Count: func(result string, n int) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.of[result] += n
		},
	}
	if change != nil {
		change(&cfg)
	}
	tracer, err := tracing.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return tracer, c
}

var began = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)

// record tells of a message of two stages.
func record(t *tracing.Tracer) string {
	return t.Record(&tracing.Span{Name: "message", Began: began, Ended: began.Add(3 * time.Second), Failed: "timeout"}, []tracing.Span{
		{Name: "spool", Began: began, Ended: began.Add(time.Second)},
		{Name: "inspect", Began: began.Add(time.Second), Ended: began.Add(3 * time.Second), Attributes: []attribute.KeyValue{attribute.Int("bulkhead.parts", 2)},
			Events: []tracing.Event{{Name: "part", At: began.Add(2 * time.Second)}}},
	})
}

func TestTreeArrivesAsItWas(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	to := collector.Start(t)
	tracer, c := newTracer(t, to.URL, func(cfg *tracing.Config) { cfg.Headers = map[string]string{"Authorization": "Bearer x"} })
	id := record(tracer)
	tracer.Close()
	trees, err := to.Trees()
	if err != nil || len(trees) != 1 {
		t.Fatalf("%d trees: %v", len(trees), err)
	}
	root := trees[0]
	if root.Name != "message" || !slices.Equal(root.Names(), []string{"spool", "inspect"}) {
		t.Errorf("the tree is %s over %v", root.Name, root.Names())
	}
	if got := hexOf(root.TraceId); got != id {
		t.Errorf("the trace is %s, and was told to be %s", got, id)
	}
	if root.StartTimeUnixNano != uint64(began.UnixNano()) || root.EndTimeUnixNano-root.StartTimeUnixNano != uint64(3*time.Second) || root.Status.GetMessage() != "timeout" {
		t.Errorf("the message is %v", root.Span)
	}
	inspect := root.Under("inspect")
	if inspect.EndTimeUnixNano-inspect.StartTimeUnixNano != uint64(2*time.Second) || inspect.Value("bulkhead.parts") != "2" || len(inspect.Events) != 1 {
		t.Errorf("the inspection is %v", inspect.Span)
	}
	_, headers := to.Raw()
	if got := headers[0].Get("Authorization"); got != "Bearer x" {
		t.Errorf("the collector is shown %q", got)
	}
	for name, want := range map[string]string{"service.name": "bulkhead", "service.version": "1.2.3", "service.instance.id": "relay.example", "deployment.environment.name": "test"} {
		if got := to.Process()[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if sent := c.now("sent"); sent != 1 || c.log.Len() != 0 {
		t.Errorf("%d are counted as sent, want 1; log: %s", sent, &c.log)
	}
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, c := range b {
		s.WriteByte(digits[c>>4])
		s.WriteByte(digits[c&15])
	}
	return s.String()
}

// A collector that does not answer holds up nothing: what is told is dropped in
// whole trees from the bound on, and the end comes within seconds.
func TestSilentCollectorHoldsUpNothing(t *testing.T) {
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer silent.Close()
	defer close(release)
	tracer, c := newTracer(t, silent.URL, func(cfg *tracing.Config) { cfg.Queue = 30 })
	told := 0
	start := time.Now()
	for range 1000 {
		if record(tracer) != "" {
			told++
		}
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("telling of 1000 messages took %v", took)
	}
	if dropped := c.now("dropped"); told != 10 || dropped != 990 {
		t.Errorf("%d trees of three spans wait in a queue of 30, and %d are counted as dropped", told, dropped)
	}
	start = time.Now()
	tracer.Close()
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("the end took %v", took)
	}
	if !strings.Contains(c.log.String(), "traces that wait are given up") {
		t.Errorf("the log does not tell: %s", &c.log)
	}
}

// What a collector refuses is told in the log, and counted.
func TestRefusalIsTold(t *testing.T) {
	tracer, c := newTracer(t, collector.Start(t).URL+"/elsewhere", nil)
	record(tracer)
	tracer.Close()
	if failed := c.now("failed"); failed != 1 || !strings.Contains(c.log.String(), "look at tracing.endpoint") {
		t.Errorf("%d are counted as failed, want 1; log: %s", failed, &c.log)
	}
}

// Of what is usual a part is told, of all else everything.
func TestRatioIsOfWhatIsUsual(t *testing.T) {
	tracer, _ := newTracer(t, "http://127.0.0.1:1", func(cfg *tracing.Config) { cfg.Ratio = 0.25 })
	defer tracer.Close()
	usual := 0
	for range 10000 {
		if tracer.Wants(true) {
			usual++
		}
		if !tracer.Wants(false) {
			t.Fatal("what is not usual is not told")
		}
	}
	if usual < 2200 || usual > 2800 {
		t.Errorf("%d of 10000 are told, want a quarter", usual)
	}
	none, _ := newTracer(t, "http://127.0.0.1:1", func(cfg *tracing.Config) { cfg.Ratio = 0 })
	defer none.Close()
	var off *tracing.Tracer
	if none.Wants(true) || off.Wants(false) {
		t.Error("what is not wanted is told")
	}
	off.Close()
}
