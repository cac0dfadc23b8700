package wire_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// clients is a backend that notes who the client of each session is.
func clients() (*backend, func() []string) {
	var mu sync.Mutex
	var seen []string
	b := &backend{onSession: func(w *wire.Conn) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, netip.AddrPortFrom(w.Client().Addr, w.Client().Port).String())
	}}
	return b, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), seen...)
	}
}

// v2 is a header of version 2, from the document of HAProxy's maker and not from
// the library that reads it.
func v2(command, family byte, block []byte) string {
	head := append([]byte("\r\n\r\n\x00\r\nQUIT\n"), 0x20|command, family)
	head = binary.BigEndian.AppendUint16(head, uint16(len(block)))
	return string(append(head, block...))
}

func v2From(from string) string {
	a := netip.MustParseAddrPort(from)
	family, to := byte(0x11), netip.MustParseAddr("127.0.0.1")
	if a.Addr().Is6() {
		family, to = 0x21, netip.MustParseAddr("::1")
	}
	block := append(a.Addr().AsSlice(), to.AsSlice()...)
	block = binary.BigEndian.AppendUint16(block, a.Port())
	return v2(1, family, binary.BigEndian.AppendUint16(block, 25))
}

func TestProxySaysWhoTheClientIs(t *testing.T) {
	for _, tc := range []struct{ name, header, want string }{
		{"version 1, IPv4", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n", "192.0.2.7:4711"},
		{"version 1, IPv6", "PROXY TCP6 2001:db8::7 ::1 4711 25\r\n", "[2001:db8::7]:4711"},
		{"version 1, IPv4 in IPv6", "PROXY TCP6 ::ffff:192.0.2.7 ::1 4711 25\r\n", "192.0.2.7:4711"},
		{"version 2, IPv4", v2From("192.0.2.7:4711"), "192.0.2.7:4711"},
		{"version 2, IPv6", v2From("[2001:db8::7]:4711"), "[2001:db8::7]:4711"},
		// Further fields, such as the name that a client asked TLS for, are skipped.
		{"version 2 with fields", v2(1, 0x11, append([]byte{192, 0, 2, 7, 127, 0, 0, 1, 0x12, 0x67, 0, 25}, "\x02\x00\x0arelay.test"...)), "192.0.2.7:4711"},
		// The proxy's own connections, such as health checks, are the proxy's,
		// whatever addresses they carry.
		{"version 1, unknown", "PROXY UNKNOWN\r\n", "127.0.0.1"},
		{"version 1, unknown with addresses", "PROXY UNKNOWN 192.0.2.7 198.51.100.1 4711 25\r\n", "127.0.0.1"},
		{"version 2, local", v2(0, 0, nil), "127.0.0.1"},
		{"version 2, local with addresses", v2(0, 0x11, []byte{192, 0, 2, 7, 127, 0, 0, 1, 0x12, 0x67, 0, 25}), "127.0.0.1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, seen := clients()
			s := serve(t, wire.Config{Proxies: loopback}, b)
			c := connect(t, s)
			// What the client says at once comes in the same segment.
			c.send(tc.header + "EHLO client.test\r\n")
			c.want("220 relay.test")
			c.want("250")
			c.envelope()
			c.cmd("DATA", "354")
			c.send("x\r\n.\r\n")
			c.want("250")
			if got := seen(); len(got) != 1 || !strings.HasPrefix(got[0], tc.want) {
				t.Errorf("the client is %v, want %s", got, tc.want)
			}
			wantMessages(t, s, "x\r\n")
			// A second header is the client's word, which counts for nothing.
			c.cmd("PROXY TCP4 192.0.2.9 198.51.100.1 4711 25", "500 5.5.2 Command not recognised")
			c.cmd("QUIT", "221") // and the last reply arrives
			c.wantClosed()
		})
	}
}

func TestWithoutHeaderNobodyComesIn(t *testing.T) {
	for _, tc := range []struct{ name, first string }{
		{"a client", "EHLO client.test\r\n"},
		{"almost a header", "PROXYTCP4 192.0.2.7 198.51.100.1 4711 25\r\n"},
		{"LF", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\n"},
		{"another family", "PROXY TCP4 2001:db8::7 ::1 4711 25\r\n"},
		{"no such port", "PROXY TCP4 192.0.2.7 198.51.100.1 471100 25\r\n"},
		{"without an end", "PROXY TCP4 " + strings.Repeat("1", 200)},
		{"version 2 cut off", v2From("192.0.2.7:4711")[:20]},
		{"version 3", "\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x00"},
		{"over UDP", v2(1, 0x12, []byte{192, 0, 2, 7, 127, 0, 0, 1, 0x12, 0x67, 0, 25})},
		{"of a Unix socket", v2(1, 0x31, make([]byte, 216))},
		{"too long", v2(1, 0x11, make([]byte, 60_000))},
		{"nothing", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, seen := clients()
			admissions := make(chan wire.Admission, 1)
			reasons := make(chan error, 1)
			s := serve(t, wire.Config{
				Proxies: loopback, Timeouts: wire.Timeouts{Header: 300 * time.Millisecond},
				Hooks: wire.Hooks{
					Accept:     func(a wire.Admission) { admissions <- a },
					NotProxied: func(_ net.Addr, err error) { reasons <- err },
				},
			}, b)
			c := connect(t, s)
			c.send(tc.first)
			c.wantClosed()
			if got, why := <-admissions, <-reasons; got != wire.NotProxied || !strings.HasPrefix(why.Error(), "PROXY protocol: ") {
				t.Errorf("admission %s: %v", got, why)
			}
			if got := seen(); len(got) > 0 {
				t.Errorf("sessions of %v", got)
			}
		})
	}
}

