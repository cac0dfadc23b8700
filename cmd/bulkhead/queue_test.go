package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// postfixQueue is a real Postfix that takes mail on loopback and sends all of it
// on to a relay.
type postfixQueue struct {
	t       testing.TB
	dir     string
	address string // where it takes mail
}

const postfixMain = `compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
myhostname = queue.example
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
minimal_backoff_time = 1s
smtp_tls_security_level = none
bounce_size_limit = 600
`

const postfixMaster = `%s inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

// startPostfix starts an instance of its own, which needs root.
func startPostfix(t testing.TB, relay string) *postfixQueue {
	t.Helper()
	return startPostfixWith(t, fmt.Sprintf("relayhost = %s\n", bracketed(t, relay)), "")
}

// bracketed is an address as Postfix writes one that is not to be looked up.
func bracketed(t testing.TB, address string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return "[" + host + "]:" + port
}

// needRoot skips the test where it may not be root. Nobody's own machine is
// asked for root by a test.
func needRoot(t testing.TB, why string) {
	t.Helper()
	if os.Getuid() != 0 && (os.Getenv("CI") != "true" || exec.Command("sudo", "-n", "true").Run() != nil) {
		testbed.Skip(t, why)
	}
}

// asRoot is a command that root runs.
func asRoot(args ...string) *exec.Cmd {
	if os.Getuid() != 0 {
		args = append([]string{"sudo", "-n"}, args...)
	}
	return exec.Command(args[0], args[1:]...)
}

// startPostfixWith starts an instance with these lines more in its main.cf and
// its master.cf.
func startPostfixWith(t testing.TB, main, master string) *postfixQueue {
	t.Helper()
	needProgram(t, "postfix", "postfix")
	needProgram(t, "chown", "coreutils")
	needRoot(t, "Postfix's daemons need root")
	dir, err := os.MkdirTemp("", "queue")
	if err != nil {
		t.Fatal(err)
	}
	q := &postfixQueue{t: t, dir: dir, address: freePort(t)}
	t.Cleanup(func() {
		q.command("postfix", "-c", filepath.Join(dir, "etc"), "stop")
		q.command("rm", "-r", dir)
	})
	for name, text := range map[string]string{
		"etc/main.cf":   fmt.Sprintf(postfixMain, dir) + main,
		"etc/master.cf": fmt.Sprintf(postfixMaster, q.address) + master,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil { // its daemons are no root
		t.Fatal(err)
	}
	q.must("chown", "-R", "root:root", dir)
	q.must("mkdir", filepath.Join(dir, "queue"), filepath.Join(dir, "data"))
	q.must("chown", "postfix", filepath.Join(dir, "data"))
	q.must("postfix", "-c", filepath.Join(dir, "etc"), "start")
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", q.address); err == nil {
			conn.Close() // it was only tried
			return q
		}
		if time.Now().After(deadline) {
			t.Fatalf("Postfix does not listen on %s: %s", q.address, q.log())
		}
	}
}

// command runs a program as root.
func (q *postfixQueue) command(args ...string) ([]byte, error) {
	return asRoot(args...).CombinedOutput()
}

func (q *postfixQueue) must(args ...string) []byte {
	q.t.Helper()
	out, err := q.command(args...)
	if err != nil {
		q.t.Fatalf("%s: %v\n%s%s", strings.Join(args, " "), err, out, q.log())
	}
	return out
}

func (q *postfixQueue) log() []byte {
	text, err := q.command("cat", filepath.Join(q.dir, "log"))
	if err != nil {
		return fmt.Appendf(nil, "%v\n", err)
	}
	return text
}

// queued are the recipients whose mail is in the queue, sorted, with what
// Postfix says of why.
func (q *postfixQueue) queued() (to, reasons []string) {
	q.t.Helper()
	lines := bufio.NewScanner(bytes.NewReader(q.must("postqueue", "-c", filepath.Join(q.dir, "etc"), "-j")))
	for lines.Scan() {
		var item struct {
			Recipients []struct {
				Address string
				Reason  string `json:"delay_reason"`
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &item); err != nil {
			q.t.Fatalf("%v: %s", err, lines.Bytes())
		}
		for _, r := range item.Recipients {
			to, reasons = append(to, r.Address), append(reasons, r.Reason)
		}
	}
	slices.Sort(to)
	return to, reasons
}

// flush has Postfix try all of its queue now.
func (q *postfixQueue) flush() { q.must("postqueue", "-c", filepath.Join(q.dir, "etc"), "-f") }

// Where later copies are deferred, a mail server's queue keeps them while the
// incident is open. Once it is released all of them arrive, and nobody has the
// mailing twice; once it is refused all of them go back to their sender.
func TestPostfixKeepsWhatIsDeferred(t *testing.T) {
	for _, action := range []string{quarantine.ActionRelease, quarantine.ActionRefuse} {
		t.Run(action, func(t *testing.T) { testDeferred(t, action) })
	}
}

func testDeferred(t *testing.T, action string) {
	box := newMailbox(t)
	p := startRelay(t, t.TempDir(), box.url(), func(cfg *configs.Config) { cfg.Run.Answer = "defer" })
	q := startPostfix(t, p.listeners[0].Addr().String())
	tool := dialQuiet(q.address)
	if tool == nil {
		t.Fatal("Postfix takes no client")
	}
	defer tool.conn.Close() // every reply has been read
	const sender = "tool@isp.example"
	var readers []string
	post := func() {
		to := fmt.Sprintf("reader%02d@client.example", len(readers))
		readers = append(readers, to)
		if reply := tool.deliver(posting{sender, to, bulletin(40)}); !strings.HasPrefix(reply, "250 ") {
			t.Fatalf("Postfix answers %q", reply)
		}
	}
	post()
	waitFor(t, "the first copy is held", func() bool { return len(p.incidents(t)) == 1 })
	for range 12 {
		post()
	}
	waitFor(t, "the queue holds the other copies, and says why", func() bool {
		to, reasons := q.queued()
		return slices.Equal(to, readers[1:]) && !slices.ContainsFunc(reasons, func(why string) bool {
			return !strings.Contains(why, "451 4.3.0 Run paused")
		})
	})
	if all := p.incidents(t); len(all) != 1 || all[0].Copies != 1 {
		t.Errorf("incidents %+v, want one of 1 copy", all)
	}
	if got := box.got(); len(got) != 0 {
		t.Errorf("%d messages have arrived before anybody decided", len(got))
	}

	p.decide(t, action)
	time.Sleep(1100 * time.Millisecond) // Postfix's minimal_backoff_time
	waitFor(t, "the queue is empty", func() bool {
		q.flush()
		to, _ := q.queued()
		return len(to) == 0
	})
	want := readers
	if action == quarantine.ActionRefuse {
		want = slices.Repeat([]string{sender}, len(readers)-1)
	}
	var reached []string
	for _, m := range box.got() {
		reached = append(reached, m.to...)
	}
	slices.Sort(reached)
	if !slices.Equal(reached, want) {
		t.Errorf("after %s mail has reached %v, want %v\n%s", action, reached, want, q.log())
	}
}

// decide decides on the one incident, as it is.
func (p *inProcess) decide(t *testing.T, action string) {
	t.Helper()
	desk := newDesk(p.cfg, p.store, p.upstream)
	seen, err := desk.Review(t.Context(), p.incidents(t)[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	decision := review.Request{Incident: seen.Incident.ID, Action: action, By: "anna", Reason: "agreed", Token: seen.Token}
	if _, err := desk.Decide(t.Context(), decision, review.Hooks{}); err != nil {
		t.Fatal(err)
	}
}
