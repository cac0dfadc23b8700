package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

type tokenCommand struct {
	Add    tokenAdd    `cmd:"" help:"Make an API token for a program."`
	List   tokenList   `cmd:"" help:"List the API tokens."`
	Revoke tokenRevoke `cmd:"" help:"End an API token."`
}

type tokenAdd struct {
	storeSettings
	Name  string         `arg:"" help:"Whose it is: an account, or a name of its own for a program."`
	Scope []string       `required:"" placeholder:"RIGHT" help:"What it may, such as scan or incident.list; --help lists all."`
	Label string         `placeholder:"TEXT" help:"What it is for."`
	Role  string         `enum:"viewer,reviewer,approver,admin" default:"viewer" help:"Of a name that is no account; that of an account counts."`
	For   configs.Period `default:"90d" placeholder:"PERIOD" help:"How long it lasts, at most 366d."`
	By    string         `placeholder:"NAME" help:"Who does this; else the user of this machine."`
}

// Help implements kong.HelpProvider.
func (tokenAdd) Help() string {
	names := make([]string, len(access.Rights()))
	for i, r := range access.Rights() {
		names[i] = string(r)
	}
	return "A token may what its scope and its role both let it. It is printed once.\n\nRights: " + strings.Join(names, " ") +
		"\n\nExamples:\n  bulkhead token add mailtool --scope scan --for 366d\n  bulkhead token add ana --scope incident.list --scope evidence.masked --label \"night report\""
}

// Run makes a token.
func (c tokenAdd) Run(ctx context.Context, p program) error {
	if c.For <= 0 || c.For > 366*configs.Day {
		return fmt.Errorf("--for %s: want at most 366d", time.Duration(c.For))
	}
	for _, right := range c.Scope {
		if !slices.Contains(access.Rights(), access.Right(right)) {
			return fmt.Errorf("--scope %s: no such right; see bulkhead token add --help", right)
		}
	}
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // what was written is committed
	id, token, hash := access.NewToken()
	err = store.AddToken(ctx, quarantine.APIToken{ID: id, Hash: hash, Name: c.Name, Role: c.Role, Scope: c.Scope, Label: c.Label,
		Ends: time.Now().Add(time.Duration(c.For))}, who(c.By))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, token)
	return err
}

type tokenList struct {
	storeSettings
	Name   string `placeholder:"NAME" help:"Only this person's."`
	Format string `enum:"table,json" default:"table" help:"table for people, json for programs: one object a line."`
}

// Help implements kong.HelpProvider.
func (tokenList) Help() string {
	return "Examples:\n  bulkhead token list\n  bulkhead token list --name mailtool --format json"
}

// Run lists tokens.
func (c tokenList) Run(ctx context.Context, p program) error {
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // read only
	all, err := store.Tokens(ctx, c.Name)
	if err != nil {
		return err
	}
	out := newLister(p.stdout, c.Format, "ID\tWHOSE\tROLE\tMAY\tFOR\tLAST USED\tENDS")
	for _, t := range all {
		used := "never"
		if !t.Used.IsZero() {
			used = t.Used.Local().Format("2006-01-02 15:04")
		}
		err := out.add(map[string]any{"id": t.ID, "name": t.Name, "role": t.Role, "scope": t.Scope, "label": t.Label, "created": t.Created, "ends": t.Ends, "used": t.Used},
			strings.Join([]string{t.ID, t.Name, t.Role, strings.Join(t.Scope, " "), t.Label, used, t.Ends.Local().Format("2006-01-02")}, "\t"))
		if err != nil {
			return err
		}
	}
	return out.end()
}

type tokenRevoke struct {
	storeSettings
	ID string `arg:"" help:"The token's id, as list has it."`
	By string `placeholder:"NAME" help:"Who does this; else the user of this machine."`
}

// Help implements kong.HelpProvider.
func (tokenRevoke) Help() string {
	return "Examples:\n  bulkhead token revoke k3v9x2ab\n  bulkhead token revoke k3v9x2ab --by eve"
}

// Run ends a token.
func (c tokenRevoke) Run(ctx context.Context, p program) error {
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // what was written is committed
	if err := store.RevokeToken(ctx, c.ID, "", who(c.By)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Revoked %s.\n", c.ID)
	return err
}
