package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// patience is how long a test waits for what must happen.
const patience = 60 * time.Second

// process is a running bulkhead serve, a process of its own on free ports of
// loopback.
type process struct {
	cmd     *exec.Cmd
	dataDir string
	smtp    []string // the listeners' addresses
	admin   string   // base URL of the console
	metrics string   // base URL of /metrics

	mu     sync.Mutex
	log    bytes.Buffer
	exited chan error
}

// runBulkhead runs one command to its end, and returns what it printed and its
// exit status.
func runBulkhead(t testing.TB, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := exec.Command("bulkhead", args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

// serve starts a relay in front of the upstream, and waits until it is ready.
// Further arguments are flags; those with "=" before any "--" are environment.
func serve(t testing.TB, dataDir, upstream string, more ...string) *process {
	t.Helper()
	args := []string{"serve", "--data-dir", dataDir, "--upstream", upstream, "--admin", "127.0.0.1:0", "--metrics", "127.0.0.1:0"}
	environ := append(os.Environ(), "BULKHEAD_LOG_FORMAT=json", "BULKHEAD_HOSTNAME=relay.example")
	listen := true
	for _, m := range more {
		if name, _, found := strings.Cut(m, "="); found && !strings.Contains(name, "-") && strings.ToUpper(name) == name {
			environ = append(environ, m)
			continue
		}
		listen = listen && m != "--config" && m != "--listen"
		args = append(args, m)
	}
	if listen {
		args = append(args, "--listen", "127.0.0.1:0")
	}
	cmd := exec.Command("bulkhead", args...)
	cmd.Env = environ
	p := begin(t, cmd)
	p.dataDir = dataDir
	return p
}

// begin starts a program that runs or becomes a relay, with its log in JSON, and
// waits until it is ready.
func begin(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, exited: make(chan error, 1)}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.kill() })
	ready := make(chan struct{})
	go p.follow(stderr, ready)
	select {
	case <-ready:
	case err := <-p.exited:
		t.Fatalf("serve ended before it was ready: %v\n%s", err, p.logged())
	case <-time.After(patience):
		t.Fatalf("serve is not ready after %v\n%s", patience, p.logged())
	}
	return p
}

// follow keeps the log, and learns the addresses from it.
func (p *process) follow(stderr io.Reader, ready chan<- struct{}) {
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.log.Write(append(lines.Bytes(), '\n'))
		p.mu.Unlock()
		var entry struct{ Msg, Address, Console, Metrics string }
		if json.Unmarshal(lines.Bytes(), &entry) != nil {
			continue
		}
		switch entry.Msg {
		case "taking mail":
			p.smtp = append(p.smtp, entry.Address)
		case "ready":
			p.admin = strings.TrimSuffix(entry.Console, "/")
			p.metrics = strings.TrimSuffix(entry.Metrics, "/metrics")
			close(ready)
		}
	}
	p.exited <- p.cmd.Wait()
	close(p.exited)
}

// logged returns the log so far.
func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// tells waits for a line of the log that has all of the texts: what a process
// writes comes a little after what it answers.
func (p *process) tells(t testing.TB, texts ...string) {
	t.Helper()
	has := func(line string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) })
	}
	for deadline := time.Now().Add(patience); !slices.ContainsFunc(strings.Split(p.logged(), "\n"), has); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no line of the log has %q:\n%s", texts, p.logged())
		}
	}
}

// kill ends the process at once, as a power cut does.
func (p *process) kill() {
	p.cmd.Process.Kill() // it may have ended
	<-p.exited
}

// stop asks the process to end and checks that it does so in good order.
func (p *process) stop(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.wait(t)
}

func (p *process) wait(t testing.TB) {
	t.Helper()
	select {
	case err := <-p.exited:
		if err != nil {
			t.Errorf("serve: %v\n%s", err, p.logged())
		}
	case <-time.After(patience):
		t.Fatalf("serve does not end after SIGTERM\n%s", p.logged())
	}
}

// get reads a page and returns its status and text.
func get(t testing.TB, url string) (int, string) {
	t.Helper()
	return getWith(t, url, "")
}

// tokenFor makes an API token of an admin's, for these rights.
func tokenFor(t testing.TB, data string, rights ...string) string {
	t.Helper()
	args := []string{"token", "add", "tester", "--role", "admin", "--data-dir", data}
	for _, right := range rights {
		args = append(args, "--scope", right)
	}
	out, errOut, status := runBulkhead(t, args...)
	if status != exitOK {
		t.Fatalf("token add: %d %s", status, errOut)
	}
	return strings.TrimSpace(out)
}

// getWith fetches an address as who has a token, "" for nobody.
func getWith(t testing.TB, url, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() // read to its end
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// metric returns the value of one series of /metrics, such as
// `bulkhead_messages_total{action="pass",completeness="complete"}`.
func (p *process) metric(t testing.TB, series string) float64 {
	t.Helper()
	_, text := get(t, p.metrics+"/metrics")
	for line := range strings.Lines(text) {
		if rest, found := strings.CutPrefix(line, series+" "); found {
			var v float64
			if _, err := fmt.Sscan(rest, &v); err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	t.Fatalf("no series %s in /metrics", series)
	return 0
}

// needProgram returns the path of a program of Debian's, or skips the test. With
// -short, as the race detector runs them, no test starts one.
func needProgram(t testing.TB, name, pkg string) string {
	t.Helper()
	testbed.SkipShort(t, name+" takes long")
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath(filepath.Join("/usr/sbin", name))
	}
	if err != nil {
		testbed.Skip(t, fmt.Sprintf("%s is missing: install Debian's package %s", name, pkg))
	}
	return path
}
