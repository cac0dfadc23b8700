package api

import (
	"context"
	"net/http"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/danielgtaylor/huma/v2"
)

// Reload is what came of reading everything again.
type Reload struct {
	Reloaded
	NotTaken []NotTaken // none: everything is as it is on disk
}

// Reloaded is what is in force after everything was read again.
type Reloaded struct {
	Version string   `json:"version" doc:"Of rules and policies: that in force now, as verdicts name it."`
	Waiting []string `json:"waiting" doc:"Settings that have changed and wait for a restart."`
}

// NotTaken is one thing on disk that is not in use since it is not valid.
type NotTaken struct {
	Place string // file, line and field, as far as they are known
	What  string // what is wrong, and what would be right
}

// invalid is the problem of what was not taken. It is told word for word: it
// repeats nothing that was sent, but what stands in files of the server's, to who
// may read the settings.
type invalid struct{ *huma.ErrorModel }

func (a *api) reload(ctx context.Context, _ *struct{}) (*page[Reloaded], error) {
	if a.cfg.Reload == nil {
		return nil, huma.NewError(http.StatusServiceUnavailable, "Nothing is read again here.")
	}
	r, err := a.cfg.Reload(ctx, access.From(ctx).Name)
	if err != nil {
		return nil, err
	}
	if len(r.NotTaken) == 0 {
		return &page[Reloaded]{r.Reloaded}, nil
	}
	p := &huma.ErrorModel{Status: http.StatusUnprocessableEntity, Title: http.StatusText(http.StatusUnprocessableEntity),
		Detail: "Not all is valid. What is not stays as it was; in force is " + r.Version + "."}
	for _, n := range r.NotTaken {
		p.Errors = append(p.Errors, &huma.ErrorDetail{Message: n.What, Location: n.Place})
	}
	return nil, &invalid{p}
}
