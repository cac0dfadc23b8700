package proxy

import (
	"context"
	"errors"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/proxy/run"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// RunAnswer is what the client is told of the copies that come after the first
// held one of a run.
type RunAnswer string

// The answers. Each copy that is kept goes to the incident of the first.
const (
	// RunAccept keeps each copy, and answers as the policy does that held the
	// first: 250, or 550 where it says so.
	RunAccept RunAnswer = "accept"
	// RunDefer keeps nothing and answers 451, so that the client keeps the rest
	// and brings it again until somebody has decided.
	RunDefer RunAnswer = "defer"
	// RunRefuse keeps each copy and answers 550.
	RunRefuse RunAnswer = "refuse"
)

// join finds the run of a message, and waits with it where a canary is on.
func (s *Server) join(ctx context.Context, m *message) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = rules.Recovered(fault)
		}
	}()
	env := m.from.envelope
	m.run, err = s.cfg.Runs.Join(ctx, run.Message{
		Envelope: env, Client: m.from.client, Evidence: m.evidence,
		Subjects: m.rules.Policies.Subjects(env, m.evidence),
	})
	if err != nil {
		return err
	}
	return m.run.Wait(ctx)
}

// leaveRun ends the message's part in its run, if it came so far.
func (m *message) leaveRun() {
	if m.run != nil {
		m.run.Done()
	}
}

// joinStage names where join failed: the ledger could not be read, or it is a
// fault of the inspection.
func joinStage(err error) string {
	var fault *rules.Fault
	if errors.As(err, &fault) {
		return "inspect"
	}
	return "store"
}

// brake stops a copy of a held run: its verdict becomes that of the run, or, if
// nothing is to be kept, the client's reply is returned. Once a person has
// released the run its copies pass, as far as the release covers them.
func (s *Server) brake(ctx context.Context, m *message) (reply string, err error) {
	look := m.run.Heed
	if m.verdict.Action == rules.Hold {
		look = m.run.Refresh
	}
	if err := look(ctx); err != nil {
		return "", err
	}
	if m.brake, err = m.run.Brake(ctx); err != nil {
		return "", err
	}
	b, v := &m.brake, &m.verdict
	switch {
	case !b.Held, v.Action == rules.Reject, waives(v, b.Policy):
		return "", nil
	case b.Decision.State == run.Released:
		if v.Action == rules.Hold && covers(&b.Decision, v) {
			letPass(v, b.Incident)
		}
		if v.Action != rules.Hold {
			m.run.Released()
		}
		return "", nil
	}
	m.run.Stopped()
	m.stopped = true
	if v.Action != rules.Hold {
		v.Action, v.Policy, v.Answer = rules.Hold, b.Policy, b.Answer
	}
	if s.cfg.RunAnswer == RunDefer {
		m.deferred = true
		return pausedReply(b), nil
	}
	if s.cfg.RunAnswer == RunRefuse {
		v.Answer = rules.Refuse
	}
	v.Reasons = append([]string{"a copy of the same mailing was held before"}, v.Reasons...)
	return "", nil
}

// waives reports whether the allow list takes the policy off this copy that the
// run is held by. Who wrote the list has decided on it.
func waives(v *rules.Verdict, policy string) bool {
	return v.Action != rules.Hold && slices.ContainsFunc(v.Waived, func(w rules.Waiver) bool { return w.Policy == policy })
}

// covers reports whether a person who released a run has seen as much as a copy
// exposes: no more people, no other kinds of data, nothing more that could not be
// read, and held by no other policy.
func covers(d *run.Decision, v *rules.Verdict) bool {
	x := &v.Exposure
	other := slices.ContainsFunc(x.Fields, func(field string) bool { return !slices.Contains(d.Fields, field) })
	return slices.Contains(d.Policies, v.Policy) && x.Subjects <= d.Subjects && !other &&
		(x.Completeness == rules.Complete || !d.Complete)
}

// letPass takes off a verdict what a release covers.
func letPass(v *rules.Verdict, incident string) {
	v.Action, v.Policy = rules.Pass, ""
	for _, match := range v.Matches {
		if match.Action < rules.Hold && (v.Policy == "" || match.Action > v.Action) {
			v.Action, v.Policy = match.Action, match.Policy
		}
	}
	v.Reasons = append([]string{"incident " + incident + " of the same mailing was released"}, v.Reasons...)
}
