package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	apiclient "github.com/bulkhead-dlp/bulkhead/proxy/console/client"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
)

// newDesk makes where decisions are made. Without an upstream nothing can be
// released.
func newDesk(cfg *configs.Config, store *quarantine.Store, to review.Sender) *review.Desk {
	return review.New(review.Config{Store: store, Upstream: to, TwoPeopleFrom: cfg.Review.TwoPeopleFrom, Served: store.HasServed,
		Own: func(_, address string) bool { return isListed(cfg.Review.TestTo, address) }})
}

// isListed reports whether an address is one of a list, or of a domain of it,
// which begins with "@".
func isListed(list []string, address string) bool {
	at := strings.LastIndexByte(address, '@')
	return at > 0 && !strings.ContainsAny(address, " <>\r\n") &&
		slices.ContainsFunc(list, func(l string) bool { return strings.EqualFold(l, address) || strings.EqualFold(l, address[at:]) })
}

// incidentSettings are the flags of the commands about one incident.
type incidentSettings struct {
	storeSettings
	ID string `arg:"" help:"The incident's id."`
}

// incidentDecision are the flags of a command that decides about an incident.
type incidentDecision struct {
	decision
	remote
	Token    string `placeholder:"TOKEN" help:"The token that show printed: the decision holds for what you have seen."`
	Upstream string `placeholder:"URL" env:"BULKHEAD_UPSTREAM" help:"Server to send to, where the configuration does not say."`
	Format   string `enum:"text,json" default:"text" help:"text for people, json for programs: one result a line."`
}

type incidentsRelease struct {
	incidentDecision
	To    []string `placeholder:"ADDR" help:"Only to these recipients; else to all who do not have it."`
	Force bool     `help:"Also to recipients who have a copy of the run already, or may: they may get it twice."`
}

// Help implements kong.HelpProvider.
func (incidentsRelease) Help() string {
	return `Each copy is sent in its exact bytes. Who had a copy of the same run already is
left out (had_it). Copies that arrive meanwhile are not sent. From
review.two_people_from people on, the release awaits a second person: approve.
A release that is broken off goes on with resume.

Exit status: 0 all recipients have it, 1 some have not or a second person has to
agree, 2 an error.

Examples:
  bulkhead incidents release IN-7K2M-Q9XD --token Q2WX5K7A --reason "agreed with the customer"
  bulkhead incidents release IN-7K2M-Q9XD --token Q2WX5K7A --reason "only ana" --to ana@example.org`
}

// Run releases the copies of an incident.
func (c incidentsRelease) Run(ctx context.Context, p program) error {
	if c.Server != "" {
		return c.ask(ctx, p, func(s *apiclient.Client) (api.Job, error) {
			return s.Release(ctx, c.ID, api.Release{Reason: api.Reason{Reason: c.Reason}, Token: c.Token, To: c.To, Force: c.Force})
		})
	}
	return c.run(ctx, p, func(ctx context.Context, d *review.Desk, h review.Hooks) (review.Outcome, error) {
		return d.Decide(ctx, review.Request{Incident: c.ID, Action: quarantine.ActionRelease, By: c.by(), Reason: c.Reason,
			Token: c.Token, To: c.To, Force: c.Force}, h)
	})
}

type incidentsRefuse struct{ incidentDecision }

// Help implements kong.HelpProvider.
func (incidentsRefuse) Help() string {
	return `The copies are kept, and not sent. A sender who was told 250 gets one
non-delivery notice for all, where notify.sender says so.

Examples:
  bulkhead incidents refuse IN-7K2M-Q9XD --reason "wrong file"
  bulkhead incidents refuse IN-7K2M-Q9XD --reason "not agreed" --by ana --token Q2WX5K7A`
}

// Run refuses the copies of an incident.
func (c incidentsRefuse) Run(ctx context.Context, p program) error {
	if c.Server != "" {
		return c.ask(ctx, p, func(s *apiclient.Client) (api.Job, error) { return s.Refuse(ctx, c.ID, c.seen()) })
	}
	return c.run(ctx, p, func(ctx context.Context, d *review.Desk, h review.Hooks) (review.Outcome, error) {
		return d.Decide(ctx, review.Request{Incident: c.ID, Action: quarantine.ActionRefuse, By: c.by(), Reason: c.Reason, Token: c.Token}, h)
	})
}

type incidentsDelete struct{ incidentDecision }

// Help implements kong.HelpProvider.
func (incidentsDelete) Help() string {
	return `The content of all copies is removed for good. What is known of them stays, and
so does the audit trail. Copies under legal hold stay.

Examples:
  bulkhead incidents delete IN-7K2M-Q9XD --reason "asked for by the people"
  bulkhead incidents delete IN-7K2M-Q9XD --reason "test" --by ana`
}

// Run deletes the copies of an incident.
func (c incidentsDelete) Run(ctx context.Context, p program) error {
	if c.Server != "" {
		return c.ask(ctx, p, func(s *apiclient.Client) (api.Job, error) { return s.Delete(ctx, c.ID, c.seen()) })
	}
	return c.run(ctx, p, func(ctx context.Context, d *review.Desk, h review.Hooks) (review.Outcome, error) {
		return d.Decide(ctx, review.Request{Incident: c.ID, Action: quarantine.ActionDelete, By: c.by(), Reason: c.Reason, Token: c.Token}, h)
	})
}

