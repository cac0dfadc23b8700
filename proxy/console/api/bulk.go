package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/danielgtaylor/huma/v2"
)

// Bulk is a decision about several incidents, each by itself.
type Bulk struct {
	Reason
	Incidents []Choice `json:"incidents" minItems:"1" maxItems:"100"`
}

// Choice is one of the incidents of a decision.
type Choice struct {
	Incident string `json:"incident" maxLength:"40"`
	Token    string `json:"token,omitempty" maxLength:"100" doc:"That of the incident as it was seen; a release needs it."`
}

// BulkResults is what was noted of each incident, in the order of the request.
type BulkResults struct {
	Results []BulkResult `json:"results"`
}

// BulkResult is what was noted of one incident.
type BulkResult struct {
	Status int    `json:"status" doc:"That which the decision by itself would have been answered with."`
	Detail string `json:"detail" doc:"Why it was not noted; empty where it was."`
	Job    *Job   `json:"job,omitempty" doc:"Left out where nothing was noted."`
}

type bulkIn struct {
	Once
	Body Bulk
}

// bulkOperations decide about several incidents.
func (a *api) bulkOperations() []operation {
	about := func(o *huma.Operation) {
		o.Description = "Each incident is decided on by itself, and each decision noted and carried out in the background. With an Idempotency-Key, asking again within a day does nothing again."
	}
	return []operation{
		op(access.DecideRelease, "POST /bulk/release", "bulk-release", "Send the held copies of several incidents on", a.bulk(quarantine.ActionRelease)).with(about),
		op(access.DecideRefuse, "POST /bulk/refuse", "bulk-refuse", "Decide that no held copy of several incidents is to be sent", a.bulk(quarantine.ActionRefuse)).with(about),
		op(access.DecideDelete, "POST /bulk/delete", "bulk-delete", "Remove the content of the held copies of several incidents", a.bulk(quarantine.ActionDelete)).with(about),
	}
}

// bulk gives the operation that makes one kind of decision.
func (a *api) bulk(action string) func(context.Context, *bulkIn) (*done[BulkResults], error) {
	return func(ctx context.Context, in *bulkIn) (*done[BulkResults], error) {
		return once(ctx, a, in.Once, asked{"several: " + action, in}, func(ctx context.Context) (BulkResults, error) {
			var out BulkResults
			for _, c := range in.Body.Incidents {
				out.Results = append(out.Results, a.one(ctx, review.Request{Incident: c.Incident, Action: action, Reason: in.Body.Reason.Reason, Token: c.Token}))
			}
			return out, nil
		})
	}
}

// one decides about one of several incidents.
func (a *api) one(ctx context.Context, q review.Request) BulkResult {
	j, err := a.note(ctx, q)
	if err == nil {
		return BulkResult{Status: http.StatusAccepted, Job: &j}
	}
	var told huma.StatusError
	errors.As(a.problem(ctx, "bulk-"+q.Action, err), &told)
	return BulkResult{Status: told.GetStatus(), Detail: told.Error()}
}
