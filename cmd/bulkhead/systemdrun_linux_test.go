package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// machine is a systemd of its own in namespaces of its own: it knows the units of
// one folder only, and has /run and /var/lib to itself.
type machine struct {
	dir  string
	boot *exec.Cmd
	init int // systemd, as seen from outside
	err  string
}

// bootScript begins in new namespaces: of the host nothing changes, but that empty
// control groups are left. The program and its configuration go where the unit may
// see them.
const bootScript = `set -e
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
mkdir -p /run/systemd /run/try
cp "$DIR/bulkhead" "$DIR/bulkhead.yaml" /run/try/
exec env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin container=docker SYSTEMD_UNIT_PATH="$DIR/units" SYSTEMD_LOG_TARGET=console \
	/lib/systemd/systemd --system --unit=try.target
`

// newMachine boots it with the units that the project ships.
func newMachine(t *testing.T, config string) *machine {
	t.Helper()
	needProgram(t, "systemd-analyze", "systemd")
	if out, err := exec.Command("unshare", "--fork", "--pid", "--mount", "--uts", "--ipc", "--cgroup", "true").CombinedOutput(); err != nil {
		testbed.Skip(t, fmt.Sprintf("the kernel lets this user have no namespaces, in which systemd could run: %v: %s", err, out))
	}
	m := &machine{dir: t.TempDir()}
	units := filepath.Join(m.dir, "units")
	if err := os.Mkdir(units, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	unit := shipped(t, "systemd/bulkhead.service",
		"/usr/bin/bulkhead", "/run/try/bulkhead", "/etc/bulkhead/bulkhead.yaml", "/run/try/bulkhead.yaml",
		"User=bulkhead", "User=nobody", "Group=bulkhead", "Group=nogroup") + "\n[Service]\nStandardError=file:" + m.dir + "/log\n"
	write(filepath.Join(units, "bulkhead.service"), unit)
	address, _, _ := strings.Cut(strings.SplitAfter(config, `address: "`)[1], `"`)
	write(filepath.Join(units, "bulkhead.socket"), shipped(t, "systemd/bulkhead.socket", "127.0.0.1:2525", address))
	for _, target := range []string{"sysinit", "basic", "sockets", "shutdown", "network-online", "umount", "try"} {
		write(filepath.Join(units, target+".target"), "[Unit]\nDefaultDependencies=no\n")
	}
	write(filepath.Join(m.dir, "bulkhead.yaml"), config)
	copyProgram(t, filepath.Join(m.dir, "bulkhead"))

	m.boot = exec.Command("unshare", "--fork", "--pid", "--mount", "--uts", "--ipc", "--cgroup", "--propagation", "private", "--kill-child", "sh", "-c", bootScript)
	m.boot.Env = append(os.Environ(), "DIR="+m.dir)
	console, err := os.Create(filepath.Join(m.dir, "console"))
	if err != nil {
		t.Fatal(err)
	}
	m.boot.Stdout, m.boot.Stderr = console, console
	m.boot.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := m.boot.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.boot.Process.Kill() // and with it systemd and all it has started: --kill-child
		m.boot.Wait()
		if t.Failed() {
			for _, name := range []string{"console", "log"} {
				text, _ := os.ReadFile(filepath.Join(m.dir, name))
				t.Logf("%s:\n%.6000s", name, text)
			}
		}
	})
	waitFor(t, "systemd to be up", func() bool {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", m.boot.Process.Pid, m.boot.Process.Pid))
		m.init, _ = strconv.Atoi(strings.TrimSpace(string(children)))
		return m.init > 0 && m.try("systemctl", "is-active", "try.target") == nil
	})
	return m
}

// copyProgram puts the program that the tests run as bulkhead in a place of its
// own. The test binary is main by its name.
func copyProgram(t *testing.T, to string) {
	t.Helper()
	from, err := os.Open(ownPath(t))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close() // read only
	file, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(file, from); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// try runs a command inside.
func (m *machine) try(args ...string) error {
	out, err := exec.Command("nsenter", append([]string{"--target", strconv.Itoa(m.init), "--all", "--"}, args...)...).CombinedOutput()
	m.err = strings.TrimSpace(string(out))
	return err
}

// run runs a command inside that must succeed, and returns what it prints.
func (m *machine) run(t *testing.T, args ...string) string {
	t.Helper()
	if err := m.try(args...); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, m.err)
	}
	return m.err
}

func (m *machine) show(t *testing.T, property string) string {
	t.Helper()
	return m.run(t, "systemctl", "show", "--value", "--property", property, "bulkhead.service")
}

