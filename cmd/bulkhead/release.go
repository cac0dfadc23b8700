package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
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
	begin := store.BeginRelease
	if c.Force {
		begin = store.ForceRelease
	}
	release, err := begin(ctx, c.ID, c.To, c.by(), c.Reason)
	if err != nil {
		return err
	}
	results, err := send(ctx, release, server)
	if err != nil {
		return err
	}
	missing := 0
	for _, r := range results {
		fmt.Fprintf(p.stdout, "%-9s %s  %s\n", r.State, r.Address, r.Reply)
		if r.State != quarantine.RecipientReleased {
			missing++
		}
	}
	d := decisionOn{kind: notify.Released, id: c.ID, by: c.by(), failed: missing}
	if missing > 0 {
		d.kind = notify.ReleaseFailed
	}
	if err := d.tell(ctx, p, cfg, store); err != nil {
		return err
	}
	if missing > 0 {
		return errFound{fmt.Sprintf("%d of %d recipients do not have it; the release can be tried again", missing, len(results))}
	}
	return nil
}

// sender sends a whole transaction; an *upstream.Server does.
type sender interface {
	Send(ctx context.Context, e upstream.Envelope, content io.Reader, size int64) ([]upstream.Result, error)
}

// send sends a release and settles it, whatever becomes of it.
func send(ctx context.Context, release *quarantine.Release, to sender) ([]quarantine.RecipientResult, error) {
	m := release.Message()
	envelope := upstream.Envelope{From: m.From, MailParams: declared(m.MailParams, m.Size)}
	for _, r := range m.Recipients {
		envelope.Recipients = append(envelope.Recipients, upstream.Recipient{Path: r.Address, Params: r.Params})
	}
	content, err := release.Content()
	if err != nil {
		return nil, errors.Join(err, release.Settle(ctx, settled(m, nil)))
	}
	defer content.Close() //nolint:errcheck // read only
	sent, sendErr := to.Send(ctx, envelope, content, content.Size())
	results := settled(m, sent)
	if err := release.Settle(ctx, results); err != nil {
		return nil, errors.Join(err, sendErr)
	}
	return results, sendErr
}

// declared returns the parameters of MAIL with the size that is sent (RFC
// 1870): the client's declaration knows nothing of our own trace line.
func declared(params []string, size int64) []string {
	out := slices.Clone(params)
	for i, p := range out {
		if strings.HasPrefix(p, "SIZE=") {
			out[i] = fmt.Sprintf("SIZE=%d", size)
		}
	}
	return out
}

// settled turns an upstream's results into the store's; without any, nothing
// was tried and every recipient is deferred.
func settled(m quarantine.Message, sent []upstream.Result) []quarantine.RecipientResult {
	states := map[upstream.Outcome]quarantine.RecipientState{
		upstream.Accepted: quarantine.RecipientReleased, upstream.Refused: quarantine.RecipientRefused,
		upstream.Deferred: quarantine.RecipientDeferred, upstream.Unknown: quarantine.RecipientUnknown,
	}
	results := make([]quarantine.RecipientResult, len(m.Recipients))
	for i, r := range m.Recipients {
		results[i] = quarantine.RecipientResult{Address: r.Address, State: quarantine.RecipientDeferred}
		if i < len(sent) {
			results[i].State = states[sent[i].Outcome]
			if sent[i].Reply.Code != 0 {
				results[i].Reply = sent[i].Reply.String()
			}
		}
	}
	return results
}
