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
	apiclient "github.com/bulkhead-dlp/bulkhead/proxy/console/client"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

type incidentsShow struct {
	incidentSettings
	remote
	Format string `enum:"text,json" default:"text" help:"text for people, json for programs."`
}

// Help implements kong.HelpProvider.
func (incidentsShow) Help() string {
	return "Examples:\n  bulkhead incidents show IN-7K2M-Q9XD\n  bulkhead incidents show --format json IN-7K2M-Q9XD"
}

// Run shows one incident.
func (c incidentsShow) Run(ctx context.Context, p program) error {
	if c.Server != "" {
		return c.ask(ctx, p)
	}
	cfg, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // read only
	read, err := newDesk(cfg, store, nil).Review(ctx, c.ID)
	if err != nil {
		return err
	}
	s := api.NewSheet(&read)
	if c.Format == "json" {
		return json.NewEncoder(p.stdout).Encode(s)
	}
	var newest *api.WholeMessage
	page, _, err := store.List(ctx, quarantine.Query{Incident: s.ID, Limit: 1})
	if err != nil {
		return err
	}
	if len(page) > 0 {
		m, err := store.Get(ctx, page[0].ID) // with its evidence
		if err != nil {
			return err
		}
		whole := api.NewWholeMessage(&m)
		newest = &whole
	}
	return writeSheet(p.stdout, &s, newest)
}

// ask has a server show the incident.
func (c incidentsShow) ask(ctx context.Context, p program) error {
	server, err := c.client(p)
	if err != nil {
		return err
	}
	i, err := server.Incident(ctx, c.ID)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return json.NewEncoder(p.stdout).Encode(i.Sheet)
	}
	var newest *api.WholeMessage
	page, err := server.Messages(ctx, apiclient.MessageQuery{Incident: i.ID, Page: apiclient.Page{Limit: 1}})
	if err != nil {
		return err
	}
	if len(page.Messages) > 0 {
		m, err := server.Message(ctx, page.Messages[0].ID)
		if err != nil {
			return err
		}
		newest = &m
	}
	return writeSheet(p.stdout, &i.Sheet, newest)
}

func writeSheet(w io.Writer, s *api.Sheet, newest *api.WholeMessage) error {
	i := &s.Incident
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n", i.ID, i.State)
	fmt.Fprintf(&b, "  came       %s to %s\n", i.First.Local().Format(time.RFC1123), i.Last.Local().Format(time.RFC1123))
	fmt.Fprintf(&b, "  policy     %s\n", i.Policy)
	fmt.Fprintf(&b, "  exposes    %d people\n", i.Subjects)
	fmt.Fprintf(&b, "  copies     %s\n", counts(s.Messages))
	fmt.Fprintf(&b, "  recipients %s\n", counts(s.Recipients))
	if d := s.Decision; d != nil {
		fmt.Fprintf(&b, "  decision   %s by %s, %s since %s: %s\n", d.Action, d.By, d.State, d.Made.Local().Format(time.RFC1123), d.Reason)
		fmt.Fprintf(&b, "             of %s\n", planText(d))
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
func planText(p *api.OpenDecision) string {
	text := fmt.Sprintf("%d copies, to ", p.Copies)
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
func counts(by map[string]int) string {
	var parts []string
	for state, n := range by {
		parts = append(parts, fmt.Sprintf("%d %s", n, state))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
