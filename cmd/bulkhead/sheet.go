package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
)

type incidentsShow struct {
	incidentSettings
	Format string `enum:"text,json" default:"text" help:"text for people, json for programs."`
}

// Help implements kong.HelpProvider.
func (incidentsShow) Help() string {
	return "Examples:\n  bulkhead incidents show IN-7K2M-Q9XD\n  bulkhead incidents show --format json IN-7K2M-Q9XD"
}

// Run shows one incident.
func (c incidentsShow) Run(ctx context.Context, p program) error {
	cfg, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // read only
	s, err := newDesk(cfg, store, nil).Review(ctx, c.ID)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return json.NewEncoder(p.stdout).Encode(api.NewSheet(&s))
	}
	var newest *quarantine.Message
	page, _, err := store.List(ctx, quarantine.Query{Incident: s.Incident.ID, Limit: 1})
	if err != nil {
		return err
	}
	if len(page) > 0 {
		m, err := store.Get(ctx, page[0].ID) // with its evidence
		if err != nil {
			return err
		}
		newest = &m
	}
	return writeSheet(p.stdout, &s, newest)
}

func writeSheet(w io.Writer, s *review.Sheet, newest *quarantine.Message) error {
	i := &s.Incident
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n", i.ID, i.State)
	fmt.Fprintf(&b, "  came       %s to %s\n", i.First.Local().Format(time.RFC1123), i.Last.Local().Format(time.RFC1123))
	fmt.Fprintf(&b, "  policy     %s\n", i.Policy)
	fmt.Fprintf(&b, "  exposes    %d people\n", i.Subjects)
	fmt.Fprintf(&b, "  copies     %s\n", counts(s.States))
	fmt.Fprintf(&b, "  recipients %s\n", counts(s.Outcomes))
	if d := s.Awaiting; d != nil {
		fmt.Fprintf(&b, "  decision   %s by %s, %s since %s: %s\n", d.Action, d.By, d.State, d.Made.Local().Format(time.RFC1123), d.Reason)
		fmt.Fprintf(&b, "             of %s\n", planText(&d.Plan))
	}
	if s.TwoPeople {
		b.WriteString("  a release takes two people\n")
	}
	fmt.Fprintf(&b, "  token      %s\n", s.Token)
	if newest == nil {
		_, err := io.WriteString(w, b.String())
		return err
	}
	b.WriteString("\nThe newest copy:\n\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	return writeMessage(w, newest)
}

// planText tells what a decision covers, for the one who is to agree.
func planText(p *quarantine.Plan) string {
	text := fmt.Sprintf("%d copies, to ", len(p.Messages))
	if len(p.To) == 0 {
		text += "all who do not have it"
	} else {
		text += strings.Join(p.To, ", ")
	}
	if p.Force {
		text += "; by force: to those as well who have it, or may"
	}
	return text
}

// counts writes numbers by state, in a steady order.
func counts[S ~string](by map[S]int) string {
	var parts []string
	for state, n := range by {
		parts = append(parts, fmt.Sprintf("%d %s", n, state))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
