package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

type doctorCommand struct {
	settings
	Format string `enum:"table,json" default:"table" help:"table or json."`
}

// Help implements kong.HelpProvider.
func (doctorCommand) Help() string {
	return `Looks at what a relay needs, and says what to do: the configuration, who may relay,
certificates, the upstream, permissions, room, the clock, and the relay that runs,
if one does. It leaves everything as it is, and sends nothing. Run it as the user that the
relay runs as.

Exit status: 0 nothing is wrong, 1 something is, 2 it could not be looked at.

Examples:
  bulkhead doctor --config /etc/bulkhead/bulkhead.yaml
  bulkhead doctor --upstream smtp://mail.example:25 --format json`
}

// level is how much a finding matters.
type level string

const (
	levelOK   level = "ok"
	levelNote level = "note" // good to know
	levelWarn level = "warn" // it works, and should be otherwise
	levelFail level = "fail" // mail is not taken, or not safe
)

// symptom is one thing that was looked at.
type symptom struct {
	Check string `json:"check"`
	Level level  `json:"level"`
	Says  string `json:"says"`
	Do    string `json:"do,omitempty"`
}

// examination is what the checks look at, and what they have found.
type examination struct {
	cfg   *configs.Config
	file  string // of the configuration, "" for none
	now   time.Time
	found []symptom
}

// note adds a finding. do says what to do, "" for nothing.
func (e *examination) note(check string, l level, do, says string, args ...any) {
	e.found = append(e.found, symptom{check, l, fmt.Sprintf(says, args...), do})
}

// doctorTime bounds all of it.
const doctorTime = time.Minute

// Run looks at everything.
func (c doctorCommand) Run(ctx context.Context, p program) error {
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	cfg, src, err := configs.Load(c.Config, p.environ)
	if err != nil {
		return err
	}
	c.apply(&cfg)
	e := &examination{cfg: &cfg, file: c.Config, now: time.Now()}
	if err := cfg.Check(src); err != nil {
		e.note("configuration", levelFail, "correct it; bulkhead config check says the same", "%v", err)
	} else {
		e.note("configuration", levelOK, "", "every setting is good")
	}
	for _, check := range []func(context.Context){e.secrets, e.doors, e.milter, e.certificates, e.acme, e.upstream, e.tracing, e.name, e.bucket, e.data, e.clock, e.running} {
		check(ctx)
	}
	if err := e.print(p.stdout, c.Format); err != nil {
		return err
	}
	wrong := 0
	for _, s := range e.found {
		if s.Level == levelFail {
			wrong++
		}
	}
	if wrong > 0 {
		return errFound{fmt.Sprintf("%d of %d things are wrong", wrong, len(e.found))}
	}
	return nil
}

func (e *examination) print(w io.Writer, format string) error {
	if format == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(e.found)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range e.found {
		fmt.Fprintf(t, "%s\t%s\t%s\n", s.Level, s.Check, s.Says)
		if s.Do != "" {
			fmt.Fprintf(t, "\t\t→ %s\n", s.Do)
		}
	}
	return t.Flush()
}