// The unit as it is shipped, run by systemd itself: the start ends when mail is
// taken, a reload is heard, a restart under load loses and refuses nobody, and
// archives are read within the confinement.
func TestSystemdRunsTheUnits(t *testing.T) {
	free := newPassed(t, "smtp", "admin", "metrics")
	box := newMailbox(t)
	policies := func(people int) string {
		return fmt.Sprintf("listeners: [{address: %q, allow: [127.0.0.0/8]}]\nadmin: {address: %q}\nmetrics: {address: %q}\nupstream: {url: %q}\n"+
			"policies: [{name: from-%d, when: exposure.direct >= %d, action: hold}]\n",
			free.at["smtp"], free.at["admin"], free.at["metrics"], box.url(), people, people)
	}
	free.release()
	m := newMachine(t, policies(10))
	m.run(t, "systemctl", "start", "bulkhead.socket", "bulkhead.service")
	if status := m.show(t, "StatusText"); !strings.Contains(status, "Taking mail on "+free.at["smtp"]) {
		t.Errorf("started with status %q", status)
	}
	p := &process{metrics: "http://" + free.at["metrics"]}
	table := csvOf(makeCustomers(30))

	// A restart under load.
	var stop atomic.Bool
	l := &ledger{acknowledged: map[string]bool{}}
	var clients sync.WaitGroup
	for c := range 2 {
		clients.Go(func() { l.each(t, &stop, free.at["smtp"], fmt.Sprintf("each-%d", c), table) })
		clients.Go(func() { l.pooled(t, &stop, free.at["smtp"], fmt.Sprintf("pooled-%d", c), table) })
	}
	for i := range 3 {
		l.waitFor(t, (i+1)*10)
		m.run(t, "systemctl", "restart", "bulkhead.service")
	}
	l.waitFor(t, 40)
	stop.Store(true)
	clients.Wait()
	sent := tally{}
	for _, got := range box.got() {
		sent.note(t, "the upstream", got.content, table, false)
	}
	for id := range l.acknowledged {
		if sent[id] > 1 {
			t.Errorf("%s is %d times at the upstream", id, sent[id])
		}
	}
	if len(l.acknowledged) != l.tried || len(sent) == 0 {
		t.Errorf("%d tried, %d acknowledged, %d passed", l.tried, len(l.acknowledged), len(sent))
	}

	// A reload.
	in := p.ruleSet(t)
	if err := os.WriteFile(filepath.Join(m.dir, "next.yaml"), []byte(policies(500)), 0o644); err != nil {
		t.Fatal(err)
	}
	m.run(t, "cp", filepath.Join(m.dir, "next.yaml"), "/run/try/bulkhead.yaml")
	m.run(t, "systemctl", "reload", "bulkhead.service")
	waitFor(t, "the new policies", func() bool { return p.ruleSet(t) != in })
	waitFor(t, "the status to tell of them", func() bool {
		return strings.Contains(m.show(t, "StatusText"), p.ruleSet(t)) && m.show(t, "ActiveState") == "active"
	})

	// The confinement leaves the readers of archives theirs.
	archive, err := os.ReadFile("../../rules/extract/foreign/testdata/copy.7z")
	if err != nil {
		t.Fatal(err)
	}
	code, text := dial(t, free.at["smtp"]).send("ana@office.example", []string{"ben@client.example"},
		attached("", "ana@office.example", "ben@client.example", "copy.7z", "application/x-7z-compressed", archive).content)
	if code != 250 {
		t.Errorf("a message with an archive is answered %d %s", code, text)
	}
	_, metrics := get(t, p.metrics+"/metrics")
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "bulkhead_messages_total{") && !strings.Contains(line, `completeness="complete"`) && !strings.HasSuffix(strings.TrimSpace(line), " 0") {
			t.Errorf("the archive was not read: %s", line)
		}
	}
	log, err := os.ReadFile(filepath.Join(m.dir, "log"))
	if err != nil || strings.Contains(string(log), "level=ERROR") || strings.Contains(string(log), "worker") {
		t.Errorf("the log has a complaint (%v):\n%s", err, log)
	}
	if m.show(t, "WatchdogTimestampMonotonic") == "0" || m.show(t, "NRestarts") != "0" {
		t.Errorf("the watchdog was fed at %s us, restarts %s", m.show(t, "WatchdogTimestampMonotonic"), m.show(t, "NRestarts"))
	}
	// It ends in good order.
	began := time.Now()
	m.run(t, "systemctl", "stop", "bulkhead.socket", "bulkhead.service")
	if result := m.show(t, "Result"); result != "success" {
		t.Errorf("stopped with %s after %v", result, time.Since(began))
	}
}
