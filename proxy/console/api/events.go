package api

import (
	"context"
	"fmt"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// How long a stream may last, and how many may be followed at once.
const (
	eventsMost    = time.Hour
	followersMost = 100
)

// eventsOperation is the stream of changes (server-sent events, HTML Living
// Standard, section 9.2).
func (a *api) eventsOperation() operation {
	return op(access.IncidentList, "GET /events", "events", "Follow what changes", a.events).with(func(o *huma.Operation) {
		o.Description = "A stream of server-sent events. Each says, as JSON, that something of the lists has changed: `audit` is the number of the audit trail's last entry, so that the trail after the one before it tells what; " +
			"`messages` that of the last message that was judged. One comes at the beginning. It ends after an hour at most; connect anew."
		o.Responses = map[string]*huma.Response{"200": {Description: "Events, until the client goes.", Content: map[string]*huma.MediaType{
			"text/event-stream": {Schema: &huma.Schema{Type: "string"}}}}}
	})
}

// stream is an answer that is written as it comes.
type stream struct{ Body func(huma.Context) }

func (a *api) events(context.Context, *struct{}) (*stream, error) {
	leave, ok := a.followers.Enter()
	if !ok {
		return nil, notNow("Too many follow what happens.")
	}
	return &stream{func(ctx huma.Context) {
		defer leave()
		_, w := humago.Unwrap(ctx)
		a.followers.Write(ctx.Context(), w, eventsMost, func(now quarantine.Change) string {
			return fmt.Sprintf("event: change\ndata: {\"audit\":%d,\"messages\":%d}", now.Audit, now.Ledger)
		})
	}}, nil
}
