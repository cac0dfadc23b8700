package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
)

// New makes the record of an incident.
func New(in Incident) *Record {
	zone := in.Zone
	if zone == nil {
		zone = time.UTC
	}
	r := &Record{
		Schema: Schema, Incident: in.ID, Provisional: in.Open, Written: in.Written.UTC(),
		Outcome: outcome(in.Copies), Clock: clock(in),
		Nature: Nature{
			Kind:   "loss of confidentiality: records of people in mail to others",
			Sender: in.Sender, Client: in.Client, Policy: in.Policy, PolicyVersion: in.PolicyVersion,
			RuleSet: in.RuleSet, Completeness: in.Completeness, Reasons: list(in.Reasons),
		},
		Delivery: Delivery(in.Copies),
		Timeline: timeline(in.Trail), Tables: tables(in.Findings), Measures: []string{}, zone: zone,
	}
	if in.Contact != (Contact{}) {
		r.Contact = &in.Contact
	}
	r.People = People{Subjects: in.Subjects, Estimated: in.Estimated, Records: in.Records,
		ByCategory: map[string]int64{}, ByCategoryEstimated: in.ByCategoryEstimated, Fields: fields(in.Fields), Kinds: kindsOfPeople(in.Fields)}
	for category, n := range in.ByCategory {
		r.People.ByCategory[category] = n
	}
	r.Consequences = consequences(r.People.Fields)
	r.HighRisk = r.Outcome != NearMiss && risky(r.People.Fields)
	r.Phases = phases(in)
	r.Measures = measures(in)
	r.Summary = summary(r)
	return r
}

// outcome judges by what had really left. What went out by a decision was let
// go knowingly, and is told apart.
func outcome(c Copies) Outcome {
	switch {
	case c.Left > 0:
		return Breach
	case c.LeftUnknown, c.Uncertain > 0:
		return Unclear
	}
	return NearMiss
}

func clock(in Incident) Clock {
	due := in.Known.Add(limit)
	return Clock{
		Known: in.Known.UTC(), Due: due.UTC(), Overdue: in.Written.After(due),
		Left: int64(due.Sub(in.Written) / time.Second), Delay: in.Delay,
	}
}

// summary says in a few sentences what happened.
func summary(r *Record) string {
	var s []string
	about := fmt.Sprintf("Mail with the records of %s was stopped by the policy %q", r.people(), r.Nature.Policy)
	s = append(s, about+".")
	d := r.Delivery
	switch r.Outcome {
	case Breach:
		s = append(s, fmt.Sprintf("%s had left before it was stopped, to %s; %s kept back.",
			copies(d.Left), recipients(d.LeftTo), count(d.Held, "copy was", "copies were")))
	case Unclear:
		if d.LeftUnknown {
			s = append(s, "It is not known whether copies had left before it was stopped.")
		}
		if d.Uncertain > 0 {
			s = append(s, fmt.Sprintf("For %s it is not known whether they have it: the answer of their mail server was lost.", recipients(d.Uncertain)))
		}
	default:
		s = append(s, fmt.Sprintf("No copy had left before it was stopped; %s kept back.", count(d.Held, "copy was", "copies were")))
	}
	if d.Released > 0 {
		s = append(s, fmt.Sprintf("%s got it later by a decision.", upper(recipients(d.Released))))
	}
	if r.Nature.Completeness != rules.Complete.String() && r.Nature.Completeness != "" {
		s = append(s, "Not all of the content could be read, so there may be more.")
	}
	return strings.Join(s, " ")
}

// people tells how many people are concerned, with its uncertainty.
func (r *Record) people() string {
	text := count(r.People.Subjects, "person", "people")
	if r.People.Estimated {
		return "about " + text
	}
	return text
}

