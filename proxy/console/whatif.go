package console

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/replay"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// The bounds of a rehearsal that somebody waits for.
const (
	rehearsalTime   = 700 * time.Millisecond
	rehearsalMost   = 100_000 // messages, the newest
	rehearsalsAtOne = 2
	// policyText and policiesMost bound what somebody pastes, in bytes and
	// policies.
	policyText   = 64 << 10
	policiesMost = 200
)

// whatIf is what other policies would have made of the messages that came, and
// the text to have them.
type whatIf struct {
	*replay.Report
	YAML    string
	Version string
	Newly   []instance
	NoMore  []instance
	// Added, Gone and Other name policies that are not in force, that would not
	// be any more, and that would be others under the same name.
	Added, Gone, Other []string
}

// instance is an example of what would change, with its incident if it was held.
type instance struct {
	replay.Example
	Incident string
}

// Decided is how many messages reviewers decided on.
func (w *whatIf) Decided() int64 {
	v := &w.Reviewed
	return v.Right + v.WronglyHeld + v.RightlyLet + v.WronglyLet + v.Undetermined
}

// Untried are the policies, of those that differ, that turn on what is not kept.
func (w *whatIf) Untried() []replay.NotKept {
	return slices.DeleteFunc(slices.Clone(w.NotKept), func(n replay.NotKept) bool {
		return !slices.Contains(w.Added, n.Policy) && !slices.Contains(w.Other, n.Policy)
	})
}

// Whole reports whether all messages were looked at that are kept.
func (w *whatIf) Whole() bool { return w.Messages >= w.Total }

// rehearse tries policies on the messages that came.
func (c *console) rehearse(ctx context.Context, specs []rules.PolicySpec) (*whatIf, error) {
	select {
	case c.rehearsals <- struct{}{}:
		defer func() { <-c.rehearsals }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := c.cfg.Policies.InForce()
	next, err := c.cfg.Policies.Compile(specs)
	if err != nil {
		return nil, err
	}
	kept, err := c.cfg.Past.CountExposures(ctx, time.Time{})
	if err != nil {
		return nil, err
	}
	since, err := c.cfg.Past.NewestExposures(ctx, time.Time{}, rehearsalMost)
	if err != nil {
		return nil, err
	}
	report, err := replay.Run(ctx, replay.Config{Source: c.cfg.Past, Now: now, Next: next, Since: since, Within: rehearsalTime})
	if err != nil {
		return nil, err
	}
	report.Total = kept
	text, err := rules.WritePolicies(specs)
	if err != nil {
		return nil, err
	}
	w := &whatIf{Report: report, YAML: string(text), Version: next.Version()}
	w.compare(now.Specs(), specs)
	if w.Newly, err = c.instances(ctx, report.Newly.Examples); err != nil {
		return nil, err
	}
	w.NoMore, err = c.instances(ctx, report.NoMore.Examples)
	return w, err
}

// compare tells which policies differ.
func (w *whatIf) compare(now, next []rules.PolicySpec) {
	find := func(in []rules.PolicySpec, name string) int {
		return slices.IndexFunc(in, func(s rules.PolicySpec) bool { return s.Name == name })
	}
	for _, s := range next {
		if i := find(now, s.Name); i < 0 {
			w.Added = append(w.Added, s.Name)
		} else if o := now[i]; o.When != s.When || o.Action != s.Action || o.Answer != s.Answer {
			w.Other = append(w.Other, s.Name)
		}
	}
	for _, s := range now {
		if find(next, s.Name) < 0 {
			w.Gone = append(w.Gone, s.Name)
		}
	}
}

// instances finds the incidents of examples.
func (c *console) instances(ctx context.Context, examples []replay.Example) ([]instance, error) {
	runs := make([]string, len(examples))
	for i, x := range examples {
		runs[i] = x.Run
	}
	ids, err := c.cfg.Past.IncidentsOfRuns(ctx, runs)
	if err != nil {
		return nil, err
	}
	all := make([]instance, len(examples))
	for i, x := range examples {
		all[i] = instance{x, ids[x.Run]}
	}
	return all, nil
}

// tryPolicies tries policies that somebody has pasted. It answers with the page
// itself, since nothing is kept.
func (c *console) tryPolicies(w http.ResponseWriter, r *http.Request) {
	p := policiesPage{frame: frame{Title: "Policies", Section: "Policies"}}
	r.Body = http.MaxBytesReader(w, r.Body, 3*policyText+formRoom) // as a form has it, a sign takes up to three
	if err := r.ParseForm(); err != nil {
		p.Wrong = "This is too long, or no form of this page."
	}
	p.Pasted, p.Whole = r.PostForm.Get("policies"), r.PostForm.Get("whole") != ""
	if err := c.readPolicies(r, &p); err != nil {
		c.fail(w, r, err)
		return
	}
	specs, wrong := c.pastedSpecs(&p)
	if p.Wrong == "" {
		p.Wrong = wrong
	}
	if p.Wrong != "" {
		c.show(w, r, http.StatusBadRequest, "policies.html", &p)
		return
	}
	var err error
	if p.WhatIf, err = c.rehearse(r.Context(), specs); err != nil {
		c.fail(w, r, err)
		return
	}
	c.show(w, r, http.StatusOK, "policies.html", &p)
}

// pastedSpecs reads what somebody has pasted: all policies, or some that take the
// place of those of the same name, or come behind. wrong says what is wrong.
func (c *console) pastedSpecs(p *policiesPage) (specs []rules.PolicySpec, wrong string) {
	text := strings.ReplaceAll(p.Pasted, "\r\n", "\n")
	switch {
	case strings.TrimSpace(text) == "":
		return nil, "There is no policy in it: paste one, as in the example."
	case len(text) > policyText:
		return nil, "This is longer than policies are."
	case strings.HasPrefix(strings.TrimSpace(text), "- "):
		text = "policies:\n" + text
	}
	given, err := rules.ParsePolicies("pasted", []byte(text))
	if err == nil && len(given) > policiesMost {
		return nil, "These are more policies than can be tried at once."
	}
	if err != nil {
		return nil, err.Error()
	}
	if !p.Whole {
		given = merge(c.cfg.Policies.InForce().Specs(), given)
	}
	if _, err := c.cfg.Policies.Compile(given); err != nil {
		return nil, err.Error()
	}
	return given, ""
}

// merge puts policies in the place of those of the same name, and the others
// behind.
func merge(now, given []rules.PolicySpec) []rules.PolicySpec {
	for _, g := range given {
		if i := slices.IndexFunc(now, func(s rules.PolicySpec) bool { return s.Name == g.Name }); i >= 0 {
			now[i] = g
		} else {
			now = append(now, g)
		}
	}
	return now
}
