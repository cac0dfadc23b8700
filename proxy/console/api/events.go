package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// How often a stream looks for changes, how long it may last, and how many may
// be followed at once.
const (
	eventsEvery   = time.Second
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
	select {
	case a.followers <- struct{}{}:
	default:
		return nil, notNow("Too many follow what happens.")
	}
	return &stream{func(ctx huma.Context) {
		defer func() { <-a.followers }()
		ctx.SetHeader("Content-Type", "text/event-stream")
		_, w := humago.Unwrap(ctx)
		a.follow(ctx.Context(), w)
	}}, nil
}

// follow writes an event for each change, until nobody reads them any more.
func (a *api) follow(ctx context.Context, w http.ResponseWriter) {
	out := http.NewResponseController(w)
	end := time.NewTimer(eventsMost)
	defer end.Stop()
	tick := time.NewTicker(eventsEvery)
	defer tick.Stop()
	for last := ""; ; {
		change, err := a.cfg.Store.Changes(ctx)
		if err != nil {
			return // the client connects anew
		}
		if now := change.String(); now != last {
			last = now
			fmt.Fprintf(w, "id: %s\nevent: change\ndata: {\"audit\":%d,\"messages\":%d}\n\n", now, change.Audit, change.Ledger)
			if err := out.Flush(); err != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-a.cfg.Done:
			return
		case <-end.C:
			return
		case <-tick.C:
		}
	}
}
