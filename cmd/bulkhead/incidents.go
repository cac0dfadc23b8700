package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

type incidentsCommand struct {
	List   incidentsList   `cmd:"" help:"List incidents, the newest first."`
	Report incidentsReport `cmd:"" help:"Write an incident's breach record, as GDPR Article 33 asks for."`
}

type incidentsList struct {
	storeSettings
	Format string `enum:"table,json" default:"table" help:"table for people, json for programs: one object a line."`
	State  string `placeholder:"STATE" help:"Only this state: open or decided."`
	Policy string `placeholder:"NAME" help:"Only this policy's."`
}

// Help implements kong.HelpProvider.
func (incidentsList) Help() string {
	return "Examples:\n  bulkhead incidents list --state open\n  bulkhead incidents list --format json --policy bulk-customer-records"
}

// incident is an incident in JSON. The names are a contract.
type incident struct {
	ID        string    `json:"id"`
	State     string    `json:"state"`
	Policy    string    `json:"policy"`
	Copies    int       `json:"copies"`
	Delivered int       `json:"delivered"`
	Subjects  int       `json:"subjects"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
}

// Run lists incidents.
func (c incidentsList) Run(ctx context.Context, p program) error {
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // read only
	q := quarantine.IncidentQuery{State: quarantine.IncidentState(c.State), Policy: c.Policy, Limit: 500}
	out := newLister(p.stdout, c.Format, "ID\tLAST\tSTATE\tCOPIES\tDELIVERED\tPEOPLE\tPOLICY")
	for {
		page, next, err := store.Incidents(ctx, q)
		if err != nil {
			return err
		}
		for _, i := range page {
			object := incident{i.ID, string(i.State), i.Policy, i.Copies, i.Delivered, i.Subjects, i.First, i.Last}
			if err := out.add(object, fmt.Sprintf("%s\t%s\t%s\t%d\t%d\t%d\t%s", i.ID,
				i.Last.Local().Format("2006-01-02 15:04"), i.State, i.Copies, i.Delivered, i.Subjects, i.Policy)); err != nil {
				return err
			}
		}
		if next == "" {
			return out.end()
		}
		q.After = next
	}
}

// writeMessage tells people what is known of a held message.
func writeMessage(w io.Writer, m *quarantine.Message) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s, incident %s\n", m.ID, m.State, m.Incident)
	fmt.Fprintf(&b, "  received   %s from %s\n", m.Received.Local().Format(time.RFC1123), nameOr(m, m.Client))
	fmt.Fprintf(&b, "  from       %s\n", nameOr(m, m.From))
	for _, r := range m.Recipients {
		fmt.Fprintf(&b, "  to         %s  %s %s\n", nameOr(m, r.Address), r.State, r.Reply)
	}
	fmt.Fprintf(&b, "  policy     %s (%s)\n", m.Policy, m.PolicyVersion)
	fmt.Fprintf(&b, "  exposes    %d people in %d records; read: %s\n", m.Subjects, m.Records, m.Completeness)
	fmt.Fprintf(&b, "  size       %s, sha256 %s\n", bytesText(m.Size), m.SHA256)
	if m.DecidedBy != "" {
		fmt.Fprintf(&b, "  decided    by %s, %s\n", m.DecidedBy, m.Decided.Local().Format(time.RFC1123))
	}
	switch {
	case m.Kept:
		b.WriteString("  kept       under legal hold\n")
	case m.State.Open() && !m.Expires.IsZero():
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
