package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

type quarantineKeep struct {
	decision
	End bool `help:"End the legal hold instead."`
}

// Help implements kong.HelpProvider.
func (quarantineKeep) Help() string {
	return `A message under legal hold does not expire and cannot be deleted. With the id
of an incident, all its messages are, and those that join it later. A message's
own hold and its incident's end each by itself.

Examples:
  bulkhead quarantine keep BH-7K2M-Q9XD --reason "case 17"
  bulkhead quarantine keep IN-3F90-ABCD --reason "case 17 is closed" --end`
}

// Run keeps a message or an incident, or ends that.
func (c quarantineKeep) Run(ctx context.Context, p program) error {
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the hold is committed
	keep, says := store.Keep, "%s is under legal hold: it does not expire and cannot be deleted.\n"
	if c.End {
		keep, says = store.EndKeep, "The legal hold of %s is ended.\n"
	}
	if err := keep(ctx, c.ID, c.by(), c.Reason); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, says, strings.ToUpper(c.ID))
	return err
}

type quarantineDelete struct{ decision }

// Help implements kong.HelpProvider.
func (quarantineDelete) Help() string {
	return `The content is removed, and the keys without which what is left of it on the
disk cannot be read. What is known of the message stays, and its audit trail.

Examples:
  bulkhead quarantine delete BH-7K2M-Q9XD --reason "asked for by the person"
  bulkhead quarantine delete BH-7K2M-Q9XD --reason "test" --by ana`
}

// Run deletes one message's content.
func (c quarantineDelete) Run(ctx context.Context, p program) error {
	cfg, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the decision is committed
	m, err := store.Get(ctx, c.ID)
	if err != nil {
		return err
	}
	if m.Kept {
		return fmt.Errorf("message %s is %w: end the hold first", m.ID, quarantine.ErrKept)
	}
	// What nobody had decided is refused first, so that its sender hears of it.
	err = refuseAlone(ctx, p, cfg, store, c.decision)
	if err != nil && !errors.Is(err, quarantine.ErrDecided) {
		return err
	}
	if err := store.Delete(ctx, c.ID, c.by(), c.Reason); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Deleted %s. It cannot be read or sent any more.\n", strings.ToUpper(c.ID))
	return err
}
