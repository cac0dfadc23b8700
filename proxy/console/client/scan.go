package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
)

// Question is what is asked about before it is sent.
type Question struct {
	Name    string    // of the file; a message needs none
	Content io.Reader // a message (RFC 5322) or any file
	From    string    // "": that of the message's header
	To      []string  // none: those of the message's header
	// Evidence also asks where people's data was found, masked.
	Evidence bool
}

// Scan asks what would become of a message or a file, if it was sent.
func (c *Client) Scan(ctx context.Context, q Question) (out api.Scan, err error) {
	r := request{method: http.MethodPost, path: "/scan", headers: http.Header{"Content-Type": {"application/octet-stream"}}}
	for name, value := range map[string]string{api.FileHeader: q.Name, api.FromHeader: q.From, api.ToHeader: strings.Join(q.To, ", ")} {
		if value != "" {
			r.headers.Set(name, value)
		}
	}
	if q.Evidence {
		r.query = url.Values{"evidence": {"true"}}
	}
	return out, c.send(ctx, r, q.Content, &out)
}

// Reload has the server read its files again. The error is a [Problem] where
// something of them is not valid and so was not taken.
func (c *Client) Reload(ctx context.Context) (out api.Reloaded, err error) {
	return out, c.ask(ctx, request{method: http.MethodPost, path: "/reload"}, &out)
}
