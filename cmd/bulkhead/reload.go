package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

type reloadCommand struct{ remote }

// Help implements kong.HelpProvider.
func (reloadCommand) Help() string {
	return `Policies, lexicon, own domains and log level of the configuration, indexes, the allow
list and certificates are read again at once, and put in force together. What is
not valid stays as it was; file, line and field are named. The token needs the
right admin. On the server's own machine SIGHUP does the same, and the log tells.

Exit status: 0 all taken, 2 not.

Examples:
  bulkhead reload --server https://bulkhead.example --token-file token`
}

// Run has a running server read its files again.
func (c reloadCommand) Run(ctx context.Context, p program) error {
	if c.Server == "" {
		return errors.New("which server: give --server URL or set BULKHEAD_URL; on its own machine: kill -HUP its process, or systemctl reload bulkhead")
	}
	server, err := c.client(p)
	if err != nil {
		return err
	}
	r, err := server.Reload(ctx)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(p.stdout, "In force: %s\n", r.Version); err != nil || len(r.Waiting) == 0 {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Waiting for a restart: %s\n", strings.Join(r.Waiting, ", "))
	return err
}

// reload reads everything again for somebody, and notes it.
func (r *relay) reload(ctx context.Context, by string) (api.Reload, error) {
	r.log.Info("reloading: by the API", "by", by)
	out := api.Reload{NotTaken: refusals(r.live.reload(true))}
	outcome := quarantine.ReloadTaken
	if len(out.NotTaken) > 0 {
		outcome = quarantine.ReloadRefused
	}
	r.manager.tell("STATUS=" + r.status())
	out.Version, out.Waiting = r.live.now.Load().version(), r.live.waiting()
	// Who asked may have gone meanwhile; it is in force all the same.
	return out, r.store.RecordReload(context.WithoutCancel(ctx), by, outcome, out.Version)
}

// refusals says of each thing that was not taken what is wrong where.
func refusals(err error) []api.NotTaken {
	several, is := err.(interface{ Unwrap() []error }) // as live.reload joins them
	if !is {
		return nil
	}
	var all []api.NotTaken
	for _, e := range several.Unwrap() {
		var n *notTaken
		if !errors.As(e, &n) {
			all = append(all, api.NotTaken{What: e.Error()})
			continue
		}
		faults := configs.Faults(n.err)
		for _, f := range faults {
			at := configs.Fault{File: f.File, Line: f.Line, Column: f.Column, Field: f.Field}
			all = append(all, api.NotTaken{Place: at.Error(), What: f.What})
		}
		if len(faults) == 0 {
			all = append(all, api.NotTaken{Place: strings.TrimSpace(n.kind + " " + n.name), What: n.err.Error()})
		}
	}
	return all
}

// waiting are the settings that have changed and wait for a restart.
func (l *live) waiting() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string{}, l.config.waiting...)
}
