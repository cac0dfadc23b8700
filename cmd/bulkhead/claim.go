package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	apiclient "github.com/bulkhead-dlp/bulkhead/proxy/console/client"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

type incidentsAssign struct {
	decision
	remote
	To string `placeholder:"NAME" help:"Who is to work on it; else who runs this, unless somebody else does."`
}

// Help implements kong.HelpProvider.
func (incidentsAssign) Help() string {
	return "Examples:\n  bulkhead incidents assign IN-7K2M-Q9XD --reason \"mine\"\n  bulkhead incidents assign IN-7K2M-Q9XD --to ben --reason \"on leave\""
}

// Run assigns one incident.
func (c incidentsAssign) Run(ctx context.Context, p program) error {
	if c.Server != "" {
		return c.ask(ctx, p)
	}
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the assignment is committed
	to := c.To
	if to == "" {
		to = c.by()
		err = store.Claim(ctx, c.ID, to, c.Reason)
	} else {
		err = store.Assign(ctx, c.ID, to, c.by(), c.Reason)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Incident %s is %s's.\n", strings.ToUpper(c.ID), to)
	return err
}

// ask has a server assign the incident.
func (c incidentsAssign) ask(ctx context.Context, p program) error {
	if c.By != "" {
		return errByToken
	}
	server, err := c.client(p)
	if err != nil {
		return err
	}
	to := c.To
	if to == "" {
		me, err := server.Me(ctx)
		if err != nil {
			return err
		}
		to, err = me.Name, server.Claim(ctx, c.ID, c.Reason)
		if err != nil {
			return err
		}
	} else if err := server.Assign(ctx, c.ID, api.Assignment{Reason: api.Reason{Reason: c.Reason}, To: to}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Incident %s is %s's.\n", strings.ToUpper(c.ID), to)
	return err
}

type incidentsMark struct {
	decision
	remote
	As string `enum:"right,wrong,none" required:"" placeholder:"MARK" help:"right: it was to be held; wrong: a false alarm; none takes a mark back."`
}

// Help implements kong.HelpProvider.
func (incidentsMark) Help() string {
	return "Nothing is sent or removed. bulkhead replay sets policies against marks.\n\nExamples:\n" +
		"  bulkhead incidents mark IN-7K2M-Q9XD --as wrong --reason \"a test list\"\n  bulkhead incidents mark IN-7K2M-Q9XD --as none --reason \"it was real\""
}

// Run marks one incident.
func (c incidentsMark) Run(ctx context.Context, p program) error {
	says := fmt.Sprintf("Incident %s: mark %s.\n", strings.ToUpper(c.ID), c.As)
	if c.Server != "" {
		return c.tell(p, func(s *apiclient.Client) error {
			return s.Mark(ctx, c.ID, api.Mark{Reason: api.Reason{Reason: c.Reason}, Mark: c.As})
		}, says)
	}
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the mark is committed
	mark := quarantine.IncidentMark(strings.TrimPrefix(c.As, "none"))
	if err := store.MarkIncident(ctx, c.ID, mark, c.by(), c.Reason); err != nil {
		return err
	}
	_, err = fmt.Fprint(p.stdout, says)
	return err
}
