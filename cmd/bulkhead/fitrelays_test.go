package main

import (
	"fmt"
	"io"
	"net"
	"net/textproto"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var relayNames = []string{"one", "two", "three"}

// startBalancer starts HAProxy with the shipped configuration for three relays, but
// for addresses, and shorter intervals of which more may fail: on a busy machine a relay
// that runs does not always answer in a fifth of a second.
func startBalancer(t testing.TB, relays []*process) *haproxy {
	t.Helper()
	program := needProgram(t, "haproxy", "haproxy")
	h := &haproxy{smtp: freePort(t), control: filepath.Join(t.TempDir(), "control")}
	replace := []string{"bind :25", "bind " + h.smtp, "/run/haproxy/admin.sock mode 660", h.control, "inter 5s fall 2", "inter 200ms fall 50", " check port 9425", " check"}
	for i, p := range relays {
		_, port, err := net.SplitHostPort(strings.TrimPrefix(p.metrics, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("server %s 10.0.0.1%d:2525", relayNames[i], i+1)
		replace = append(replace, line, fmt.Sprintf("server %s %s port %s", relayNames[i], p.smtp[0], port))
	}
	runHAProxy(t, program, "-f", writeFile(t, "relays.cfg", shipped(t, "haproxy/relays.cfg", replace...)))
	return h
}

// tell gives HAProxy a command.
func (h *haproxy) tell(t testing.TB, command string) {
	t.Helper()
	conn, err := net.Dial("unix", h.control)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() // read to its end
	fmt.Fprintln(conn, command)
	if said, err := io.ReadAll(conn); err != nil || strings.TrimSpace(string(said)) != "" {
		t.Fatalf("%s: %q, %v", command, said, err)
	}
}

// all waits until each relay is so for HAProxy.
func (h *haproxy) all(t testing.TB, want ...string) {
	t.Helper()
	waitFor(t, fmt.Sprintf("HAProxy sees the relays %q", want), func() bool {
		for i, name := range relayNames {
			if !strings.HasPrefix(h.server(t, "relays", name), want[i]) {
				return false
			}
		}
		return true
	})
}

// Behind HAProxy one of three relays is killed while mail comes: only clients that had
// a connection with it notice. It is drained: nobody notices.
func TestHAProxyThreeRelays(t *testing.T) {
	t.Parallel() // it mostly waits
	needProgram(t, "haproxy", "haproxy")
	box := newMailbox(t)
	config := writeFile(t, "bulkhead.yaml", `listeners: [{address: "127.0.0.1:0", allow: [127.0.0.0/8], proxy_protocol: {from: [127.0.0.1/32]}}]`)
	var relays []*process
	for range relayNames {
		relays = append(relays, serve(t, t.TempDir(), box.url(), "--config", config))
	}
	h := startBalancer(t, relays)
	h.all(t, "UP", "UP", "UP")

	const clients, each = 6, 25
	send := func(during func()) (failed []string) {
		var mu sync.Mutex
		var all sync.WaitGroup
		for c := range clients {
			all.Go(func() {
				for n := range each {
					if said := oneMessage(h.smtp, fmt.Sprintf("%d.%d", c, n)); said != "" {
						mu.Lock()
						failed = append(failed, said)
						mu.Unlock()
						time.Sleep(500 * time.Millisecond) // a process that is killed takes a moment to be gone
					}
				}
			})
		}
		time.Sleep(50 * time.Millisecond) // it has begun
		during()
		all.Wait()
		return failed
	}

	if failed := send(func() {}); len(failed) > 0 {
		t.Errorf("nothing happens, and %q", failed)
	}
	for i, p := range relays {
		if n := p.metric(t, `bulkhead_messages_total{action="pass",completeness="complete"}`); n < clients*each/6 {
			t.Errorf("the relay %s had %v of %d messages", relayNames[i], n, clients*each)
		}
	}

	// Each had one connection at that moment, so that none fails twice.
	lost := map[string]bool{}
	for _, said := range send(relays[1].kill) {
		client, _, _ := strings.Cut(said, ".")
		if lost[client] {
			t.Errorf("a relay was killed, and client %s failed again: %s", client, said)
		}
		lost[client] = true
	}
	h.all(t, "UP", "DOWN", "UP")

	failed := send(func() { h.tell(t, "set server relays/three state drain") })
	if len(failed) > 0 {
		t.Errorf("a relay is drained, and %q", failed)
	}
	h.all(t, "UP", "DOWN", "DRAIN")
	relays[2].stop(t)
	if failed := send(func() {}); len(failed) > 0 {
		t.Errorf("of three relays one is left, and %q", failed)
	}
	relays[0].stop(t)
}

// oneMessage sends in a session of its own, and says what went wrong.
func oneMessage(address, name string) (said string) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err.Error()
	}
	defer conn.Close() // over either way
	conn.SetDeadline(time.Now().Add(patience))
	c := textproto.NewConn(conn)
	steps := []string{"", "EHLO client.example", "MAIL FROM:<sender@source.example>", "RCPT TO:<reader@sink.example>", "DATA"}
	for _, command := range steps {
		if command != "" {
			c.PrintfLine("%s", command) // the reply tells
		}
		if code, text, err := c.ReadResponse(0); err != nil || code >= 400 {
			return fmt.Sprintf("%s after %q: %d %s, %v", name, command, code, text, err)
		}
	}
	w := c.DotWriter()
	w.Write(ordinaryMessage("Number "+name, "is on its way.\n")) // as above
	w.Close()                                                    // as above
	if code, text, err := c.ReadResponse(0); err != nil || code != 250 {
		return fmt.Sprintf("%s after the content: %d %s, %v", name, code, text, err)
	}
	c.PrintfLine("QUIT") // taken already
	return ""
}
