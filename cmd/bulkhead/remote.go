package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	apiclient "github.com/bulkhead-dlp/bulkhead/proxy/console/client"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
)

// remote are the flags of a command that can ask a running server, by its API,
// instead of the store.
type remote struct {
	Server    string `placeholder:"URL" env:"BULKHEAD_URL" help:"Ask this server, as https://bulkhead.example, and not the store of this machine."`
	TokenFile string `type:"existingfile" placeholder:"FILE" help:"File with the API token for --server; else BULKHEAD_TOKEN."`
}

// client makes the client of the server.
func (r remote) client(p program) (*apiclient.Client, error) {
	token := variable(p, "BULKHEAD_TOKEN")
	if r.TokenFile != "" {
		text, err := os.ReadFile(r.TokenFile)
		if err != nil {
			return nil, err
		}
		token = string(text)
	}
	if token = strings.TrimSpace(token); token == "" {
		return nil, errors.New("--server needs an API token: set BULKHEAD_TOKEN or give --token-file; bulkhead token add makes one")
	}
	c, err := apiclient.New(r.Server, token, nil)
	if err != nil {
		return nil, fmt.Errorf("--server: %w", err)
	}
	return c, nil
}

// variable gives an environment variable, "" where there is none.
func variable(p program, name string) string {
	for _, e := range p.environ {
		if value, found := strings.CutPrefix(e, name+"="); found {
			return value
		}
	}
	return ""
}

// errByToken says who acts where a server is asked.
var errByToken = errors.New("--by goes without --server: there the token says who acts")

// ask has a server carry a decision out, and waits for its end.
func (c incidentDecision) ask(ctx context.Context, p program, do func(*apiclient.Client) (api.Job, error)) error {
	if c.By != "" {
		return errByToken
	}
	server, err := c.client(p)
	if err != nil {
		return err
	}
	j, err := do(server)
	if err != nil {
		return err
	}
	return c.follow(ctx, p, server, j)
}

// seen is what a server is told of a decision about what was seen.
func (c incidentDecision) seen() api.Seen {
	return api.Seen{Reason: api.Reason{Reason: c.Reason}, Token: c.Token}
}

// tell has a server do something, and says so.
func (r remote) tell(p program, do func(*apiclient.Client) error, says string) error {
	server, err := r.client(p)
	if err == nil {
		err = do(server)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(p.stdout, says)
	return err
}

// jobEvery is how often a server is asked how far a decision is.
const jobEvery = 300 * time.Millisecond

// follow waits for a decision that a server carries out, and tells what became
// of it, in the words of one that is carried out here.
func (c incidentDecision) follow(ctx context.Context, p program, server *apiclient.Client, j api.Job) error {
	if j.State == "awaiting" {
		return errFound{fmt.Sprintf("%v: somebody else looks at it and approves: bulkhead incidents approve %s --token TOKEN --reason …", review.ErrAwaiting, j.Incident)}
	}
	out := &resultWriter{p: p, format: c.Format}
	for j.Ended == nil && j.State != "stopped" {
		out.progress(j.Done, j.Total)
		select {
		case <-ctx.Done():
			out.clear()
			return fmt.Errorf("the server goes on with it: %w", ctx.Err())
		case <-time.After(jobEvery):
		}
		var err error
		if j, err = server.Job(ctx, j.Incident); err != nil {
			return err
		}
	}
	out.clear()
	if err := tellResults(ctx, server, &j, out); err != nil {
		return err
	}
	if j.State == "stopped" {
		return fmt.Errorf("%d of %d messages are dealt with; it was stopped, and goes on with: bulkhead incidents resume %s", j.Done, j.Total, j.Incident)
	}
	return out.end(outcomeOf(&j))
}

// tellResults tells what became of each recipient of a release, and of each
// message of another decision.
func tellResults(ctx context.Context, server *apiclient.Client, j *api.Job, out *resultWriter) error {
	if j.Action != quarantine.ActionRelease {
		for m, err := range listed(func(after string) ([]api.ListedMessage, string, error) {
			got, err := server.Messages(ctx, apiclient.MessageQuery{Incident: j.Incident, Page: apiclient.Page{After: after, Limit: 500}})
			return got.Messages, got.Next, err
		}) {
			if err != nil {
				return err
			}
			if m.State == string(quarantine.Refused) || m.State == string(quarantine.Deleted) {
				out.result(review.Result{Message: m.ID, State: m.State})
			}
		}
		return nil
	}
	for r, err := range listed(func(after string) ([]api.Recipient, string, error) {
		got, err := server.Recipients(ctx, j.Incident, apiclient.Page{After: after, Limit: 500})
		return got.Recipients, got.Next, err
	}) {
		if err != nil {
			return err
		}
		if r.State != string(quarantine.RecipientHeld) {
			out.result(review.Result{Message: r.Message, Address: r.Address, State: r.State, Reply: r.Reply})
		}
	}
	return nil
}

// outcomeOf tells a job as what is carried out here is told.
func outcomeOf(j *api.Job) *review.Outcome {
	o := &review.Outcome{Decision: quarantine.Decision{Incident: j.Incident, Action: j.Action}, Messages: make([]string, max(0, j.Done-j.Failed)),
		Results: map[quarantine.RecipientState]int{}, HadIt: j.Results[review.HadIt], Failed: j.Failed}
	if j.Action != quarantine.ActionRelease {
		return o
	}
	for state, n := range j.Results {
		if state != review.HadIt && state != review.Failed {
			o.Results[quarantine.RecipientState(state)] = n
		}
	}
	return o
}
