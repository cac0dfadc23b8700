package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// passed are sockets as a service manager has them open, by their names, for as
// many processes as it starts.
type passed struct {
	names []string
	files []*os.File
	at    map[string]string // the first address of a name
	close []io.Closer
}

// release closes the sockets: their addresses are free.
func (s *passed) release() {
	for _, c := range s.close {
		c.Close()
	}
}

func newPassed(t testing.TB, names ...string) *passed {
	t.Helper()
	s := &passed{names: names, at: map[string]string{}}
	t.Cleanup(s.release)
	for _, name := range names {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		file, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		s.close = append(s.close, l, file)
		s.files = append(s.files, file)
		if s.at[name] == "" {
			s.at[name] = l.Addr().String()
		}
	}
	return s
}

// command is a command line that has the sockets, as sd_listen_fds(3) describes.
func (s *passed) command(args ...string) *exec.Cmd {
	cmd := exec.Command("sh", append([]string{"-c", `LISTEN_PID=$$ exec bulkhead "$@"`, "sh"}, args...)...)
	cmd.Env = append(os.Environ(), "BULKHEAD_LOG_FORMAT=json", "BULKHEAD_HOSTNAME=relay.example",
		fmt.Sprintf("LISTEN_FDS=%d", len(s.files)), "LISTEN_FDNAMES="+strings.Join(s.names, ":"))
	cmd.ExtraFiles = s.files
	return cmd
}

// Sockets go to the settings of their names and addresses, in whatever order they
// are passed on.
func TestSocketsArePassedOn(t *testing.T) {
	s := newPassed(t, "metrics", "smtp", "bulkhead.socket", "admin")
	second, err := net.FileListener(s.files[2])
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	config := writeFile(t, "bulkhead.yaml", fmt.Sprintf(`listeners:
  - {address: %q, allow: [127.0.0.0/8]}
  - {address: %q, allow: [192.0.2.0/24]}
`, second.Addr(), s.at["smtp"]))
	p := begin(t, s.command("serve", "--config", config, "--data-dir", t.TempDir(), "--upstream", newMailbox(t).url(),
		"--admin", s.at["admin"], "--metrics", s.at["metrics"]))
	if want := []string{second.Addr().String(), s.at["smtp"]}; strings.Join(p.smtp, " ") != strings.Join(want, " ") {
		t.Errorf("mail is taken on %v, want %v", p.smtp, want)
	}
	// Each has the networks of the listener by its address.
	if code, _ := dial(t, second.Addr().String()).send("ana@office.example", []string{"ben@client.example"}, letter("", "ana@office.example", "ben@client.example", ordinaryLetter).content); code != 250 {
		t.Errorf("the first listener answers %d", code)
	}
	if code, _, err := dial(t, s.at["smtp"]).try("ana@office.example", []string{"ben@client.example"}, nil); err != nil || code < 500 {
		t.Errorf("the second listener answers %d (%v) to who may not relay", code, err)
	}
	if status, _ := get(t, "http://"+s.at["metrics"]+"/healthz"); status != 200 {
		t.Errorf("/healthz by the socket that was passed on: %d", status)
	}
	p.stop(t)
	// The manager has them open still: who comes now waits.
	for name, at := range s.at {
		conn, err := net.Dial("tcp", at)
		if err != nil {
			t.Errorf("%s is refused while no relay runs: %v", name, err)
			continue
		}
		conn.Close()
	}
}

// A socket that no setting has would keep its clients waiting for ever.
func TestSocketWithoutASettingIsAnError(t *testing.T) {
	s := newPassed(t, "smtp")
	out, err := s.command("serve", "--listen", freePort(t), "--data-dir", t.TempDir(), "--upstream", "smtp://127.0.0.1:1",
		"--admin", "127.0.0.1:0", "--metrics", "127.0.0.1:0").CombinedOutput()
	if err == nil || !strings.Contains(string(out), s.at["smtp"]) || !strings.Contains(string(out), "ListenStream=") {
		t.Errorf("serve ends with %v:\n%s", err, out)
	}
}

func TestWhichAddressesAgree(t *testing.T) {
	for _, c := range []struct {
		configured, socket string
		want               bool
	}{
		{"127.0.0.1:25", "127.0.0.1:25", true},
		{"localhost:25", "127.0.0.1:25", true},
		{"127.0.0.1:25", "127.0.0.1:26", false},
		{"127.0.0.1:25", "127.0.0.2:25", false},
		{"127.0.0.1:0", "127.0.0.1:26", true},
		// systemd's ListenStream=25 is [::]:25, for IPv4 as well
		{":25", "[::]:25", true},
		{"0.0.0.0:25", "[::]:25", true},
		{"[::]:25", "0.0.0.0:25", true},
		{":25", "127.0.0.1:25", false},
		{"127.0.0.1:25", "[::]:25", false},
		{"[::1]:25", "[::1]:25", true},
	} {
		at, err := net.ResolveTCPAddr("tcp", c.socket)
		if err != nil {
			t.Fatal(err)
		}
		if got := agrees(c.configured, at); got != c.want {
			t.Errorf("%s for a socket on %s: %v, want %v", c.configured, c.socket, got, c.want)
		}
	}
	if agrees("127.0.0.1:25", &net.UnixAddr{Name: "/run/smtp", Net: "unix"}) {
		t.Error("a Unix socket has an address of TCP")
	}
}

// systemd's own program passes sockets on: the first client starts the relay, and
// waits for it.
func TestSystemdSocketActivate(t *testing.T) {
	activate := needProgram(t, "systemd-socket-activate", "systemd")
	free := newPassed(t, "smtp", "admin", "metrics")
	free.release()
	box := newMailbox(t)
	cmd := exec.Command(activate, "--fdname=smtp:admin:metrics", "-l", free.at["smtp"], "-l", free.at["admin"], "-l", free.at["metrics"],
		"-E", "BULKHEAD_LOG_FORMAT=json", "-E", "BULKHEAD_HOSTNAME=relay.example", "--", ownPath(t), "serve", "--listen", free.at["smtp"], "--admin", free.at["admin"],
		"--metrics", free.at["metrics"], "--data-dir", t.TempDir(), "--upstream", box.url())
	first := make(chan error, 1)
	go func() {
		for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
			c, err := greet(free.at["smtp"])
			if errors.Is(err, syscall.ECONNREFUSED) && time.Now().Before(deadline) {
				continue // it does not listen yet
			}
			if err == nil {
				s := letter("", "ana@office.example", "ben@client.example", ordinaryLetter)
				_, _, err = c.try(s.from, []string{s.to}, s.content)
				c.conn.Close() // had what it wanted
			}
			first <- err
			return
		}
	}()
	p := begin(t, cmd)
	if err := <-first; err != nil || len(box.got()) != 1 {
		t.Errorf("the client that started the relay: %v, %d messages", err, len(box.got()))
	}
	if status, _ := get(t, "http://"+free.at["admin"]+"/healthz"); status != 200 {
		t.Errorf("the console by its socket: %d", status)
	}
	p.stop(t)
}
