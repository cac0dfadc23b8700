package review

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
)

// release sends one message to those of its recipients whom the decision is
// for and who have no copy of the run.
func (j *job) release(ctx context.Context, id string) error {
	store := j.desk.cfg.Store
	m, err := store.Get(ctx, id)
	if err != nil {
		return err
	}
	// Read anew: another process may be at work on the same decision.
	if err := j.remember(&m); err != nil {
		return err
	}
	to := j.wanted(&m)
	if len(to) == 0 {
		return nil
	}
	begin := store.BeginRelease
	if j.decision.Plan.Force {
		begin = store.ForceRelease
	}
	release, err := begin(ctx, id, to, j.decision.By, j.decision.Reason)
	if errors.Is(err, quarantine.ErrDecided) {
		return nil
	}
	if err != nil {
		return err
	}
	had, err := j.served(ctx, release.Message())
	if err != nil {
		return errors.Join(err, release.Settle(ctx, settled(release.Message(), nil)))
	}
	results, err := send(ctx, release, j.desk.cfg.Upstream, had, nil)
	if len(results) > 0 {
		j.outcome.Messages = append(j.outcome.Messages, id)
	}
	for _, r := range results {
		state := string(r.State)
		if had[r.Address] == quarantine.RecipientReleased {
			state = HadIt
			j.outcome.HadIt++
		} else {
			j.outcome.Results[r.State]++
		}
		j.note(r.Address, r.State)
		j.tell(Result{Message: id, Address: r.Address, State: state, Reply: r.Reply})
	}
	return err
}

// remember notes who has a copy of the incident, or may have.
func (j *job) remember(m *quarantine.Message) error {
	for _, r := range m.Recipients {
		j.note(r.Address, r.State)
	}
	return nil
}

// note notes that a copy has reached an address, or may have: what is being
// sent may be the last act of a process that has died.
func (j *job) note(address string, state quarantine.RecipientState) {
	address = strings.ToLower(address)
	switch state {
	case quarantine.RecipientReleased:
		j.reached[address] = state
	case quarantine.RecipientUnknown, quarantine.RecipientSending:
		if j.reached[address] == "" {
			j.reached[address] = quarantine.RecipientUnknown
		}
	}
}

// wanted gives the recipients of a message that the decision sends to: not
// those who have it, or may, unless by force.
func (j *job) wanted(m *quarantine.Message) []string {
	if !m.State.Open() {
		return nil
	}
	var to []string
	for _, r := range m.Recipients {
		asked := len(j.decision.Plan.To) == 0 || slices.ContainsFunc(j.decision.Plan.To, func(a string) bool { return strings.EqualFold(a, r.Address) })
		open := r.State != quarantine.RecipientReleased && (j.decision.Plan.Force || r.State != quarantine.RecipientUnknown)
		if asked && open {
			to = append(to, r.Address)
		}
	}
	return to
}

// served gives the recipients who have had a copy of the run, as released, and
// those who may have, as unknown.
func (j *job) served(ctx context.Context, m quarantine.Message) (map[string]quarantine.RecipientState, error) {
	had := map[string]quarantine.RecipientState{}
	if j.decision.Plan.Force || m.IncidentKey == "" {
		return had, nil
	}
	for _, r := range m.Recipients {
		state := j.reached[strings.ToLower(r.Address)]
		if state != quarantine.RecipientReleased && j.desk.cfg.Served != nil {
			got, err := j.desk.cfg.Served(ctx, m.IncidentKey, r.Address)
			if err != nil {
				return nil, fmt.Errorf("message %s: asking who had the run: %w", m.ID, err)
			}
			if got {
				state = quarantine.RecipientReleased
			}
		}
		if state != "" {
			had[r.Address] = state
		}
	}
	return had, nil
}

// Telling gives the notices that tell of a release, to be posted with its results.
type Telling func([]quarantine.RecipientResult) ([]quarantine.Posting, error)

// Send sends a release to all its recipients and settles it, whatever becomes
// of it, with what tells of it; nil tells nobody. Without any result nothing was
// sent. Where notices cannot be made, the error says so beside the results.
func Send(ctx context.Context, release *quarantine.Release, to Sender, telling Telling) ([]quarantine.RecipientResult, error) {
	return send(ctx, release, to, nil, telling)
}

// send leaves out those who had it or may have: they are settled as such,
// without a reply of the upstream.
func send(ctx context.Context, release *quarantine.Release, to Sender, had map[string]quarantine.RecipientState, telling Telling) ([]quarantine.RecipientResult, error) {
	m := release.Message()
	envelope := upstream.Envelope{From: m.From, MailParams: declared(m.MailParams, m.Size)}
	var sending []quarantine.Recipient
	var results []quarantine.RecipientResult
	for _, r := range m.Recipients {
		if state := had[r.Address]; state != "" {
			results = append(results, quarantine.RecipientResult{Address: r.Address, State: state})
			continue
		}
		sending = append(sending, r)
		envelope.Recipients = append(envelope.Recipients, upstream.Recipient{Path: r.Address, Params: r.Params})
	}
	m.Recipients = sending
	var sendErr error
	if len(sending) > 0 {
		content, err := release.Content()
		if err != nil {
			return nil, errors.Join(err, release.Settle(ctx, append(results, settled(m, nil)...)))
		}
		defer content.Close() //nolint:errcheck // read only
		var sent []upstream.Result
		sent, sendErr = to.Send(ctx, envelope, content, content.Size())
		results = append(results, settled(m, sent)...)
	}
	var notices []quarantine.Posting
	var tellErr error
	if telling != nil && sendErr == nil {
		if notices, tellErr = telling(results); tellErr != nil {
			tellErr = fmt.Errorf("message %s is settled, but nobody is told: %w", m.ID, tellErr)
		}
	}
	if err := release.Settle(ctx, results, notices...); err != nil {
		return nil, errors.Join(err, sendErr)
	}
	return results, errors.Join(sendErr, tellErr)
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
