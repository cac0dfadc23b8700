package api

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/replay"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/danielgtaylor/huma/v2"
)

// PolicyList are the policies in force.
type PolicyList struct {
	Version  string   `json:"version"`
	Policies []Policy `json:"policies" doc:"In their order; of those that match, the strictest action wins."`
}

// Policy is a policy in force, and on how many messages it decided.
type Policy struct {
	Name        string      `json:"name"`
	Description string      `json:"description"`
	When        string      `json:"when" doc:"The condition, in CEL."`
	Action      string      `json:"action" enum:"pass,tag,hold,reject"`
	Answer      string      `json:"answer" doc:"What the client of a held message is told: accept or refuse."`
	Thresholds  []Threshold `json:"thresholds" doc:"The numbers in the condition that a whole number is compared with."`
	Week        int64       `json:"messages_7_days" doc:"With today, by days in UTC."`
	Month       int64       `json:"messages_30_days"`
}

// Threshold is a number in a condition.
type Threshold struct {
	Variable string `json:"variable"`
	Operator string `json:"operator"`
	Value    int64  `json:"value"`
}

// policyOperations are about policies.
func (a *api) policyOperations() []operation {
	return []operation{
		op(access.PolicyRead, "GET /policies", "policies", "The policies in force, and how often each decided", a.policies),
		op(access.PolicyRead, "POST /replay", "replay", "What other policies would have made of the messages that came", a.replay).with(func(o *huma.Operation) {
			o.Description = "Give either all policies, as YAML, or the name of one in force and another number in the place of one of its thresholds. " +
				"It is reckoned from the numbers that are kept of each message, the newest first, for a minute at most; nothing is changed by it."
		}),
		op(access.Admin, "GET /settings", "settings", "The configuration in force, secrets hidden", a.settings),
		op(access.Admin, "POST /reload", "reload", "Read policies, lexicon, indexes, allow list and certificates again", a.reload).with(func(o *huma.Operation) {
			o.Description = "Everything is read again, and put in force at once. What is not valid stays as it was, and is a problem that names file, line and field; " +
				"the rest is in force then. It is in the audit trail."
		}),
	}
}

func (a *api) policies(ctx context.Context, _ *struct{}) (*page[PolicyList], error) {
	inForce, err := a.inForce()
	if err != nil {
		return nil, err
	}
	out := PolicyList{Version: inForce.Version(), Policies: []Policy{}}
	week, err := a.hits(ctx, 7)
	if err != nil {
		return nil, err
	}
	month, err := a.hits(ctx, 30)
	if err != nil {
		return nil, err
	}
	for _, s := range inForce.Specs() {
		p := Policy{Name: s.Name, Description: s.Description, When: s.When, Action: s.Action.String(), Answer: s.Answer.String(),
			Thresholds: []Threshold{}, Week: week[s.Name], Month: month[s.Name]}
		numbers, err := rules.Thresholds(s.When)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", s.Name, err)
		}
		for _, n := range numbers {
			p.Thresholds = append(p.Thresholds, Threshold{n.Variable, n.Operator, n.Value})
		}
		out.Policies = append(out.Policies, p)
	}
	return &page[PolicyList]{out}, nil
}

// hits gives on how many messages each policy decided within days, of which today
// is the last.
func (a *api) hits(ctx context.Context, days int) (map[string]int64, error) {
	counts, err := a.cfg.Store.PolicyHits(ctx, time.Now().AddDate(0, 0, 1-days))
	if err != nil {
		return nil, err
	}
	by := map[string]int64{}
	for _, c := range counts {
		by[c.Policy] += c.Messages
	}
	return by, nil
}

// inForce gives the policies in force.
func (a *api) inForce() (*rules.Policies, error) {
	if a.cfg.Policies == nil {
		return nil, huma.NewError(http.StatusServiceUnavailable, "There are no policies here.")
	}
	return a.cfg.Policies(), nil
}

