package main

import (
	"context"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/report"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// consoleConfig is what the console of a relay is made of.
func (r *relay) consoleConfig(ctx context.Context, m *metrics.Metrics, spool string) console.Config {
	desk := newDesk(r.cfg, r.store, r.upstream)
	var tester console.Tester
	if len(r.cfg.Review.TestTo) > 0 {
		tester = desk
	}
	return console.Config{
		Store: r.store, Access: r.access, Accounts: r.store, Metrics: m, Log: r.log, Hosts: r.cfg.ConsoleHosts(), Version: version, Done: ctx.Done(),
		Judge: consoleJudge{r.adviser}, TryMost: int64(r.cfg.SMTP.MaxSize), SpoolDir: spool,
		Policies: consolePolicies{r.live}, Past: r.store, Settings: r.consoleSettings, Health: r.health,
		Desk: desk, Jobs: r.jobs, Cases: r.store, Test: tester,
		Allow: allower{allowFilesOf(r.cfg), r.store, r.adviser.limits},
		Gather: func(ctx context.Context, incident string) (report.Incident, error) {
			return gatherIncident(ctx, r.store, incident)
		},
	}
}

// consolePolicies are the relay's policies as the console asks for them.
type consolePolicies struct{ live *live }

// InForce implements console.Policies.
func (p consolePolicies) InForce() *rules.Policies { return p.live.policies() }

// Compile implements console.Policies.
func (p consolePolicies) Compile(specs []rules.PolicySpec) (*rules.Policies, error) {
	return rules.CompilePolicies(specs, p.live.ownDomains())
}

// health is how the relay does.
func (r *relay) health() console.Health {
	times, messages := r.figures.pace.Quantiles(0.5, 0.99)
	return console.Health{Reachable: r.figures.metrics.IsUpstreamReachable(), Half: times[0], Most: times[1], Messages: messages}
}

// consoleJudge is the adviser as the console asks it.
type consoleJudge struct{ adviser *adviser }

// Judge implements console.Judge.
func (j consoleJudge) Judge(ctx context.Context, t console.Trial) (console.Opinion, error) {
	a, err := j.adviser.advise(ctx, submission{Name: t.Name, Content: t.Content, From: t.From, To: t.To})
	if err != nil {
		return console.Opinion{}, err
	}
	return console.Opinion{Verdict: a.Verdict, Findings: a.Evidence.Findings, Took: a.Took}, nil
}
