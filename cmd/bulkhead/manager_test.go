package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notified is a service manager's socket.
type notified struct {
	path string
	conn *net.UnixConn
}

func newNotified(t testing.TB) *notified {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	n := &notified{path: filepath.Join(dir, "socket")}
	if n.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: n.path, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.conn.Close(); os.RemoveAll(dir) })
	return n
}

// until reads what is told until it holds an assignment, and returns it.
func (n *notified) until(t testing.TB, assignment string) map[string]string {
	t.Helper()
	buf := make([]byte, 4096)
	if err := n.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for {
		length, err := n.conn.Read(buf)
		if err != nil {
			t.Fatalf("waiting for %s: %v", assignment, err)
		}
		said := map[string]string{}
		found := false
		for line := range strings.Lines(string(buf[:length])) {
			name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			if !ok {
				t.Fatalf("told %q, which is no assignment", buf[:length])
			}
			said[name] = value
			found = found || name+"="+value == assignment || name == assignment
		}
		if found {
			return said
		}
	}
}

// silent reads for so long, and returns what was told meanwhile.
func (n *notified) silent(t testing.TB, d time.Duration) (told string) {
	t.Helper()
	if err := n.conn.SetReadDeadline(time.Now().Add(max(d, time.Millisecond))); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	for {
		length, err := n.conn.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return told
		}
		if err != nil {
			t.Fatal(err)
		}
		told += string(buf[:length]) + "\n"
	}
}

// A service manager hears when the start, each reload and the end are, what came
// of them, and that the relay is alive.
func TestServiceManagerIsTold(t *testing.T) {
	n := newNotified(t)
	config := writeFile(t, "bulkhead.yaml", string(holdingFrom(10, "")))
	p := serve(t, t.TempDir(), newMailbox(t).url(), "--config", config, "NOTIFY_SOCKET="+n.path, "WATCHDOG_USEC=900000")
	ready := n.until(t, "READY=1")
	if !strings.Contains(ready["STATUS"], p.smtp[0]) || !strings.Contains(ready["STATUS"], p.ruleSet(t)) {
		t.Errorf("ready with status %q, want the address and the rules' version", ready["STATUS"])
	}
	dial(t, p.smtp[0]) // it is greeted
	for range 3 {
		n.until(t, "WATCHDOG=1")
	}
	hangUp := func(config []byte) (status string) {
		t.Helper()
		replace(t, p.config(t), config)
		before := microseconds(t, strings.TrimSpace(strings.TrimPrefix(daemon.SdNotifyMonotonicUsec(), "MONOTONIC_USEC=")))
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if at := microseconds(t, n.until(t, "RELOADING=1")["MONOTONIC_USEC"]); at < before {
			t.Errorf("the reload began at %d us, before it was asked for at %d", at, before)
		}
		return n.until(t, "READY=1")["STATUS"]
	}
	before := p.ruleSet(t)
	if status := hangUp(holdingFrom(500, "")); p.ruleSet(t) == before || !strings.Contains(status, p.ruleSet(t)) || strings.Contains(status, "not taken") {
		t.Errorf("the new policies are not in force once the reload has ended: %q", status)
	}
	in := p.ruleSet(t)
	if status := hangUp([]byte("policies: {")); !strings.Contains(status, in) || !strings.Contains(status, "not taken") || !strings.Contains(status, "configuration") {
		t.Errorf("a reload of a broken file ends with %q", status)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if more := microseconds(t, n.until(t, "STOPPING=1")["EXTEND_TIMEOUT_USEC"]); more < 30_000_000 {
		t.Errorf("the end may take %d us, less than the grace time", more)
	}
	p.wait(t)
}

func microseconds(t testing.TB, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// config is the file that the process was started with.
func (p *process) config(t testing.TB) string {
	t.Helper()
	for i, arg := range p.cmd.Args {
		if arg == "--config" {
			return p.cmd.Args[i+1]
		}
	}
	t.Fatal("the process has no configuration")
	return ""
}

// A relay that finds itself stuck, or does not come back from looking, gives no
// sign of life.
func TestWatchdogIsNotFedWhenStuck(t *testing.T) {
	n := newNotified(t)
	t.Setenv("NOTIFY_SOCKET", n.path)
	var state atomic.Pointer[string]
	set := func(s string) { state.Store(&s) }
	set("alive")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	m := manager{watchdog: 60 * time.Millisecond, log: slog.New(slog.DiscardHandler)}
	go func() {
		defer close(ended)
		m.feed(ctx, func(ctx context.Context) error {
			switch *state.Load() {
			case "stuck":
				return errors.New("stuck")
			case "silent":
				<-ctx.Done()
				return fmt.Errorf("no answer: %w", ctx.Err())
			}
			return nil
		})
	}()
	for _, bad := range []string{"stuck", "silent"} {
		n.until(t, "WATCHDOG=1")
		set(bad)
		time.Sleep(150 * time.Millisecond) // a look under way may end well
		n.silent(t, 0)
		if told := n.silent(t, 300*time.Millisecond); told != "" {
			t.Fatalf("told %q though it is %s", told, bad)
		}
		set("alive")
	}
	n.until(t, "WATCHDOG=1")
	cancel()
	<-ended
}
