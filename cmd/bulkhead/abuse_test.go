package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"github.com/emersion/go-smtp"
)

// tlsListener writes a configuration with one listener that offers STARTTLS,
// or begins with TLS, and returns its path and the certificate's.
func tlsListener(t testing.TB, implicit bool) (config, cert string) {
	t.Helper()
	cert, key := certificate(t)
	return writeFile(t, "bulkhead.yaml", fmt.Sprintf(
		"listeners:\n  - address: 127.0.0.1:0\n    allow: [127.0.0.0/8]\n    tls: {cert: %q, key: %q, implicit: %v}\n", cert, key, implicit)), cert
}

// abuseCases is how many cases the runner has at least.
const abuseCases = 58

// The protocol-abuse runner keeps its own sink as the upstream, and judges by
// what the client was told and what the sink got. All its cases must pass, the
// strict tier with the others, and none may be left out: the relay offers
// STARTTLS, and the case that needs CHUNKING is run once more with an upstream
// that has it, since the relay offers what its upstream does.
func TestAbuse(t *testing.T) {
	testbed.SkipShort(t, "long")
	t.Parallel() // mostly waiting
	passed := map[string]bool{}
	sink := freePort(t)
	skipped := runAbuse(t, sink, sink, "", passed)
	if want := []string{"bdat-chunks"}; !slices.Equal(skipped, want) {
		t.Errorf("skipped %v, want %v: it needs CHUNKING, which the runner's sink has not", skipped, want)
	}
	sink = freePort(t)
	if skipped = runAbuse(t, sink, newChunkingHop(t, sink), strings.Join(skipped, ","), passed); len(skipped) > 0 {
		t.Errorf("with an upstream that offers CHUNKING, skipped %v", skipped)
	}
	if len(passed) < abuseCases {
		t.Errorf("%d cases passed, want %d", len(passed), abuseCases)
	}
}

// runAbuse runs the runner, or only some of its cases, against a relay of its
// own; notes the cases that passed, and returns those that were skipped.
func runAbuse(t *testing.T, sink, upstream, only string, passed map[string]bool) (skipped []string) {
	t.Helper()
	python := needProgram(t, "python3", "python3")
	runner := filepath.Join(sharedDir, "abuse", "smtp_abuse.py")
	if _, err := os.Stat(runner); err != nil {
		testbed.Skip(t, "the abuse runner is not beside the checkout: "+runner)
	}
	config, _ := tlsListener(t, false)
	data := t.TempDir()
	p := serve(t, data, "smtp://"+upstream, "--config", config)
	report := filepath.Join(t.TempDir(), "report.json")
	cmd := exec.Command(python, runner, "--sut", p.smtp[0], "--sink", sink, "--json", report,
		"--quarantine", filepath.Join(data, "messages"), "--only", only)
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
	for _, c := range result.Cases {
		switch c.Result {
		case "pass":
			passed[c.Case] = true
		case "skip":
			skipped = append(skipped, c.Case)
		default:
			t.Errorf("%s (%s): %s: %s", c.Case, c.Tier, c.Result, c.Detail)
		}
	}
	t.Logf("%v in %v", result.Totals, time.Since(began).Round(time.Second))
	if strings.Contains(p.logged(), "panic") {
		t.Errorf("a panic was logged:\n%s", p.logged())
	}
	p.stop(t)
	return skipped
}

// newChunkingHop starts a server that offers CHUNKING and puts each message to
// the next one, which need not; it returns its address.
func newChunkingHop(t *testing.T, next string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &hop{next: next}, nil }))
	server.ErrorLog = log.New(io.Discard, "", 0)
	serveSMTP(t, server, l)
	return l.Addr().String()
}

// hop is a transaction that another server is to take.
type hop struct {
	next, from string
	to         []string
}

func (h *hop) Reset()                                      { *h = hop{next: h.next} }
func (h *hop) Logout() error                               { return nil }
func (h *hop) Mail(from string, _ *smtp.MailOptions) error { h.from = from; return nil }
func (h *hop) Rcpt(to string, _ *smtp.RcptOptions) error   { h.to = append(h.to, to); return nil }

func (h *hop) Data(r io.Reader) error {
	c, err := smtp.Dial(h.next)
	if err != nil {
		return err
	}
	defer c.Close() // its reply has been read
	return c.SendMail(h.from, h.to, r)
}
