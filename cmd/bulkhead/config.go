package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/policies"
	"github.com/goccy/go-yaml"
)

type configCommand struct {
	Check     configCheck     `cmd:"" help:"Check a configuration: names file, line, field and what would be right."`
	Show      configShow      `cmd:"" help:"Print the configuration in force, secrets hidden."`
	Policies  configPolicies  `cmd:"" help:"Print the default policies, to start your own from."`
	Notices   configNotices   `cmd:"" help:"Write the built-in texts of notices into a folder, to start your own from."`
	Variables configVariables `cmd:"" help:"List what a policy's condition may use."`
}

type configCheck struct {
	File    string `arg:"" optional:"" help:"Configuration file; without it, the defaults and the environment are checked."`
	Connect bool   `help:"Also connect to the upstream."`
}

// Help implements kong.HelpProvider.
func (configCheck) Help() string {
	return "Examples:\n  bulkhead config check /etc/bulkhead/bulkhead.yaml\n  bulkhead config check --connect bulkhead.yaml"
}

// Run checks the file.
func (c configCheck) Run(ctx context.Context, p program) error {
	cfg, src, err := configs.Load(c.File, p.environ)
	if err != nil {
		return err
	}
	if err := cfg.Check(src); err != nil {
		return err
	}
	for i, l := range cfg.Listeners {
		if _, _, err := newDoor(l); err != nil {
			return fmt.Errorf("%s%w", src.At(fmt.Sprintf("listeners[%d].tls", i)), err)
		}
	}
	if a := &cfg.Admin; a.Cert != "" && a.Cert != configs.ByACME {
		if _, err := openCertificate("admin.cert", a.Cert, a.Key); err != nil {
			return fmt.Errorf("%s%w", src.At("admin.cert"), err)
		}
	}
	for _, roots := range [][2]string{{"acme.ca", cfg.ACME.CA}, {"tracing.ca", cfg.Tracing.CA}} {
		if _, err := readRoots(roots[0], roots[1]); err != nil {
			return fmt.Errorf("%s%w", src.At(roots[0]), err)
		}
	}
	server, err := newUpstream(&cfg)
	if err != nil {
		return fmt.Errorf("%s%w", src.At("upstream"), err)
	}
	defer server.Close() //nolint:errcheck // a probe's connection at most
	if _, err := newNotifier(&cfg, nil, server, nil, nil); err != nil {
		return fmt.Errorf("%s%w", src.At("notify"), err)
	}
	if _, err := newEvents(&cfg, nil, nil); err != nil {
		return fmt.Errorf("%s%w", src.At("events"), err)
	}
	if c.Connect {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		if err := server.Probe(ctx); err != nil {
			return fmt.Errorf("upstream.url: %w", err)
		}
	}
	_, err = fmt.Fprintln(p.stdout, "The configuration is good.")
	return err
}

type configShow struct {
	settings
	Defaults bool `help:"Show the defaults instead."`
}

// Help implements kong.HelpProvider.
func (configShow) Help() string {
	return "Examples:\n  bulkhead config show --config bulkhead.yaml\n  bulkhead config show --defaults"
}

// Run prints the configuration.
func (c configShow) Run(p program) error {
	cfg := configs.Default()
	if !c.Defaults {
		var err error
		if cfg, _, err = configs.Load(c.Config, p.environ); err != nil {
			return err
		}
		c.apply(&cfg)
	}
	cfg.Redact()
	out, err := yaml.Marshal(cfg)
	if err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	_, err = fmt.Fprintln(p.stdout, strings.TrimRight(string(out), "\n"))
	return err
}

type configPolicies struct{}

// Help implements kong.HelpProvider.
func (configPolicies) Help() string {
	return "Examples:\n  bulkhead config policies\n  bulkhead config policies >> bulkhead.yaml"
}

// Run prints the default policies.
func (configPolicies) Run(p program) error {
	_, err := p.stdout.Write(policies.Default())
	return err
}

type configNotices struct {
	Dir string `arg:"" help:"Folder; made if there is none. Files that are there stay."`
}

// Help implements kong.HelpProvider.
func (configNotices) Help() string {
	return "Examples:\n  bulkhead config notices /etc/bulkhead/notices\n  bulkhead config notices . && rm digest.*"
}

// Run writes the texts.
func (c configNotices) Run(p program) error {
	texts, err := notify.BuiltIn()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	if err := os.CopyFS(c.Dir, texts); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Written. Name the folder as notify.templates; leave out what you do not change.\n")
	return err
}

type configVariables struct{}

// Help implements kong.HelpProvider.
func (configVariables) Help() string {
	return "Examples:\n  bulkhead config variables\n  bulkhead config variables | grep sender"
}

// Run lists the variables of conditions.
func (configVariables) Run(p program) error {
	w := tabwriter.NewWriter(p.stdout, 0, 8, 2, ' ', 0)
	for _, v := range rules.Variables() {
		fmt.Fprintf(w, "%s\t%s\t%s\n", v.Name, v.Type, v.Help)
	}
	return w.Flush()
}
