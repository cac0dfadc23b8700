package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Postfix, Exim and OpenSMTPD exclude each other as Debian's packages; CI
// unpacks the last two into a folder that ends its PATH.

func startPostfixServer(t testing.TB, main, master string) mailServer {
	return startPostfixWith(t, main, master).server()
}

func (q *postfixQueue) server() mailServer {
	return mailServer{
		address: q.address, flush: q.flush, log: q.log,
		queued: func() int { to, _ := q.queued(); return len(to) },
	}
}

// eximBase is an Exim of its own around the shipped router and transport.
const eximBase = `exim_path = %[3]s
spool_directory = %[1]s/spool
log_file_path = %[1]s/log/%%slog
pid_file_path = %[1]s/spool/pid
primary_hostname = queue.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = %[2]s
tls_advertise_hosts =
keep_environment =
domainlist local_domains = queue.example
acl_smtp_rcpt = accept
begin routers
.include %[1]s/router
begin transports
.include %[1]s/transport
begin retry
* * F,4d,1m
`

func startExim(t testing.TB, relay string) mailServer {
	t.Helper()
	exim := needProgram(t, "exim4", "exim4-daemon-light")
	needRoot(t, "Exim's daemon needs root")
	_, relayPort, err := net.SplitHostPort(relay)
	if err != nil {
		t.Fatal(err)
	}
	s := mailServer{address: freePort(t)}
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		t.Fatal(err)
	}
	dir := rootFolder(t, map[string]string{
		"router":    shipped(t, "exim/conf.d/router/150_bulkhead"),
		"transport": shipped(t, "exim/conf.d/transport/30_bulkhead", "port = 2525", "port = "+relayPort),
	})
	config := filepath.Join(dir, "exim.conf")
	writeAsRoot(t, config, fmt.Sprintf(eximBase, dir, port, exim))
	for _, name := range []string{"spool", "log"} {
		mustAsRoot(t, "install", "-d", "-o", "Debian-exim", "-g", "Debian-exim", filepath.Join(dir, name))
	}
	s.log = func() []byte {
		text, _ := asRoot("cat", filepath.Join(dir, "log/mainlog")).CombinedOutput() // what there is
		return text
	}
	s.queued = func() int {
		return bytes.Count(mustAsRoot(t, exim, "-C", config, "-bpr"), []byte(" <sender@source.example>"))
	}
	s.flush = func() { mustAsRoot(t, exim, "-C", config, "-qff") }
	runServer(t, &s, exim, "-C", config, "-bdf", "-q1h")
	return s
}

func startOpenSMTPD(t testing.TB, relay string) mailServer {
	t.Helper()
	smtpd, ctl := needProgram(t, "smtpd", "opensmtpd"), needProgram(t, "smtpctl", "opensmtpd")
	if os.Getenv("CI") != "true" {
		t.Skip("OpenSMTPD has one queue for the whole machine, which no test may touch: for CI only")
	}
	needRoot(t, "OpenSMTPD needs root")
	s := mailServer{address: freePort(t)}
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		t.Fatal(err)
	}
	dir := rootFolder(t, map[string]string{
		"smtpd.conf": shipped(t, "opensmtpd/smtpd.conf", "port 25\n", "port "+port+"\n", "127.0.0.1:2525", relay),
	})
	s.log = func() []byte { return mustAsRoot(t, ctl, "show", "queue") }
	s.queued = func() int { return bytes.Count(mustAsRoot(t, ctl, "show", "queue"), []byte("\n")) }
	s.flush = func() { mustAsRoot(t, ctl, "schedule", "all") }
	// Another run of the tests may have the machine's one OpenSMTPD: wait for it.
	lock := filepath.Join(os.TempDir(), "opensmtpd-of-tests.lock")
	runServer(t, &s, needProgram(t, "flock", "util-linux"), "-F", lock, smtpd, "-d", "-f", filepath.Join(dir, "smtpd.conf"))
	for line := range strings.Lines(string(mustAsRoot(t, ctl, "show", "queue"))) {
		id, _, _ := strings.Cut(line, "|")
		mustAsRoot(t, ctl, "remove", id) // of a run that was broken off
	}
	return s
}

// rootFolder makes a folder with files that daemons of other accounts can read.
func rootFolder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "server")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustAsRoot(t, "rm", "-r", dir) })
	mustAsRoot(t, "chown", "root:root", dir)
	mustAsRoot(t, "chmod", "755", dir)
	for name, text := range files {
		writeAsRoot(t, filepath.Join(dir, name), text)
	}
	return dir
}

func writeAsRoot(t testing.TB, path, text string) {
	t.Helper()
	cmd := asRoot("install", "-m", "644", "/dev/stdin", path)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, out)
	}
}

func mustAsRoot(t testing.TB, args ...string) []byte {
	t.Helper()
	out, err := asRoot(args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// runServer runs a daemon in the foreground, and waits until it takes mail.
func runServer(t testing.TB, s *mailServer, args ...string) {
	t.Helper()
	cmd := asRoot(args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		exec.Command("kill", fmt.Sprint(cmd.Process.Pid)).Run() // root's own, or sudo, which hands it on
		if os.Getuid() != 0 {
			asRoot("kill", fmt.Sprint(cmd.Process.Pid)).Run() // as above
		}
		<-ended
	})
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", s.address); err == nil {
			conn.Close() // it was only tried
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s: %v\n%s", args[0], err, out.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen on %s", args[0], s.address)
		}
	}
}
