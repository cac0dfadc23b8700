package main

import (
	"context"
	"errors"

	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// examiner reads held messages again for people, by what is in force now.
type examiner struct {
	live   *live
	smtp   *proxy.Server // whose slots it takes
	walker *extract.Walker
	limits extract.Limits
}

var (
	_ console.Inspector = (*examiner)(nil)
	_ api.Inspector     = (*examiner)(nil)
)

// Inspect implements console.Inspector.
func (e *examiner) Inspect(ctx context.Context, message extract.Source) (*rules.Evidence, error) {
	evidence, err := e.smtp.Inspect(ctx, e.live.now.Load().inspector.Unmasked(), message)
	if errors.Is(err, proxy.ErrNotNow) {
		err = errors.Join(console.ErrNotNow, context.DeadlineExceeded, err) // the second as the API knows it
	}
	return evidence, err
}

// Outline implements console.Inspector.
func (e *examiner) Outline(ctx context.Context, message extract.Source, most int64) (extract.Outline, error) {
	return e.walker.Outline(ctx, message, e.limits, most)
}
