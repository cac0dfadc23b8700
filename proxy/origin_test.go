package proxy_test

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy"
)

var fromLoopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// door opens another door of the rig's, and has its clients go there.
func (r *rig) door(t *testing.T, door proxy.Door) {
	t.Helper()
	l := listen(t)
	go r.server.Serve(l, door)
	r.addr = l.Addr().String()
}

// traceLine is the topmost field of what the upstream got last.
func (r *rig) traceLine(t *testing.T) string {
	t.Helper()
	got := r.sink.got()
	if len(got) == 0 {
		t.Fatal("the upstream has nothing")
	}
	line, _, _ := strings.Cut(string(got[len(got)-1].content), "\r\n\tby ")
	return line
}

// Behind a proxy, the client that it names is whom rights are for, and what the log
// and the trace line name.
func TestClientBehindAProxy(t *testing.T) {
	r := newRig(t, nil)
	r.door(t, proxy.Door{Proxies: fromLoopback, Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	as := func(client string) *peer {
		conn, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		p := &peer{t, conn, bufio.NewReader(conn)}
		fmt.Fprintf(conn, "PROXY TCP4 %s 198.51.100.1 4711 25\r\nEHLO client.example\r\n", client)
		p.want("220")
		p.want("250")
		return p
	}
	as("127.0.0.1").cmd("MAIL FROM:<ana@sender.example>", "530 5.7.0")
	p := as("192.0.2.7")
	p.envelope()
	p.data(message("words\r\n"))
	if got := r.traceLine(t); got != "Received: from client.example ([192.0.2.7])" {
		t.Errorf("trace line %q", got)
	}
	if !strings.Contains(r.logged(), "client=192.0.2.7 ") {
		t.Errorf("log:\n%s", r.logged())
	}
}

// XCLIENT gives a session another's rights, and takes its own.
func TestXClientDecidesWhoMayRelay(t *testing.T) {
	r := newRig(t, nil)
	r.door(t, proxy.Door{XClient: fromLoopback, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("192.0.2.0/24")}})
	for attributes, want := range map[string]string{
		"ADDR=192.0.2.7":                        "250",
		"ADDR=198.51.100.7":                     "530 5.7.0",
		"ADDR=198.51.100.7 LOGIN=ana":           "250",
		"ADDR=198.51.100.7 LOGIN=[UNAVAILABLE]": "530 5.7.0",
		"ADDR=[UNAVAILABLE]":                    "530 5.7.0",
	} {
		p := r.dial(t)
		p.cmd("XCLIENT "+attributes, "220 relay.example")
		p.cmd("EHLO client.example", "250")
		p.cmd("MAIL FROM:<ana@sender.example>", want)
	}
	p := r.dial(t)
	p.cmd("XCLIENT NAME=client.sender.example ADDR=IPV6:2001:db8::7 LOGIN=ana+40sender.example", "220")
	p.cmd("EHLO laptop", "250")
	p.envelope()
	if reply := p.data(message(leak(40))); !strings.Contains(reply, "Held") {
		t.Fatal(reply)
	}
	if held := r.store.last; held.Client.String() != "2001:db8::7" || held.Envelope.Authenticated != "ana@sender.example" {
		t.Fatalf("held: %+v", held)
	}
	p.envelope()
	p.data(message("words\r\n"))
	if got := r.traceLine(t); got != "Received: from laptop (client.sender.example [IPv6:2001:db8::7])" {
		t.Errorf("trace line %q", got)
	}
	if strings.Contains(r.logged(), "ana@") {
		t.Errorf("the log has the login:\n%s", r.logged())
	}
}

// A mailing that comes through a mail server in front is that of the server's own
// client: for the run, the log and the quarantine. Rights and the trace line stay the
// server's.
func TestXForwardSaysWhoseMailingItIs(t *testing.T) {
	r := newRig(t, nil)
	r.door(t, proxy.Door{XForward: fromLoopback, Networks: fromLoopback})
	p := r.dial(t)
	post := func(client string) proxy.Held {
		p.cmd("XFORWARD NAME=client.example ADDR="+client+" IDENT=4Xyz", "250 2.0.0")
		p.envelope()
		if reply := p.data(message(leak(40))); !strings.Contains(reply, "Held") {
			t.Fatal(reply)
		}
		return r.store.last
	}
	first, second, other := post("192.0.2.7"), post("192.0.2.8"), post("203.0.113.7")
	if first.Client.String() != "192.0.2.7" || first.Run.Key != second.Run.Key || first.Run.Key == other.Run.Key {
		t.Errorf("clients and runs: %s %v, %s %v, %s %v", first.Client, first.Run.Key, second.Client, second.Run.Key, other.Client, other.Run.Key)
	}
	p.envelope()
	p.data(message("words\r\n"))
	if got := r.traceLine(t); got != "Received: from client.example ([127.0.0.1])" {
		t.Errorf("trace line %q", got)
	}
	if log := r.logged(); !strings.Contains(log, "client=192.0.2.7 ") || !strings.Contains(log, "via=127.0.0.1 ident=4Xyz") || !strings.Contains(log, "client=127.0.0.1 ") {
		t.Errorf("log:\n%s", log)
	}
	r.door(t, proxy.Door{XForward: fromLoopback})
	p = r.dial(t)
	p.cmd("XFORWARD ADDR=192.0.2.7", "250")
	p.cmd("MAIL FROM:<ana@sender.example>", "530 5.7.0")
}

// An upstream that asks for it is told where each message comes from, also when it
// has to be told again.
func TestUpstreamIsToldTheOrigin(t *testing.T) {
	var mu sync.Mutex
	dropped := false
	up := newScripted(t, func(_ int, line string) string {
		mu.Lock()
		defer mu.Unlock()
		if line == "DATA" && !dropped {
			dropped = true
			return "close"
		}
		return ""
	}, "PIPELINING", "8BITMIME", "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE")
	r := newRig(t, func(cfg *proxy.Config) { cfg.Dial = dialTo(t, up.addr) })
	r.door(t, proxy.Door{XForward: fromLoopback, Networks: fromLoopback})
	p := r.dial(t)
	p.envelope()
	if reply := p.data(message("words\r\n")); !strings.HasPrefix(reply, "250") {
		t.Fatal(reply)
	}
	p.cmd("XFORWARD NAME=client.example ADDR=IPV6:2001:db8::7 IDENT=4Xyz SOURCE=REMOTE", "250")
	p.envelope()
	if reply := p.data(message("words\r\n")); !strings.HasPrefix(reply, "250") {
		t.Fatal(reply)
	}
	port := p.conn.LocalAddr().(*net.TCPAddr).Port
	own := fmt.Sprintf("XFORWARD NAME=[UNAVAILABLE] ADDR=127.0.0.1 PORT=%d PROTO=ESMTP HELO=client.example", port)
	want := []string{own, own, "XFORWARD NAME=client.example ADDR=IPV6:2001:db8::7 PORT=[UNAVAILABLE] PROTO=[UNAVAILABLE] HELO=[UNAVAILABLE] IDENT=4Xyz SOURCE=REMOTE"}
	saw := up.saw("XFORWARD")
	if len(saw) != len(want) {
		t.Fatalf("the upstream saw %q", saw)
	}
	for i, line := range saw {
		if _, line, _ = strings.Cut(line, ": "); line != want[i] {
			t.Errorf("the upstream saw %q, want %q", line, want[i])
		}
	}
}
