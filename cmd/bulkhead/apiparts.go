package main

import (
	"context"
	"net/http"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/report"
)

// newAPI makes the API of a relay.
func (r *relay) newAPI(ctx context.Context, m *metrics.Metrics, spool string) (http.Handler, error) {
	desk := newDesk(r.cfg, r.store, r.upstream)
	var tester api.Tester
	if len(r.cfg.Review.TestTo) > 0 {
		tester = desk
	}
	return api.New(api.Config{
		Store: r.store, Desk: desk, Test: tester, Allow: allower{allowFilesOf(r.cfg), r.store, r.adviser.limits}, Jobs: r.jobs, People: r.store, Log: r.log, Version: version, Done: ctx.Done(),
		Judge: r.judgeSubmission, ScanMost: int64(r.cfg.SMTP.MaxSize), SpoolDir: spool,
		Policies: r.live.policies, OwnDomains: r.live.ownDomains, Settings: r.apiSettings, Reload: r.reload,
		Inspector: r.examiner,
		Taken: func(kind string, given bool) {
			result := "denied"
			if given {
				result = "allowed"
			}
			m.Reveals.WithLabelValues(kind, result).Inc()
		},
		Gather: func(ctx context.Context, incident string) (report.Incident, error) {
			return gatherIncident(ctx, r.store, incident)
		},
		Obstacle: func(ctx context.Context) string {
			why, err := r.ready.ask(ctx, r.obstacle)
			if err != nil {
				return "not known: " + err.Error()
			}
			return why
		},
	})
}

// judgeSubmission asks the adviser, for a program.
func (r *relay) judgeSubmission(ctx context.Context, s api.Submission) (api.Scan, error) {
	a, err := r.adviser.advise(ctx, submission(s))
	if err != nil {
		return api.Scan{}, err
	}
	return api.NewScan(s.Name, s.Content.Size, &a.Verdict, a.Evidence.Findings, a.Took), nil
}

// apiSettings are what the relay runs with.
func (r *relay) apiSettings() []api.Setting {
	var all []api.Setting
	for _, v := range r.consoleSettings(context.Background()).Values {
		all = append(all, api.Setting{Name: v.Name, Value: v.Value, Origin: v.Origin})
	}
	return all
}
