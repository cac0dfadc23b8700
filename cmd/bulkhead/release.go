package main

import (
	"context"
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
)

type quarantineRelease struct {
	decision
	Upstream string   `placeholder:"URL" env:"BULKHEAD_UPSTREAM" help:"Server to send to, where the configuration does not say."`
	To       []string `placeholder:"ADDR" help:"Only to these of its recipients; else to all who do not have it."`
	Force    bool     `help:"Also to recipients of whom it is not known whether they have it: they may get it twice."`
}

// Help implements kong.HelpProvider.
func (quarantineRelease) Help() string {
	return `The exact bytes that were held are sent, through the same upstream. A release
that the upstream refuses can be tried again; nobody gets it twice.

Exit status: 0 all recipients have it, 1 some have not, 2 an error.

Examples:
  bulkhead quarantine release BH-7K2M-Q9XD --reason "agreed with the customer"
  bulkhead quarantine release BH-7K2M-Q9XD --reason "only ana" --to ana@example.org`
}

// Run releases one message.
func (c quarantineRelease) Run(ctx context.Context, p program) error {
	cfg, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the release is settled
	if c.Upstream != "" {
		cfg.Upstream.URL = c.Upstream
	}
	server, err := newUpstream(cfg)
	if err != nil {
		return err
	}
	defer server.Close() //nolint:errcheck // idle connections only
	m, err := store.Get(ctx, c.ID)
	if err != nil {
		return err
	}
	if err := newDesk(cfg, store, server).OneAlone(&m); err != nil {
		return err
	}
	on := decisionOn{message: m, by: c.by()}
	err = withTeller(ctx, p, cfg, store, func(t teller) error {
		results, err := c.send(ctx, store, server, func(results []quarantine.RecipientResult) ([]quarantine.Posting, error) {
			on.released(results)
			return on.postings(t)
		})
		for _, r := range results {
			fmt.Fprintf(p.stdout, "%-9s %s  %s\n", r.State, r.Address, r.Reply)
		}
		if err == nil {
			t.notices.Posted(on.notices)
		}
		return err
	})
	if err != nil {
		return err
	}
	if on.failed > 0 {
		return errFound{fmt.Sprintf("%d of %d recipients do not have it; the release can be tried again", on.failed, on.tried)}
	}
	return nil
}

// send releases the message.
func (c quarantineRelease) send(ctx context.Context, store *quarantine.Store, to review.Sender, telling review.Telling) ([]quarantine.RecipientResult, error) {
	begin := store.BeginRelease
	if c.Force {
		begin = store.ForceRelease
	}
	release, err := begin(ctx, c.ID, c.To, c.by(), c.Reason)
	if err != nil {
		return nil, err
	}
	return review.Send(ctx, release, to, telling)
}
