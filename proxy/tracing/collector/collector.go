// Package collector takes traces in tests, as an OpenTelemetry collector does:
// OTLP over HTTP, in protobuf, zipped or not.
package collector

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector is a running collector.
type Collector struct {
	URL string

	mu      sync.Mutex
	raw     []byte // all that came, unzipped
	headers []http.Header
	spans   []*otlp.Span
	process map[string]string
}

// Start runs a collector to the end of the test.
func Start(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{process: map[string]string{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// ServeHTTP implements http.Handler.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, "no OTLP", http.StatusNotFound)
		return
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unzipped
	}
	var request collect.ExportTraceServiceRequest
	text, err := io.ReadAll(body)
	if err == nil {
		err = proto.Unmarshal(text, &request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.keep(text, r.Header, &request)
	reply, _ := proto.Marshal(&collect.ExportTraceServiceResponse{})
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.Write(reply)
}

func (c *Collector) keep(text []byte, header http.Header, request *collect.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw, c.headers = append(c.raw, text...), append(c.headers, header)
	for _, from := range request.ResourceSpans {
		for _, a := range from.GetResource().GetAttributes() {
			c.process[a.Key] = Text(a.Value)
		}
		for _, scope := range from.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
}

// Raw is all that came, in protobuf, with the headers of the requests.
func (c *Collector) Raw() (raw []byte, headers []http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.raw), slices.Clone(c.headers)
}

// Process is what the sender says of itself.
func (c *Collector) Process() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.process
}

// Tree is a span with those below it, in the order of their beginnings.
type Tree struct {
	*otlp.Span
	Below []*Tree
}

// Trees are the traces that came, by the order of their beginnings. A span whose
// parent did not come is an error.
func (c *Collector) Trees() ([]*Tree, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]*Tree{}
	for _, s := range c.spans {
		all[string(s.SpanId)] = &Tree{Span: s}
	}
	var roots []*Tree
	for _, s := range c.spans {
		at := all[string(s.SpanId)]
		if len(s.ParentSpanId) == 0 {
			roots = append(roots, at)
			continue
		}
		parent := all[string(s.ParentSpanId)]
		if parent == nil || string(parent.TraceId) != string(s.TraceId) {
			return nil, fmt.Errorf("the parent of %s has not come", s.Name)
		}
		parent.Below = append(parent.Below, at)
	}
	order := func(a, b *Tree) int { return int(int64(a.StartTimeUnixNano) - int64(b.StartTimeUnixNano)) }
	slices.SortStableFunc(roots, order)
	for _, t := range all {
		slices.SortStableFunc(t.Below, order)
	}
	return roots, nil
}

// Names are those of the spans below.
func (t *Tree) Names() []string {
	var names []string
	for _, b := range t.Below {
		names = append(names, b.Name)
	}
	return names
}

// Under is the span below of a name; nil if there is none.
func (t *Tree) Under(name string) *Tree {
	for _, b := range t.Below {
		if b.Name == name {
			return b
		}
	}
	return nil
}

// Value is an attribute, as text; "" if there is none.
func (t *Tree) Value(key string) string {
	for _, a := range t.Attributes {
		if a.Key == key {
			return Text(a.Value)
		}
	}
	return ""
}

// Text writes a value.
func Text(v *common.AnyValue) string {
	switch v := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return v.StringValue
	case *common.AnyValue_ArrayValue:
		var all []string
		for _, item := range v.ArrayValue.GetValues() {
			all = append(all, Text(item))
		}
		return fmt.Sprint(all)
	case *common.AnyValue_IntValue:
		return fmt.Sprint(v.IntValue)
	case *common.AnyValue_BoolValue:
		return fmt.Sprint(v.BoolValue)
	}
	return ""
}
