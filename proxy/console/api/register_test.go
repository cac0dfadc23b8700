package api

import (
	"context"
	"log/slog"
	"net/http"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// An operation that asks for no right, or is there twice, is a fault of the
// program and not one of a request.
func TestOperationsWithoutARightAreNotRegistered(t *testing.T) {
	nothing := func(context.Context, *struct{}) (*page[Me], error) { return &page[Me]{}, nil }
	for name, all := range map[string][]operation{
		"no right":      {op("", "GET /x", "x", "", nothing)},
		"unknown right": {op("nonsense", "GET /x", "x", "", nothing)},
		"no name":       {op(access.Public, "GET /x", "", "", nothing)},
		"twice":         {op(access.Scan, "GET /x", "x", "", nothing), op(access.Scan, "GET /y", "x", "", nothing)},
		"one address":   {op(access.Scan, "GET /x", "x", "", nothing), op(access.Scan, "GET /x", "y", "", nothing)},
	} {
		mux := http.NewServeMux()
		a := &api{cfg: Config{Log: slog.New(slog.DiscardHandler)}, mux: mux, rights: map[string]access.Right{}, huma: humago.New(mux, huma.DefaultConfig("x", "1"))}
		if err := a.register(all); err == nil {
			t.Errorf("%s: registered", name)
		}
	}
}