// measures lists what was done: by Bulkhead, by reviewers, and what the
// controller adds.
func measures(in Incident) []string {
	c := in.Copies
	all := []string{fmt.Sprintf("%s kept back for review instead of being delivered.", upper(count(c.Held, "copy was", "copies were")))}
	if c.Withheld > 0 {
		all = append(all, fmt.Sprintf("%s did not receive the data.", upper(recipients(c.Withheld))))
	}
	for _, e := range in.Trail {
		var text string
		switch e.Act {
		case "refused", "incident_refused":
			text = "It was decided that held copies will not be sent"
		case "deleted", "incident_deleted":
			text = "Content of held copies was deleted"
		case "release_begun", "incident_released":
			text = "It was decided to send held copies on"
		default:
			continue
		}
		if e.By != "" {
			text += ", by " + e.By
		}
		if e.Reason != "" {
			text += fmt.Sprintf(" (%s)", e.Reason)
		}
		if text += "."; !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return append(all, in.Measures...)
}

// phases are the steps of the incident, reached or not.
func phases(in Incident) []Phase {
	at := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		t = t.UTC()
		return &t
	}
	all := []Phase{{Name: "First copy sent", At: at(in.First)}}
	stopped := Phase{Name: "Stopped: first copy held", At: at(in.Stopped)}
	if in.Copies.Left > 0 {
		stopped.Note = fmt.Sprintf("%s had left", copies(in.Copies.Left))
	}
	all = append(all, stopped, Phase{Name: "Became known", At: at(in.Known)},
		Phase{Name: "Last copy", At: at(in.Last)})
	decided := Phase{Name: "Decided"}
	if in.Open {
		decided.Note = "somebody has still to decide"
	}
	for _, e := range in.Trail {
		switch e.Act {
		case "refused", "deleted", "release_begun", "expired", "incident_refused", "incident_deleted", "incident_released":
			if !in.Open {
				decided.At = at(e.At)
			}
			if name := "First decision"; !slices.ContainsFunc(all, func(p Phase) bool { return p.Name == name }) {
				all = append(all, Phase{Name: name, At: at(e.At), Note: "by " + e.By})
			}
		}
	}
	return append(all, decided)
}

// timeline joins neighbouring acts that are alike: 3,500 copies are held in
// one line.
func timeline(trail []Entry) []Step {
	steps := []Step{}
	for _, e := range trail {
		step := Step{At: e.At.UTC(), Until: e.At.UTC(), Act: e.Act, Count: 1, By: e.By, Message: e.Message, Reason: e.Reason, Results: e.Results}
		if n := len(steps); n > 0 {
			last := &steps[n-1]
			if last.Act == e.Act && last.By == e.By && last.Reason == e.Reason && last.Results == e.Results {
				last.Count++
				last.Until = step.At
				if last.Message != e.Message {
					last.Message = ""
				}
				continue
			}
		}
		steps = append(steps, step)
	}
	return steps
}

// The bounds of what a record shows of the evidence.
const (
	maxTables = 12
	maxSample = 5
)

// tables keeps the findings with the most records, in their own order.
func tables(found []rules.Finding) []Table {
	order := slices.SortedStableFunc(slices.Values(found), func(a, b rules.Finding) int { return int(b.Records - a.Records) })
	least := int64(0)
	if len(order) > maxTables {
		least = order[maxTables-1].Records
	}
	all := []Table{}
	for _, f := range found {
		if f.Records < least || len(all) == maxTables {
			continue
		}
		t := Table{Path: f.Path, Kind: f.Kind, Rows: f.Rows, Records: f.Records, Columns: []Column{}, Sample: [][]string{}}
		for _, c := range f.Columns {
			t.Columns = append(t.Columns, Column{Header: c.Header, Type: c.Type, Label: label(c.Type)})
		}
		for i, row := range f.Sample {
			if i == maxSample {
				break
			}
			t.Sample = append(t.Sample, row)
		}
		all = append(all, t)
	}
	return all
}

func list(of []string) []string {
	if of == nil {
		return []string{}
	}
	return of
}
