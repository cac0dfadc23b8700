package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
)

// tellIncident tells of a decision about an incident, once for all its copies,
// however often it is called.
func tellIncident(ctx context.Context, p program, cfg *configs.Config, store *quarantine.Store, o *review.Outcome) error {
	e, messages, err := eventOf(ctx, store, o)
	if err != nil || len(messages) == 0 {
		return err
	}
	return withTeller(ctx, p, cfg, store, func(t teller) error {
		if err := t.decided(ctx, e, messages); err != nil {
			return fmt.Errorf("the decision is made, but not told: %w", err)
		}
		return nil
	})
}

// eventOf describes what became of a decision, and of which messages there is
// something to tell; without any there is nothing to tell.
func eventOf(ctx context.Context, store *quarantine.Store, o *review.Outcome) (notify.Event, []quarantine.Message, error) {
	release, concerned := o.Decision.Action == quarantine.ActionRelease, map[string]bool{}
	for _, id := range o.Decision.Plan.Messages {
		concerned[id] = release
	}
	for _, id := range o.Decision.Plan.Open {
		concerned[id] = true
	}
	// The state of each message tells, since an earlier call may have done some.
	var messages []quarantine.Message
	missing := 0
	err := eachMessage(ctx, store, quarantine.Query{Incident: o.Decision.Incident}, func(m *quarantine.Message) error {
		if concerned[m.ID] && (release || slices.Contains(undeliveredStates, m.State)) {
			missing += failedRecipients(m)
			light := *m
			light.Evidence = nil
			messages = append(messages, light)
		}
		return nil
	})
	if err != nil || len(messages) == 0 {
		return notify.Event{}, nil, err
	}
	kind := notify.Refused
	switch {
	case release && missing+o.Failed > 0:
		kind = notify.ReleaseFailed
	case release:
		kind = notify.Released
	}
	e := event(kind, messages)
	e.By, e.Failed, e.Expires, e.Message = o.Decision.By, missing, time.Time{}, ""
	e.Once = fmt.Sprint(o.Decision.ID)
	return e, messages, nil
}

// undeliveredStates are those of messages that are not delivered and will not be.
var undeliveredStates = []quarantine.State{quarantine.Refused, quarantine.Deleted, quarantine.Expired}

// failedRecipients counts the recipients whom a release should have reached, and
// did not as far as is known.
func failedRecipients(m *quarantine.Message) (n int) {
	for _, r := range m.Recipients {
		switch r.State {
		case quarantine.RecipientDeferred, quarantine.RecipientRefused, quarantine.RecipientUnknown:
			n++
		}
	}
	return n
}

// resultWriter prints what becomes of a decision.
type resultWriter struct {
	p      program
	format string
	bar    *progress
}

func (w *resultWriter) progress(done, total int) {
	if w.bar == nil {
		w.bar = newProgress(w.p.stderr, "dealt with", total)
	}
	w.bar.set(done)
}

func (w *resultWriter) clear() {
	if w.bar != nil {
		w.bar.clear()
	}
}

func (w *resultWriter) result(r review.Result) {
	w.clear()
	why := ""
	if r.Err != nil {
		why = r.Err.Error()
	}
	if w.format == "json" {
		_ = json.NewEncoder(w.p.stdout).Encode(struct { // a broken pipe ends nothing that is under way
			Message   string `json:"message"`
			Recipient string `json:"recipient,omitempty"`
			State     string `json:"state"`
			Reply     string `json:"reply,omitempty"`
			Error     string `json:"error,omitempty"`
		}{r.Message, r.Address, r.State, strings.TrimSpace(r.Reply), why})
		return
	}
	fmt.Fprintf(w.p.stdout, "%s  %-9s %s  %s%s\n", r.Message, r.State, r.Address, strings.TrimSpace(r.Reply), why)
}

// end sums up, and decides the exit status.
func (w *resultWriter) end(o *review.Outcome) error {
	missing := o.Missing()
	if w.format == "text" {
		done := map[string]string{quarantine.ActionRelease: "released", quarantine.ActionRefuse: "refused", quarantine.ActionDelete: "deleted"}[o.Decision.Action]
		fmt.Fprintf(w.p.stdout, "%s: %d messages %s", o.Decision.Incident, len(o.Messages), done)
		if o.HadIt > 0 {
			fmt.Fprintf(w.p.stdout, ", %d recipients had it already", o.HadIt)
		}
		fmt.Fprintln(w.p.stdout, ".")
	}
	if missing+o.Failed > 0 {
		return errFound{fmt.Sprintf("%d recipients do not have it, %d messages could not be dealt with; it can be tried again", missing, o.Failed)}
	}
	return nil
}

// noUpstream is where a release goes where no upstream is configured.
type noUpstream struct{}

// errNoUpstream says what would be right.
var errNoUpstream = errors.New("no upstream: name it with --upstream or --config")

// Send implements review.Sender: nothing is sent.
func (noUpstream) Send(context.Context, upstream.Envelope, io.Reader, int64) ([]upstream.Result, error) {
	return nil, errNoUpstream
}
