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
	good, text, err := askRunning(ctx, &cfg, path)
	if err != nil {
		return fmt.Errorf("no relay answers: %w", err)
	}
	if !good {
		return fmt.Errorf("not ready: %s", text)
	}
	_, err = io.WriteString(p.stdout, text)
	return err
}

// askTime bounds how long a running relay may take to say how it does.
const askTime = 15 * time.Second

// askRunning asks the relay that runs by a configuration how it does. The error
// says that none answers.
func askRunning(ctx context.Context, cfg *configs.Config, path string) (good bool, text string, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+cfg.Metrics.Address+path, nil)
	if err != nil {
		return false, "", fmt.Errorf("metrics.address: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, "", err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	return resp.StatusCode == http.StatusOK, string(body), err
}
