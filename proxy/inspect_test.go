package proxy_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/prometheus/client_golang/prometheus"
)

// inspectorFunc is an inspector of one function.
type inspectorFunc func(ctx context.Context, message extract.Source, limits extract.Limits) (*rules.Evidence, error)

func (f inspectorFunc) Inspect(ctx context.Context, message extract.Source, limits extract.Limits) (*rules.Evidence, error) {
	return f(ctx, message, limits)
}

// What people look at waits for a slot as mail does, and not for ever.
func TestPeopleShareTheSlotsOfMail(t *testing.T) {
	s := proxy.New(proxy.Config{Deadline: 200 * time.Millisecond, Inspections: 1, Log: slog.New(slog.DiscardHandler),
		Metrics: metrics.New(prometheus.NewRegistry(), metrics.Names{}), Limits: extract.Limits{Parts: 7}})
	t.Cleanup(func() { s.Shutdown(context.Background()) }) // it serves nobody
	source := extract.Source{ReaderAt: strings.NewReader("x"), Size: 1}
	begun := make(chan struct{})
	slow := inspectorFunc(func(ctx context.Context, _ extract.Source, _ extract.Limits) (*rules.Evidence, error) {
		close(begun)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	quick := inspectorFunc(func(_ context.Context, m extract.Source, l extract.Limits) (*rules.Evidence, error) {
		return &rules.Evidence{Bytes: m.Size, Records: int64(l.Parts)}, nil
	})
	first := make(chan error)
	go func() {
		_, err := s.Inspect(t.Context(), slow, source)
		first <- err
	}()
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Inspect(ctx, quick, source); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with the only slot taken: %v", err)
	}
	if err := <-first; !errors.Is(err, proxy.ErrNotNow) {
		t.Errorf("past the deadline: %v", err)
	}
	ev, err := s.Inspect(t.Context(), quick, source)
	if err != nil || ev.Bytes != 1 || ev.Records != 7 {
		t.Errorf("with a free slot and the relay's bounds: %+v, %v", ev, err)
	}
	boom := inspectorFunc(func(context.Context, extract.Source, extract.Limits) (*rules.Evidence, error) { panic("x") })
	var fault *rules.Fault
	if _, err := s.Inspect(t.Context(), boom, source); !errors.As(err, &fault) {
		t.Errorf("a panic comes out as %v", err)
	}
}
