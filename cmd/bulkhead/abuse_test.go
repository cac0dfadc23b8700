package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tlsListener writes a configuration with one listener that offers STARTTLS,
// or begins with TLS, and returns its path and the certificate's.
func tlsListener(t testing.TB, implicit bool) (config, cert string) {
	t.Helper()
	cert, key := certificate(t)
	return writeFile(t, "bulkhead.yaml", fmt.Sprintf(
		"listeners:\n  - address: 127.0.0.1:0\n    allow: [127.0.0.0/8]\n    tls: {cert: %q, key: %q, implicit: %v}\n", cert, key, implicit)), cert
}

// The protocol-abuse runner keeps its own sink as the upstream, and judges by
// what the client was told and what the sink got.
func TestAbuse(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	t.Parallel() // mostly waiting
	python := needProgram(t, "python3", "python3")
	runner := filepath.Join(sharedDir, "abuse", "smtp_abuse.py")
	if _, err := os.Stat(runner); err != nil {
		skipUnlessCI(t, "the abuse runner is not beside the checkout: "+runner)
	}
	config, _ := tlsListener(t, false)
	sink, data := freePort(t), t.TempDir()
	p := serve(t, data, "smtp://"+sink, "--config", config)
	report := filepath.Join(t.TempDir(), "report.json")
	cmd := exec.Command(python, runner, "--sut", p.smtp[0], "--sink", sink, "--json", report,
		"--quarantine", filepath.Join(data, "messages"))
	began := time.Now()
	out, err := cmd.CombinedOutput()
	text, readErr := os.ReadFile(report)
	if readErr != nil {
		t.Fatalf("the runner made no report: %v\n%s", err, out)
	}
	var result struct {
		Totals map[string]int
		Cases  []struct{ Case, Tier, Result, Detail string }
	}
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	if result.Totals["pass"] == 0 {
		t.Fatalf("no case passed:\n%s", out)
	}
	for _, c := range result.Cases {
		switch c.Result {
		case "FAIL":
			t.Errorf("%s (%s): %s", c.Case, c.Tier, c.Detail)
		case "skip":
			t.Logf("skipped: %s: %s", c.Case, c.Detail)
		}
	}
	t.Logf("%v in %v", result.Totals, time.Since(began).Round(time.Second))
	if strings.Contains(p.logged(), "panic") {
		t.Errorf("a panic was logged:\n%s", p.logged())
	}
	p.stop(t)
}
