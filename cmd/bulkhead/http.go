package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// serveHTTP serves console, metrics and health, and returns how to stop.
func (r *relay) serveHTTP(failed chan<- error) (stop func()) {
	scrape := http.NewServeMux()
	scrape.Handle("GET /metrics", promhttp.HandlerFor(r.registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	pages := http.NewServeMux()
	pages.Handle("/", r.console)
	for _, mux := range []*http.ServeMux{scrape, pages} {
		mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) }) //nolint:errcheck // the client has gone
		mux.HandleFunc("GET /readyz", r.readyz)
	}
	servers := []*http.Server{newHTTPServer(scrape), newHTTPServer(pages)}
	go func() { failed <- ignoreClosed(servers[0].Serve(r.metrics)) }()
	go func() { failed <- ignoreClosed(servers[1].Serve(r.admin)) }()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		for _, s := range servers {
			s.Shutdown(ctx) //nolint:errcheck // what is left is cut off
		}
	}
}

func newHTTPServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// depth reads how full the quarantine is.
func (r *relay) depth(ctx context.Context) (metrics.Depth, error) {
	s, err := r.store.Stats(ctx)
	if err != nil {
		return metrics.Depth{}, err
	}
	return metrics.Depth{Held: s.Held, Bytes: s.Bytes, Stored: s.Stored, Oldest: s.OldestHeld, NextExpiry: s.NextExpiry,
		Releases: s.ByState[quarantine.ReleaseFailed], Incidents: s.Incidents, Free: s.Free,
		AuditRecords: s.AuditRecords, AuditFailures: s.AuditFailures, AuditIntact: r.trail.intact()}, nil
}
