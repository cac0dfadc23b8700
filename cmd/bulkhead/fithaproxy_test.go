package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// haproxy is a real HAProxy in front of two listeners.
type haproxy struct {
	smtp, submission string
	control          string // its control socket
}

// startHAProxy starts HAProxy with the shipped configuration, but for addresses
// and a shorter interval.
func startHAProxy(t testing.TB, relay, submission, ready string) *haproxy {
	t.Helper()
	program := needProgram(t, "haproxy", "haproxy")
	_, readyPort, err := net.SplitHostPort(ready)
	if err != nil {
		t.Fatal(err)
	}
	h := &haproxy{smtp: freePort(t), submission: freePort(t), control: filepath.Join(t.TempDir(), "control")}
	shippedConfig := writeFile(t, "haproxy.cfg", shipped(t, "haproxy/haproxy.cfg",
		"bind :25", "bind "+h.smtp, "bind :587", "bind "+h.submission, "inter 5s", "inter 100ms",
		"one 127.0.0.1:2525", "one "+relay, "one 127.0.0.1:2587", "one "+submission, "port 9425", "port "+readyPort))
	ours := writeFile(t, "control.cfg", fmt.Sprintf("global\n    stats socket %s\n", h.control))
	runHAProxy(t, program, "-f", ours, "-f", shippedConfig)
	return h
}

// runHAProxy runs it in front, to the end of the test.
func runHAProxy(t testing.TB, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, append([]string{"-db"}, args...)...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() // it may have ended
		cmd.Wait()         // as above
		if t.Failed() {
			t.Log(out.String())
		}
	})
}

// health says how a backend's only server does, by its latest check.
func (h *haproxy) health(t testing.TB, backend string) string {
	t.Helper()
	return h.server(t, backend, "one")
}

// server says how one server of a backend does, by its latest check.
func (h *haproxy) server(t testing.TB, backend, name string) string {
	t.Helper()
	conn, err := net.Dial("unix", h.control)
	if err != nil {
		return err.Error() // not up yet
	}
	defer conn.Close() // read to its end
	fmt.Fprintln(conn, "show stat")
	text, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(strings.TrimSpace(string(text)), "# "))).ReadAll()
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, row := range rows {
		if row[0] == backend && row[1] == name {
			at := func(column string) string {
				for i, title := range rows[0] {
					if title == column {
						return row[i]
					}
				}
				return ""
			}
			return at("status") + " " + at("check_status")
		}
	}
	return "not there"
}

// dialFrom connects from an address of loopback's, as another machine would.
func dialFrom(t testing.TB, from, to string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) // closed already, perhaps
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// Behind HAProxy, with either version of its protocol, the client is the one that
// came to HAProxy: for who may relay, in the trace line and in the log. HAProxy sees
// by both of its checks how the relay does, and nobody comes in beside it.
func TestHAProxy(t *testing.T) {
	t.Parallel() // it mostly waits
	box := newMailbox(t)
	config := writeFile(t, "bulkhead.yaml", `listeners:
  - {address: "127.0.0.1:0", allow: [127.0.0.9/32], proxy_protocol: {from: [127.0.0.1/32]}}
  - {address: "127.0.0.1:0", allow: [127.0.0.9/32], proxy_protocol: {from: [127.0.0.1/32]}}
`)
	needProgram(t, "haproxy", "haproxy")
	p := serve(t, t.TempDir(), box.url(), "--config", config)
	h := startHAProxy(t, p.smtp[0], p.smtp[1], strings.TrimPrefix(p.metrics, "http://"))
	waitFor(t, "HAProxy finds the relay ready", func() bool {
		return h.health(t, "relays") == "UP L7OK" && h.health(t, "submissions") == "UP L7OK"
	})

	for n, address := range []string{h.smtp, h.submission} {
		message := ordinaryMessage(fmt.Sprintf("By way %d", n), "of HAProxy.\n")
		client := newClient(t, dialFrom(t, "127.0.0.9", address))
		if code, text := client.send("sender@source.example", []string{"reader@sink.example"}, message); code != 250 {
			t.Fatalf("%d %s", code, text)
		}
		got := box.got()
		if len(got) != n+1 {
			t.Fatalf("%d messages have arrived, want %d", len(got), n+1)
		}
		if below, err := belowTrace(got[n].content); err != nil || !bytes.Equal(below, message) {
			t.Errorf("the message has changed: %v\n%q", err, got[n].content)
		}
		if head, _, _ := strings.Cut(string(got[n].content), "\r\n"); !strings.Contains(head, "([127.0.0.9])") {
			t.Errorf("the trace line does not name the client: %s", head)
		}
		newClient(t, dialFrom(t, "127.0.0.8", address)).cmd(530, "MAIL FROM:<sender@source.example>")
	}
	waitFor(t, "the log has both verdicts", func() bool { return strings.Count(p.logged(), `"msg":"verdict"`) == 2 })
	if log := p.logged(); strings.Count(log, `"client":"127.0.0.9"`) != 2 {
		t.Errorf("the log does not name the client:\n%s", log)
	}
	for _, beside := range []string{"127.0.0.1", "127.0.0.9"} {
		conn := dialFrom(t, beside, p.smtp[0])
		fmt.Fprint(conn, "EHLO client.example\r\n")
		if said, _ := io.ReadAll(conn); len(said) > 0 {
			t.Errorf("from %s, without HAProxy: %q", beside, said)
		}
	}
	if n := p.metric(t, `bulkhead_smtp_connections_total{result="not_proxied"}`); n != 2 {
		t.Errorf("/metrics counts %v connections that did not come by the proxy, want 2", n)
	}

	// Nothing can be taken without an upstream: /readyz says so, SMTP does not.
	box.server.Close()
	waitFor(t, "HAProxy takes the relay out", func() bool { return strings.HasPrefix(h.health(t, "relays"), "DOWN L7STS") })
	if said := h.health(t, "submissions"); said != "UP L7OK" {
		t.Errorf("by SMTP the relay is %s", said)
	}
	p.stop(t)
}
