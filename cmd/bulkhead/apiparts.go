package main

import (
	"context"
	"net/http"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
)

// newAPI makes the API of a relay.
func (r *relay) newAPI(ctx context.Context) (http.Handler, error) {
	return api.New(api.Config{
		Store: r.store, Desk: newDesk(r.cfg, r.store, r.upstream), Log: r.log, Version: version, Done: ctx.Done(),
		Obstacle: func(ctx context.Context) string {
			why, err := r.ready.ask(ctx, r.obstacle)
			if err != nil {
				return "not known: " + err.Error()
			}
			return why
		},
	})
}
