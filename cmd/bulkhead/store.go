package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs/bucket"
	runs "github.com/bulkhead-dlp/bulkhead/proxy/run"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// releaseLease is how long a release may take before its outcome counts as
// unknown: longer than any transaction with the upstream.
const releaseLease = 2 * time.Hour

// openStore opens the quarantine of a configuration.
func openStore(ctx context.Context, cfg *configs.Config) (*quarantine.Store, error) {
	o := quarantine.Options{
		Reserve: int64(cfg.Quarantine.Reserve), Lease: releaseLease,
		Identity: cfg.Quarantine.Identity, Recipient: cfg.Quarantine.Recipient,
		Retention: retention(cfg.Quarantine.Retention),
		Database:  cfg.Quarantine.Database, Password: string(cfg.Quarantine.Password), Secret: cfg.Quarantine.SecretFile,
	}
	if cfg.Quarantine.S3.On() {
		o.Packs = func(owner string) (packs.Store, error) { return newBucket(cfg, owner) }
	}
	return quarantine.Open(ctx, cfg.DataDir, o)
}

// newBucket makes the store of content of a configuration. A pack that waits for
// its end is beside the messages that do.
func newBucket(cfg *configs.Config, owner string) (*bucket.Bucket, error) {
	c := &cfg.Quarantine.S3
	b, err := bucket.New(bucket.Options{
		Endpoint: c.Endpoint, Bucket: c.Bucket, Prefix: c.Prefix, Region: c.Region, AccessKey: c.AccessKey, SecretKey: string(c.SecretKey),
		CA: c.CA, Addressing: c.Addressing, Timeout: c.Timeout, SpoolDir: spoolDir(cfg), Owner: owner,
	})
	if err != nil {
		return nil, fmt.Errorf("quarantine.s3: %w", err)
	}
	return b, nil
}

// spoolDir is where messages are kept while they are in work.
func spoolDir(cfg *configs.Config) string { return filepath.Join(cfg.DataDir, "spool") }

// retention turns a configuration's periods into the store's.
func retention(c configs.Retention) quarantine.Retention {
	periods := func(undecided, decided configs.Period) quarantine.Periods {
		return quarantine.Periods{Undecided: time.Duration(undecided), Decided: time.Duration(decided)}
	}
	r := quarantine.Retention{Periods: periods(c.Undecided, c.Decided), Policies: map[string]quarantine.Periods{}}
	for name, p := range c.Policies {
		r.Policies[name] = periods(p.Undecided, p.Decided)
	}
	return r
}

// holder lets the relay hold messages in a quarantine.
type holder struct {
	store *quarantine.Store
	tell  teller
}

// Hold implements proxy.Quarantine.
func (h holder) Hold(ctx context.Context, held proxy.Held, content io.Reader) (proxy.Kept, error) {
	evidence, err := json.Marshal(held.Findings)
	if err != nil {
		return proxy.Kept{}, fmt.Errorf("writing the evidence: %w", err)
	}
	x := &held.Verdict.Exposure
	m := quarantine.Message{
		IncidentKey: held.Run.Key, Incident: held.Incident, Run: storedRun(&held.Run),
		From: held.Envelope.From, MailParams: held.MailParams,
		Action: held.Verdict.Action.String(), Policy: held.Verdict.Policy, PolicyVersion: held.Verdict.PolicyVersion,
		Subjects: int(x.Subjects), ByCategory: x.ByCategory, Records: int(x.Records), Fields: x.Fields, Reasons: held.Verdict.Reasons,
		Completeness: x.Completeness.String(), Evidence: evidence,
		Client: held.Client.String(), Auth: held.Envelope.Authenticated, Received: held.Received,
	}
	if held.Verdict.Answer == rules.Refuse {
		m.Answered = 550
	}
	for i, address := range held.Envelope.Recipients {
		m.Recipients = append(m.Recipients, quarantine.Recipient{Address: address, Params: held.RcptParams[i]})
	}
	m, err = h.store.Hold(ctx, m, content)
	if errors.Is(err, quarantine.ErrFull) {
		return proxy.Kept{}, fmt.Errorf("%w: %w", proxy.ErrFull, err)
	}
	if errors.Is(err, quarantine.ErrOvertaken) {
		return proxy.Kept{}, fmt.Errorf("%w: %w", runs.ErrOvertaken, err)
	}
	if err != nil {
		return proxy.Kept{}, err
	}
	// The message is safe: a client that goes now does not stop the notice.
	h.tell.held(context.WithoutCancel(ctx), &m, &held)
	return proxy.Kept{ID: m.ID, Incident: m.Incident}, nil
}
