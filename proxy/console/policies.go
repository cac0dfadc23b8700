package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/replay"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// Policies are those in force, and how others would be taken.
type Policies interface {
	InForce() *rules.Policies
	// Compile takes other policies as the configuration would. The error says
	// what is wrong with them.
	Compile(specs []rules.PolicySpec) (*rules.Policies, error)
}

// Past is what is kept of the messages that came; a *quarantine.Store has it.
type Past interface {
	replay.Source
	PolicyHits(ctx context.Context, since time.Time) ([]quarantine.PolicyCount, error)
	NewestExposures(ctx context.Context, since time.Time, most int64) (time.Time, error)
	IncidentsOfRuns(ctx context.Context, runs []string) (map[string]string, error)
}

// errNoPolicy says that there is no policy of a name.
var errNoPolicy = errors.New("no such policy")

// policiesPage lists the policies in force.
type policiesPage struct {
	frame
	Version  string
	Policies []policyLine
	Pasted   string // policies that somebody has pasted
	Whole    bool   // they are all that there are to be
	Wrong    string // what of them cannot be read
	WhatIf   *whatIf
}

// policyLine is a policy and how often it decided.
type policyLine struct {
	rules.PolicySpec
	Week, Month int64
}

// policyPage is one policy, and what other thresholds would have done.
type policyPage struct {
	frame
	policyLine
	NotKept []string // what of its condition is not kept of messages
	Bounds  []bound
	WhatIf  *whatIf
}

// bound is a threshold of a policy's condition, and what somebody would have in
// its place.
type bound struct {
	rules.Threshold
	Name string // of its field
	Help string
	Next int64
	Wide int64 // how far the slider goes
}

func (c *console) policies(w http.ResponseWriter, r *http.Request) {
	p := policiesPage{frame: frame{Title: "Policies", Section: "Policies"}}
	if err := c.readPolicies(r, &p); err != nil {
		c.fail(w, r, err)
		return
	}
	c.show(w, r, http.StatusOK, "policies.html", &p)
}

// readPolicies fills the page with the policies in force.
func (c *console) readPolicies(r *http.Request, p *policiesPage) error {
	if c.cfg.Policies == nil || c.cfg.Past == nil {
		return errNoPolicy
	}
	inForce := c.cfg.Policies.InForce()
	p.Version = inForce.Version()
	var err error
	p.Policies, err = c.policyLines(r.Context(), inForce)
	return err
}

// policyLines adds to policies how often they decided.
func (c *console) policyLines(ctx context.Context, policies *rules.Policies) ([]policyLine, error) {
	now := time.Now()
	week, err := c.cfg.Past.PolicyHits(ctx, now.AddDate(0, 0, -6))
	if err != nil {
		return nil, err
	}
	month, err := c.cfg.Past.PolicyHits(ctx, now.AddDate(0, 0, -29))
	if err != nil {
		return nil, err
	}
	var all []policyLine
	for _, spec := range policies.Specs() {
		all = append(all, policyLine{spec, hitsOf(week, spec.Name), hitsOf(month, spec.Name)})
	}
	return all, nil
}

// hitsOf sums the messages that a policy decided on.
func hitsOf(counts []quarantine.PolicyCount, name string) (n int64) {
	for _, c := range counts {
		if c.Policy == name {
			n += c.Messages
		}
	}
	return n
}

// policy shows one policy. Its address has the thresholds that somebody would
// have, by the names of their variables.
func (c *console) policy(w http.ResponseWriter, r *http.Request) {
	p := policyPage{frame: frame{Title: r.PathValue("name"), Section: "Policies"}}
	if err := c.readPolicy(r, &p); err != nil {
		c.fail(w, r, err)
		return
	}
	c.show(w, r, http.StatusOK, "policy.html", &p)
}

func (c *console) readPolicy(r *http.Request, p *policyPage) error {
	if c.cfg.Policies == nil || c.cfg.Past == nil {
		return errNoPolicy
	}
	inForce := c.cfg.Policies.InForce()
	lines, err := c.policyLines(r.Context(), inForce)
	if err != nil {
		return err
	}
	at := -1
	for i, line := range lines {
		if line.Name == r.PathValue("name") {
			at, p.policyLine = i, line
		}
	}
	if at < 0 {
		return errNoPolicy
	}
	p.NotKept = inForce.NotKept(p.Name)
	if p.Bounds, err = boundsOf(p.When, r.URL.Query().Get); err != nil {
		return err
	}
	next := inForce.Specs()
	for i := len(p.Bounds) - 1; i >= 0; i-- { // from behind, since places change
		next[at].When = p.Bounds[i].In(next[at].When, p.Bounds[i].Next)
	}
	if next[at].When != p.When {
		p.WhatIf, err = c.rehearse(r.Context(), next)
	}
	return err
}

// mostThreshold is the highest threshold that can be tried.
const mostThreshold = 1_000_000

// boundsOf reads the thresholds of a condition that can be tried, and what a form
// would have in their place. A number that is none is the one in force.
func boundsOf(when string, given func(string) string) ([]bound, error) {
	thresholds, err := rules.Thresholds(when)
	if err != nil {
		return nil, err
	}
	names := map[string]int{}
	var all []bound
	for _, t := range thresholds {
		if !rules.Kept(t.Variable) {
			continue
		}
		names[t.Variable]++
		b := bound{Threshold: t, Name: t.Variable, Next: t.Value, Wide: max(100, 4*t.Value)}
		if n := names[t.Variable]; n > 1 {
			b.Name += "." + strconv.Itoa(n)
		}
		for _, v := range rules.Variables() {
			if v.Name == t.Variable {
				b.Help = v.Help
			}
		}
		if n, err := strconv.ParseInt(given(b.Name), 10, 64); err == nil {
			b.Next = min(max(n, 0), mostThreshold)
		}
		all = append(all, b)
	}
	return all, nil
}
