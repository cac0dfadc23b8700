// Package tracing tells an OpenTelemetry collector how each message went, as a
// tree of spans: the message, and below it the stages of its way.
//
// Nothing of a message goes with it: no address, no name, no subject, no part's
// name, no text of an error; kinds, counts, ids and names of policies only. It
// holds up no mail and loses none: a message is told of when its reply is known,
// and what finds the queue full is dropped, a whole tree at a time, and counted.
package tracing

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Config says where to tell it. All is required but for what says otherwise.
type Config struct {
	// Endpoint is where a collector takes OTLP over HTTP, http or https. Without
	// a path it is /v1/traces, as the protocol has it.
	Endpoint string
	// Headers go with every request, such as what authorises it. They may be nil.
	Headers map[string]string
	// Trust has the roots that are trusted for https; nil for the system's.
	Trust *tls.Config
	// Ratio, 0 to 1, is of messages that ended as most do: passed, and not
	// failed. Of the others each is told.
	Ratio float64
	// Queue is how many spans may wait. A message has about six.
	Queue int
	// Service, Version and Instance name this process. OTEL_SERVICE_NAME and
	// OTEL_RESOURCE_ATTRIBUTES are heeded beside them.
	Service, Version, Instance string
	// Count is told what becomes of messages' trees: "sent", "failed" or
	// "dropped".
	Count func(result string, n int)
	Log   *slog.Logger
}

// Span is one stage of a message, or the message itself.
type Span struct {
	Name         string
	Began, Ended time.Time
	Attributes   []attribute.KeyValue
	Events       []Event
	// Failed is why it failed, in a word of a closed set; "" if it did not.
	Failed string
}

// Event is something that happened within a span.
type Event struct {
	Name       string
	At         time.Time
	Attributes []attribute.KeyValue
}

// Tracer tells of messages. Its methods do nothing on a nil receiver.
type Tracer struct {
	cfg      Config
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	waiting  atomic.Int64 // spans that are not sent yet
}

// Times of the sending.
const (
	sendEvery   = 2 * time.Second
	sendTimeout = 10 * time.Second // of one try
	// lastTry is how long the end of the program waits for what is not sent yet.
	lastTry = 2 * time.Second
	perSend = 512 // spans
)

// New makes a tracer. It connects to nobody yet. Close it in the end.
func New(ctx context.Context, cfg Config) (*Tracer, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	options := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(u.String()), otlptracehttp.WithTimeout(sendTimeout), otlptracehttp.WithCompression(otlptracehttp.GzipCompression)}
	if len(cfg.Headers) > 0 {
		options = append(options, otlptracehttp.WithHeaders(cfg.Headers))
	}
	if cfg.Trust != nil {
		options = append(options, otlptracehttp.WithTLSClientConfig(cfg.Trust))
	}
	exporter, err := otlptrace.New(ctx, otlptracehttp.NewClient(options...))
	if err != nil {
		return nil, err
	}
	own, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(
		attribute.String("service.name", cfg.Service), attribute.String("service.version", cfg.Version),
		attribute.String("service.instance.id", cfg.Instance)), resource.WithFromEnv())
	if err != nil {
		return nil, err
	}
	t := &Tracer{cfg: cfg}
	t.provider = sdk.NewTracerProvider(
		sdk.WithResource(own), sdk.WithSampler(sdk.AlwaysSample()), // which are told is decided by Record
		// Room for all that may wait: it is here that too much is dropped, a tree at a time.
		sdk.WithBatcher(&counting{exporter, t}, sdk.WithMaxQueueSize(cfg.Queue+perSend), sdk.WithMaxExportBatchSize(perSend),
			sdk.WithBatchTimeout(sendEvery), sdk.WithExportTimeout(time.Minute)),
	)
	t.tracer = t.provider.Tracer("github.com/bulkhead-dlp/bulkhead/proxy", trace.WithInstrumentationVersion(cfg.Version))
	return t, nil
}

// Wants reports whether a message is to be told of: usual says that it ended as
// most do.
func (t *Tracer) Wants(usual bool) bool {
	return t != nil && (!usual || t.cfg.Ratio >= 1 || rand.Float64() < t.cfg.Ratio)
}

// Record tells of a message and its stages, and returns the id of the trace; ""
// if it is dropped, since too much waits.
func (t *Tracer) Record(message *Span, stages []Span) (traceID string) {
	n := int64(len(stages) + 1)
	if t.waiting.Add(n) > int64(t.cfg.Queue) {
		t.waiting.Add(-n)
		t.cfg.Count("dropped", 1)
		return ""
	}
	ctx, root := t.begin(context.Background(), message, trace.SpanKindServer)
	for i := range stages {
		_, span := t.begin(ctx, &stages[i], trace.SpanKindInternal)
		end(span, &stages[i])
	}
	end(root, message)
	return root.SpanContext().TraceID().String()
}

func (t *Tracer) begin(ctx context.Context, s *Span, kind trace.SpanKind) (context.Context, trace.Span) {
	return t.tracer.Start(ctx, s.Name, trace.WithTimestamp(s.Began), trace.WithSpanKind(kind), trace.WithAttributes(s.Attributes...))
}

func end(span trace.Span, s *Span) {
	for _, e := range s.Events {
		span.AddEvent(e.Name, trace.WithTimestamp(e.At), trace.WithAttributes(e.Attributes...))
	}
	if s.Failed != "" {
		span.SetStatus(codes.Error, s.Failed)
	}
	span.End(trace.WithTimestamp(s.Ended))
}

// Close sends what waits, if that takes no time, and ends the rest.
func (t *Tracer) Close() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastTry)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		t.cfg.Log.Warn("traces that wait are given up", "spans", t.waiting.Load(), "error", err)
	}
}

// counting is an exporter that tells what became of what it was given.
type counting struct {
	*otlptrace.Exporter
	of *Tracer
}

// ExportSpans implements sdk.SpanExporter.
func (c *counting) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := c.Exporter.ExportSpans(ctx, spans)
	c.of.waiting.Add(-int64(len(spans)))
	trees := 0
	for _, s := range spans {
		if !s.Parent().IsValid() {
			trees++
		}
	}
	result := "sent"
	if err != nil {
		result = "failed"
		c.of.cfg.Log.Warn("traces are not taken, and are lost; mail goes on: look at tracing.endpoint and at the collector",
			"messages", trees, "error", err)
	}
	c.of.cfg.Count(result, trees)
	return nil // it is told
}

// Answers asks an endpoint whether anybody is there, without telling anything.
func Answers(ctx context.Context, endpoint string, trust *tls.Config) error {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: trust}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, endpoint, nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: transport, Timeout: sendTimeout}).Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close() // any answer is one
}
