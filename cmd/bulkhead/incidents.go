package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	apiclient "github.com/bulkhead-dlp/bulkhead/proxy/console/client"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

type incidentsCommand struct {
	List     incidentsList     `cmd:"" help:"List incidents, the newest first."`
	Show     incidentsShow     `cmd:"" help:"Show what there is to decide on, and the token of what you have seen."`
	Release  incidentsRelease  `cmd:"" help:"Send all held copies of an incident on, to all or some of their recipients."`
	Refuse   incidentsRefuse   `cmd:"" help:"Decide that no held copy of an incident is to be sent."`
	Delete   incidentsDelete   `cmd:"" help:"Remove the content of all held copies of an incident."`
	Approve  incidentsApprove  `cmd:"" help:"Agree, as the second person, to a release that somebody asked for."`
	Withdraw incidentsWithdraw `cmd:"" help:"Take back a release that awaits a second person."`
	Assign   incidentsAssign   `cmd:"" help:"Claim an incident, or hand it on."`
	Mark     incidentsMark     `cmd:"" help:"Say that it was right or wrong to hold an incident, whatever is decided."`
	Resume   incidentsResume   `cmd:"" help:"Carry on a decision that was broken off."`
	Report   incidentsReport   `cmd:"" help:"Write an incident's breach record, as GDPR Article 33 asks for."`
}

type incidentsList struct {
	storeSettings
	remote
	Format      string        `enum:"table,json" default:"table" help:"table for people, json for programs: one object a line."`
	State       string        `enum:",open,awaiting_approval,decided" default:"" placeholder:"STATE" help:"Only this state: open, awaiting_approval (a second person has to agree) or decided."`
	Policy      string        `placeholder:"NAME" help:"Only this policy's."`
	MinSubjects int           `placeholder:"N" help:"Only with at least so many people."`
	Query       string        `short:"q" placeholder:"SEARCH" help:"Only what this finds, such as 'state:open people:>=100 -policy:unread'; configs/README.md has all words."`
	Sort        string        `enum:"newest,oldest,people,copies" default:"newest" help:"Which come first: newest, oldest, people (the most) or copies (the most)."`
	Since       time.Duration `placeholder:"AGE" help:"Only those of which a copy came, or was decided, within this time, such as 24h."`
}

// Help implements kong.HelpProvider.
func (incidentsList) Help() string {
	return "Examples:\n  bulkhead incidents list -q 'state:open people:>=100' --sort people\n  bulkhead incidents list --format json --policy bulk-customer-records"
}

// Run lists incidents.
func (c incidentsList) Run(ctx context.Context, p program) error {
	found, err := search.Parse(c.Query)
	if err != nil {
		return err
	}
	next, done, err := c.pages(ctx, p, found)
	if err != nil {
		return err
	}
	defer done()
	out := newLister(p.stdout, c.Format, "ID\tLAST\tSTATE\tCOPIES\tDELIVERED\tPEOPLE\tPOLICY")
	for i, err := range listed(next) {
		if err == nil {
			err = out.add(i, fmt.Sprintf("%s\t%s\t%s\t%d\t%d\t%d\t%s", i.ID,
				i.Last.Local().Format("2006-01-02 15:04"), i.State, i.Copies, i.Delivered, i.Subjects, i.Policy))
		}
		if err != nil {
			return err
		}
	}
	return out.end()
}

// pages gives what reads a page of incidents and where the next one begins, and
// what ends the reading.
func (c incidentsList) pages(ctx context.Context, p program, found search.Expr) (next func(after string) ([]api.Incident, string, error), done func(), err error) {
	since := ago(c.Since)
	if c.Server != "" {
		server, err := c.client(p)
		if err != nil {
			return nil, nil, err
		}
		q := apiclient.IncidentQuery{Query: c.Query, State: c.State, Policy: c.Policy, MinSubjects: c.MinSubjects, Sort: c.Sort, ChangedSince: since}
		return func(after string) (all []api.Incident, _ string, err error) {
			q.Page = apiclient.Page{After: after, Limit: 500}
			got, err := server.Incidents(ctx, q)
			for _, i := range got.Incidents {
				all = append(all, i.Incident)
			}
			return all, got.Next, err
		}, func() {}, nil
	}
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	q := quarantine.IncidentQuery{State: quarantine.IncidentState(c.State), Policy: c.Policy, MinSubjects: c.MinSubjects,
		Search: found, Me: who(""), Sort: quarantine.Sort(strings.TrimPrefix(c.Sort, "newest")), Limit: 500, ChangedSince: since}
	return func(after string) (all []api.Incident, _ string, err error) {
		q.After = quarantine.Cursor(after)
		got, more, err := store.Incidents(ctx, q)
		for i := range got {
			all = append(all, api.NewIncident(&got[i]))
		}
		return all, string(more), err
	}, func() { _ = store.Close() }, nil // read only
}

// writeMessage tells people what is known of a held message.
func writeMessage(w io.Writer, m *api.WholeMessage) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s, incident %s\n", m.ID, m.State, m.Incident)
	fmt.Fprintf(&b, "  received   %s from %s\n", m.Received.Local().Format(time.RFC1123), nameOr(&m.Message, m.Client))
	fmt.Fprintf(&b, "  from       %s\n", nameOr(&m.Message, sender(&m.Message)))
	for _, r := range m.Outcomes {
		fmt.Fprintf(&b, "  to         %s  %s %s\n", nameOr(&m.Message, r.Address), r.State, r.Reply)
	}
	fmt.Fprintf(&b, "  policy     %s (%s)\n", m.Policy, m.PolicyVersion)
	fmt.Fprintf(&b, "  exposes    %d people in %d records; read: %s\n", m.Subjects, m.Records, m.Completeness)
	fmt.Fprintf(&b, "  size       %s, sha256 %s\n", bytesText(m.Bytes), m.SHA256)
	if m.DecidedBy != "" && m.Decided != nil {
		fmt.Fprintf(&b, "  decided    by %s, %s\n", m.DecidedBy, m.Decided.Local().Format(time.RFC1123))
	}
	switch {
	case m.Kept:
		b.WriteString("  kept       under legal hold\n")
	case quarantine.State(m.State).Open() && m.Expires != nil:
		fmt.Fprintf(&b, "  expires    %s, if nobody decides\n", m.Expires.Local().Format(time.RFC1123))
	}
	for _, reason := range m.Reasons {
		fmt.Fprintf(&b, "  - %s\n", reason)
	}
	if m.Sealed {
		b.WriteString("  Who and what is sealed; the private key opens it (--identity FILE).\n")
		_, err := io.WriteString(w, b.String())
		return err
	}
	var findings []rules.Finding
	if err := json.Unmarshal(m.Evidence, &findings); err != nil {
		return fmt.Errorf("evidence of %s: %w", m.ID, err)
	}
	for _, f := range findings {
		writeFinding(&b, f)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
