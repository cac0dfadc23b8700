package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

type healthCommand struct {
	settings
	Live bool `help:"Ask only whether the process answers, not whether it can pass mail on."`
}

// Help implements kong.HelpProvider.
func (healthCommand) Help() string {
	return "Exit status: 0 ready, 2 not.\n\nExamples:\n  bulkhead health\n  bulkhead health --live --metrics 127.0.0.1:9425"
}

// Run asks the running relay.
func (c healthCommand) Run(ctx context.Context, p program) error {
	cfg, _, err := configs.Load(c.Config, p.environ)
	if err != nil {
		return err
	}
	c.apply(&cfg)
	path := "/readyz"
	if c.Live {
		path = "/healthz"
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+cfg.Metrics.Address+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("no relay answers: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", text)
	}
	_, err = p.stdout.Write(text)
	return err
}
