package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/proxy/report"
	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// The time within which a request has to come is not one for its answer.
func TestAnAnswerMayTakeLongerThanTheRequest(t *testing.T) {
	testbed.SkipShort(t, "it takes 6 seconds")
	t.Parallel()
	w := newWorld(t, func(c *api.Config) {
		c.Gather = func(ctx context.Context, id string) (report.Incident, error) {
			select {
			case <-ctx.Done():
				return report.Incident{}, ctx.Err()
			case <-time.After(6 * time.Second):
				return report.Incident{ID: id}, nil
			}
		}
	})
	w.want(http.StatusOK, viewer, "POST /incidents/"+w.held.Incident+"/report", `{"format":"json"}`)
}