// A header is believed from the proxies only, and from others it is not even read.
func TestHeaderOfAStranger(t *testing.T) {
	b, seen := clients()
	s := serve(t, wire.Config{Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, b)
	c := connect(t, s)
	if _, err := c.conn.Write([]byte("PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\nEHLO x\r\n")); err == nil {
		c.wantClosed()
	}
	if got := seen(); len(got) > 0 {
		t.Errorf("sessions of %v", got)
	}
	// Where no proxy is, it is a command that nobody knows.
	b, seen = clients()
	c = dial(t, serve(t, wire.Config{}, b))
	c.cmd("PROXY TCP4 192.0.2.7 198.51.100.1 4711 25", "500 5.5.2 Command not recognised")
	c.cmd("EHLO client.test", "250")
	if got := seen(); len(got) != 1 || !strings.HasPrefix(got[0], "127.0.0.1:") {
		t.Errorf("the client is %v, want the socket's", got)
	}
}

func TestHeaderIsNotKeptOpenByDrippingOctets(t *testing.T) {
	s := serve(t, wire.Config{Proxies: loopback, Timeouts: wire.Timeouts{Header: 100 * time.Millisecond}}, nil)
	c := connect(t, s)
	go func() {
		for _, octet := range []byte(v2From("192.0.2.7:4711")) {
			if _, err := c.conn.Write([]byte{octet}); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	start := time.Now()
	c.wantClosed()
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("closed after %v", took)
	}
}

// The bounds are for clients, not for the proxy that all of them come through;
// and who has sent no header yet has a place, too.
func TestBoundsBehindAProxy(t *testing.T) {
	s := serve(t, wire.Config{Proxies: loopback, Limits: wire.Limits{PerClient: 1, Connections: 3}}, nil)
	from := func(client string) *client {
		c := connect(t, s)
		c.send("PROXY TCP4 " + client + " 198.51.100.1 4711 25\r\n")
		return c
	}
	first := from("192.0.2.7")
	first.want("220")
	from("192.0.2.8").want("220")
	again := from("192.0.2.7")
	again.want("421 4.7.0 Too many connections")
	again.wantClosed()
	first.cmd("QUIT", "221")
	first.wantClosed()
	until(t, "room for another of the client's", func() bool {
		return strings.HasPrefix(from("192.0.2.7").reply(), "220")
	})
	waiting := connect(t, s) // the third, which says nothing
	time.Sleep(100 * time.Millisecond)
	over := from("192.0.2.9")
	over.want("421 4.7.0 Too many connections")
	over.wantClosed()
	waiting.send("PROXY TCP4 192.0.2.10 198.51.100.1 4711 25\r\n")
	waiting.want("220")
}

func TestHandshakeComesAfterTheHeader(t *testing.T) {
	for _, implicit := range []bool{true, false} {
		b, seen := clients()
		s := serve(t, wire.Config{Proxies: loopback, TLS: serverTLS(t), Implicit: implicit}, b)
		c := connect(t, s)
		c.send(v2From("192.0.2.7:4711"))
		if implicit {
			c.startTLS()
			c.want("220")
		} else {
			c.want("220")
			c.cmd("EHLO client.test", "250")
			c.cmd("STARTTLS", "220")
			c.startTLS()
		}
		c.cmd("EHLO client.test", "250")
		for _, got := range seen() {
			if got != "192.0.2.7:4711" {
				t.Errorf("implicit %v: the client is %s", implicit, got)
			}
		}
		c.cmd("QUIT", "221")
	}
}

func TestShutdownDoesNotWaitForAHeader(t *testing.T) {
	s := serve(t, wire.Config{Proxies: loopback, Timeouts: wire.Timeouts{Header: time.Minute, Farewell: 50 * time.Millisecond}}, nil)
	c := connect(t, s)
	c.send("PROX")
	time.Sleep(50 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.l.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// FuzzProxyHeader asserts that a connection without a header is closed without a
// word, and that no header makes a session of nobody's.
func FuzzProxyHeader(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n"))
	f.Add([]byte("PROXY UNKNOWN x\r\n"))
	f.Add([]byte(v2From("[2001:db8::7]:4711")))
	f.Add([]byte(v2(0, 0x11, []byte("ignored"))))
	f.Add([]byte("EHLO x\r\n"))
	b := &backend{onSession: func(w *wire.Conn) {
		if !w.Client().Addr.IsValid() {
			panic("a session of nobody's")
		}
	}}
	s := serve(f, wire.Config{Proxies: loopback, Timeouts: wire.Timeouts{Header: time.Second}}, b)
	f.Fuzz(func(t *testing.T, header []byte) {
		if len(header) > 1000 {
			return
		}
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = conn.Write(append(bytes.Clone(header), "\r\nNOOP\r\nQUIT\r\n"...))
		_ = conn.(*net.TCPConn).CloseWrite()
		said, _ := io.ReadAll(conn) // a reset where it is closed with octets unread
		if len(said) == 0 {
			return
		}
		if !bytes.HasPrefix(header, proxyproto.SIGV1) && !bytes.HasPrefix(header, proxyproto.SIGV2) {
			t.Errorf("%q was answered %q", header, said)
		}
		if !bytes.HasPrefix(said, []byte("220 relay.test")) {
			t.Errorf("%q was answered %q", header, said)
		}
	})
}