type incidentsApprove struct{ incidentDecision }

// Help implements kong.HelpProvider.
func (incidentsApprove) Help() string {
	return `Look at the incident yourself first; you must be somebody else than who asked.

Examples:
  bulkhead incidents approve IN-7K2M-Q9XD --token Q2WX5K7A --reason "seen, agreed"
  bulkhead incidents approve IN-7K2M-Q9XD --token Q2WX5K7A --reason "seen" --by ben`
}

// Run approves a release and carries it out.
func (c incidentsApprove) Run(ctx context.Context, p program) error {
	if c.Server != "" {
		return c.ask(ctx, p, func(s *apiclient.Client) (api.Job, error) { return s.Approve(ctx, c.ID, c.seen()) })
	}
	return c.run(ctx, p, func(ctx context.Context, d *review.Desk, h review.Hooks) (review.Outcome, error) {
		return d.Approve(ctx, review.Request{Incident: c.ID, By: c.by(), Reason: c.Reason, Token: c.Token}, h)
	})
}

type incidentsWithdraw struct {
	decision
	remote
}

// Help implements kong.HelpProvider.
func (incidentsWithdraw) Help() string {
	return "Examples:\n  bulkhead incidents withdraw IN-7K2M-Q9XD --reason \"not agreed\"\n  bulkhead incidents withdraw IN-7K2M-Q9XD --reason \"wrong one\" --by ben"
}

// Run takes back a release that awaits a second person.
func (c incidentsWithdraw) Run(ctx context.Context, p program) error {
	if c.Server != "" {
		return c.tell(p, func(s *apiclient.Client) error { return s.Withdraw(ctx, c.ID, c.Reason) }, c.says())
	}
	cfg, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the decision is committed
	if err := newDesk(cfg, store, nil).Withdraw(ctx, c.ID, c.by(), c.Reason); err != nil {
		return err
	}
	_, err = fmt.Fprint(p.stdout, c.says())
	return err
}

func (c incidentsWithdraw) says() string {
	return fmt.Sprintf("Withdrawn. Incident %s is open.\n", strings.ToUpper(c.ID))
}

type incidentsResume struct {
	incidentSettings
	remote
	Upstream string `placeholder:"URL" env:"BULKHEAD_UPSTREAM" help:"Server to send to, where the configuration does not say."`
	Format   string `enum:"text,json" default:"text" help:"text for people, json for programs: one result a line."`
	By       string `placeholder:"NAME" help:"Who has it go on, where somebody had stopped it; else the user of this machine."`
}

// Help implements kong.HelpProvider.
func (incidentsResume) Help() string {
	return "What was done is not done again.\n\nExamples:\n  bulkhead incidents resume IN-7K2M-Q9XD\n  bulkhead incidents resume IN-7K2M-Q9XD --format json"
}

// Run carries on a decision.
func (c incidentsResume) Run(ctx context.Context, p program) error {
	d := incidentDecision{decision: decision{storeSettings: c.storeSettings, ID: c.ID}, remote: c.remote, Upstream: c.Upstream, Format: c.Format}
	if c.Server != "" {
		return d.ask(ctx, p, func(s *apiclient.Client) (api.Job, error) { return s.Resume(ctx, c.ID) })
	}
	return d.run(ctx, p, func(ctx context.Context, d *review.Desk, h review.Hooks) (review.Outcome, error) {
		return d.Resume(ctx, c.ID, who(c.By), h)
	})
}

// run carries out a decision with a bar, tells its results, and tells people.
func (c incidentDecision) run(ctx context.Context, p program, do func(context.Context, *review.Desk, review.Hooks) (review.Outcome, error)) error {
	cfg, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // what was decided is committed
	if c.Upstream != "" {
		cfg.Upstream.URL = c.Upstream
	}
	var to review.Sender = noUpstream{}
	if cfg.Upstream.URL != "" {
		server, err := newUpstream(cfg)
		if err != nil {
			return err
		}
		defer server.Close() //nolint:errcheck // idle connections only
		to = server
	}
	out := &resultWriter{p: p, format: c.Format}
	desk := newDesk(cfg, store, to)
	o, err := do(ctx, desk, review.Hooks{Progress: out.progress, Result: out.result,
		Tell: func(ctx context.Context, o *review.Outcome) error {
			out.clear()
			return tellIncident(ctx, p, cfg, store, o)
		}})
	out.clear()
	if errors.Is(err, review.ErrAwaiting) {
		return errFound{fmt.Sprintf("%v: somebody else looks at it and approves: bulkhead incidents approve %s --token TOKEN --reason …", err, strings.ToUpper(c.ID))}
	}
	if err != nil && ctx.Err() != nil && o.Decision.State == quarantine.DecisionRunning {
		// Who interrupts it does not want the next start of serve to go on.
		return errors.Join(err, desk.Stop(context.WithoutCancel(ctx), o.Decision.Incident, c.by(), "interrupted"))
	}
	if err != nil {
		return err
	}
	return out.end(&o)
}