// Rehearsal is what is to be rehearsed.
type Rehearsal struct {
	Days      int    `json:"days" minimum:"1" maximum:"3660" doc:"How far back."`
	Policies  string `json:"policies,omitempty" maxLength:"500000" doc:"All policies, as YAML, in the place of those in force."`
	Policy    string `json:"policy,omitempty" maxLength:"200" doc:"One in force, of which a threshold is to be another."`
	Threshold int    `json:"threshold,omitempty" minimum:"0" doc:"Which of its thresholds, from 0."`
	Value     int64  `json:"value,omitempty" minimum:"0" doc:"The other number."`
}

// Rehearsed is what would change.
type Rehearsed struct {
	replay.Report
	Total  int64      `json:"total" doc:"Messages since then: where there are more than were looked at, the oldest were left out."`
	Oldest *time.Time `json:"oldest" doc:"When the oldest came that was looked at; null: none was."`
}

// replayTime is how long messages are looked at.
const replayTime = time.Minute

type replayIn struct{ Body Rehearsal }

func (a *api) replay(ctx context.Context, in *replayIn) (*page[Rehearsed], error) {
	now, err := a.inForce()
	if err != nil {
		return nil, err
	}
	next, err := a.nextPolicies(now, &in.Body)
	if err != nil {
		return nil, err
	}
	got, err := replay.Run(ctx, replay.Config{Source: a.cfg.Store, Now: now, Next: next, Within: replayTime,
		Since: time.Now().AddDate(0, 0, -in.Body.Days)})
	if err != nil {
		return nil, err
	}
	return &page[Rehearsed]{Rehearsed{*got, got.Total, timeOrNull(got.Oldest)}}, nil
}

// nextPolicies makes the policies that are to be rehearsed.
func (a *api) nextPolicies(now *rules.Policies, r *Rehearsal) (*rules.Policies, error) {
	if (r.Policies == "") == (r.Policy == "") {
		return nil, huma.Error422UnprocessableEntity("Give either policies, or policy with threshold and value.")
	}
	specs := slices.Clone(now.Specs())
	if r.Policies != "" {
		var err error
		if specs, err = rules.ParsePolicies("policies", []byte(r.Policies)); err != nil {
			return nil, unreadablePolicies(err)
		}
	} else {
		i := slices.IndexFunc(specs, func(s rules.PolicySpec) bool { return s.Name == r.Policy })
		if i < 0 {
			return nil, huma.Error404NotFound("No policy of this name is in force.")
		}
		numbers, err := rules.Thresholds(specs[i].When)
		if err != nil || r.Threshold >= len(numbers) {
			return nil, huma.Error422UnprocessableEntity(fmt.Sprintf("The condition of this policy has %d thresholds.", len(numbers)))
		}
		specs[i].When = numbers[r.Threshold].In(specs[i].When, r.Value)
	}
	next, err := rules.CompilePolicies(specs, a.ownDomains())
	if err != nil {
		return nil, unreadablePolicies(err)
	}
	return next, nil
}

// ownDomains are those that policies in force take for the owner's.
func (a *api) ownDomains() []string {
	if a.cfg.OwnDomains == nil {
		return nil
	}
	return a.cfg.OwnDomains()
}

// linePlace is how an error names a line and a column.
var linePlace = regexp.MustCompile(`\b(\d+):(\d+)\b`)

// unreadablePolicies says where policies cannot be read, without their text,
// which may be anything.
func unreadablePolicies(err error) error {
	detail := "The policies cannot be read or are wrong"
	if at := linePlace.FindStringSubmatch(err.Error()); at != nil {
		detail += " at line " + at[1] + ", column " + at[2]
	}
	return huma.Error422UnprocessableEntity(detail + "; bulkhead config check says more.")
}

// Setting is one setting in force.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value" doc:"Stars where it is a secret."`
	Origin string `json:"origin" doc:"Where it comes from: the default, the file, the environment or a flag."`
}

// Settings are all settings in force.
type Settings struct {
	Settings []Setting `json:"settings"`
}

func (a *api) settings(context.Context, *struct{}) (*page[Settings], error) {
	if a.cfg.Settings == nil {
		return nil, huma.NewError(http.StatusServiceUnavailable, "The settings are not told here.")
	}
	return &page[Settings]{Settings{append([]Setting{}, a.cfg.Settings()...)}}, nil
}
