package api

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/danielgtaylor/huma/v2"
)

// sourceOperation gives out a held message's bytes.
func (a *api) sourceOperation() operation {
	return op(access.MessageDownload, "POST /messages/{id}/source", "source", "The exact bytes of a held message", a.source).with(func(o *huma.Operation) {
		o.Description = "Needs a reason. The audit trail has it before the first byte leaves. An answer that is cut off is damaged, or was."
		o.Responses = map[string]*huma.Response{"200": {Description: "The message as it was held.", Content: map[string]*huma.MediaType{
			"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	})
}

type sourceIn struct {
	OfMessage
	Body Reason
}

func (a *api) source(ctx context.Context, in *sourceIn) (*stream, error) {
	id, err := quarantine.NormaliseID(in.ID)
	if err != nil {
		return nil, err
	}
	content, err := a.recorded(ctx, in, quarantine.ActExported)
	if err != nil {
		return nil, err
	}
	return &stream{func(ctx huma.Context) {
		defer content.Close() //nolint:errcheck // read only
		ctx.SetHeader("Content-Type", "application/octet-stream")
		ctx.SetHeader("Content-Disposition", `attachment; filename="`+id+`.eml"`)
		ctx.SetHeader("Content-Length", strconv.FormatInt(content.Size(), 10))
		ctx.SetStatus(http.StatusOK)
		if _, err := io.Copy(ctx.BodyWriter(), content); err != nil {
			panic(http.ErrAbortHandler) // never an end that looks whole
		}
	}}, nil
}
