package wire_test

import (
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

func TestXClientMakesTheSessionAnothers(t *testing.T) {
	b, seen := clients()
	s := serve(t, wire.Config{XClient: loopback}, b)
	c := dial(t, s)
	if got := c.cmd("EHLO proxy.test", "250"); !strings.Contains(got, "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT\r\n") || strings.Contains(got, "XFORWARD") {
		t.Errorf("EHLO of a proxy: %q", got)
	}
	c.cmd("XCLIENT", "501 5.5.4")
	c.cmd("XCLIENT ADDR=nowhere", "501 5.5.4")
	c.envelope()
	c.cmd("XCLIENT ADDR=192.0.2.7", "503 5.5.1")
	c.cmd("RSET", "250")
	c.cmd("XCLIENT NAME=client.test ADDR=192.0.2.7 PORT=4711 LOGIN=ana", "220 relay.test")
	// As at the beginning: nothing that was said is remembered.
	c.cmd("MAIL FROM:<a@corp.test>", "503 5.5.1 Send EHLO first")
	if got := c.cmd("EHLO client.test", "250"); strings.Contains(got, "XCLIENT") {
		t.Errorf("EHLO of a client: %q", got)
	}
	// Its name and its rights are gone, and its login is there.
	c.cmd("XCLIENT ADDR=127.0.0.1", "500 5.5.2 Command not recognised")
	c.cmd("AUTH PLAIN AHVzZXIAcmlnaHQ=", "503 5.5.1 Already authenticated")
	c.envelope()
	c.cmd("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("250")
	c.cmd("QUIT", "221")
	c.wantClosed()
	if got := seen(); len(got) != 2 || got[1] != "192.0.2.7:4711" {
		t.Errorf("sessions of %v", got)
	}
	wantMessages(t, s, "x\r\n")
	until(t, "both sessions ended", func() bool {
		sessions, logouts := s.counts()
		return sessions == 2 && logouts == 2
	})
}

// Who stays within the networks may go on, so that one connection serves one
// client after the other; and a login does not go over to the next.
func TestXClientComesAgain(t *testing.T) {
	b, seen := clients()
	c := dial(t, serve(t, wire.Config{XClient: append(loopback, netip.MustParsePrefix("2001:db8::/32"))}, b))
	c.cmd("XCLIENT LOGIN=ana ADDR=IPV6:2001:db8::7", "220")
	c.cmd("EHLO client.test", "250")
	c.cmd("XCLIENT NAME=[UNAVAILABLE] PROTO=SMTP", "220")
	c.cmd("EHLO client.test", "250")
	c.cmd("AUTH PLAIN AHVzZXIAcmlnaHQ=", "235")
	c.cmd("XCLIENT ADDR=[UNAVAILABLE]", "220")
	c.cmd("EHLO client.test", "250")
	c.cmd("AUTH PLAIN AHVzZXIAcmlnaHQ=", "235")
	c.cmd("XCLIENT ADDR=127.0.0.1", "500 5.5.2") // nobody knows who it is now
	if got := seen(); len(got) != 3 || !strings.HasPrefix(got[1], "[2001:db8::7]:") || !strings.HasPrefix(got[2], "invalid") {
		t.Errorf("sessions of %v", got)
	}
}

// A client that may not say XCLIENT, or XFORWARD, learns nothing of them: the answers
// are those to a command that nobody knows.
func TestStrangersCommandsAreUnknown(t *testing.T) {
	elsewhere := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for _, cfg := range []wire.Config{{}, {XClient: elsewhere, XForward: elsewhere}} {
		s := serve(t, cfg, nil)
		c := dial(t, s)
		unknown := c.cmd("XNONSUCH ADDR=192.0.2.7", "500")
		for _, line := range []string{"XCLIENT", "XCLIENT ADDR=192.0.2.7", "xclient LOGIN=ana", "XFORWARD", "XFORWARD ADDR=192.0.2.7"} {
			if got := c.cmd(line, "500"); got != unknown {
				t.Errorf("%s: %q, and of no command %q", line, got, unknown)
			}
		}
		if got := c.cmd("EHLO client.test", "250"); strings.Contains(got, "XCLIENT") || strings.Contains(got, "XFORWARD") {
			t.Errorf("EHLO: %q", got)
		}
		c.envelope()
		c.cmd("XCLIENT ADDR=192.0.2.7", "500 5.5.2 Command not recognised")
		c.cmd("XFORWARD ADDR=192.0.2.7", "500 5.5.2 Command not recognised")
	}
}

// What comes before the reply is neither the proxy's any more nor the client's yet:
// it is not run.
func TestXClientInjectionIsNotRun(t *testing.T) {
	for _, after := range []string{"EHLO evil.test\r\nMAIL FROM:<injected@evil.test>\r\n", "X", "\r\n"} {
		s := serve(t, wire.Config{XClient: loopback}, nil)
		c := dial(t, s)
		c.send("EHLO proxy.test\r\nNOOP\r\nXCLIENT ADDR=192.0.2.7\r\n" + after)
		c.want("250")
		c.want("250 2.0.0")
		c.want("503 5.5.1 Wait for the reply to XCLIENT")
		c.wantClosed()
		if got := s.paths(); len(got) > 0 {
			t.Errorf("%q: paths %q", after, got)
		}
	}
	// At the end of a group it is taken (Postfix's XCLIENT_README).
	c := dial(t, serve(t, wire.Config{XClient: loopback}, nil))
	c.send("EHLO proxy.test\r\nNOOP\r\nXCLIENT ADDR=192.0.2.7\r\n")
	c.want("250")
	c.want("250 2.0.0")
	c.want("220 relay.test")
}

// Nor is it a command where a message or a login goes on.
func TestXClientWithinOtherThings(t *testing.T) {
	b, seen := clients()
	s := serve(t, wire.Config{XClient: loopback, XForward: loopback}, b)
	c := hello(t, s)
	c.envelope()
	c.cmd("DATA", "354")
	c.send("XCLIENT ADDR=192.0.2.7\r\nXFORWARD ADDR=192.0.2.7\r\n.\r\n")
	c.want("250")
	c.envelope()
	c.send("BDAT 24\r\nXCLIENT ADDR=192.0.2.7\r\n")
	c.want("250")
	c.cmd("XCLIENT ADDR=192.0.2.7", "503")
	c.cmd("XFORWARD ADDR=192.0.2.7", "503")
	c.cmd("RSET", "250")
	c.cmd("AUTH PLAIN", "334")
	c.cmd("XCLIENT ADDR=192.0.2.7", "454")
	if got := seen(); len(got) != 1 {
		t.Errorf("sessions of %v", got)
	}
	wantMessages(t, s, "XCLIENT ADDR=192.0.2.7\r\nXFORWARD ADDR=192.0.2.7\r\n")
}

// A client has the same bounds by whichever way it comes.
func TestXClientIsCountedAsTheClient(t *testing.T) {
	s := serve(t, wire.Config{XClient: loopback, Limits: wire.Limits{PerClient: 1}}, nil)
	as := func(address string) *client {
		var c *client
		until(t, "room for the proxy", func() bool {
			c = connect(t, s)
			return strings.HasPrefix(c.reply(), "220")
		})
		c.send("XCLIENT ADDR=" + address + "\r\n")
		return c
	}
	first := as("192.0.2.7")
	first.want("220")
	as("192.0.2.8").want("220") // the proxy has its place back
	again := as("192.0.2.7")
	again.want("421 4.7.0 Too many connections")
	again.wantClosed()
	first.cmd("QUIT", "221")
	first.wantClosed()
	until(t, "room for another of the client's", func() bool { return strings.HasPrefix(as("192.0.2.7").reply(), "220") })
	s = serve(t, wire.Config{XClient: loopback, Limits: wire.Limits{PerMinute: wire.Rates{Connections: 2}}}, nil)
	for range 2 {
		as("192.0.2.7").want("220")
		as("192.0.2.8").want("220")
	}
	as("192.0.2.7").want("421 4.7.0 Too many connections in a minute")
}

// XFORWARD tells, for one transaction, and changes nothing else.
func TestXForwardIsForOneTransaction(t *testing.T) {
	var mu sync.Mutex
	var told []wire.Origin
	b := &backend{}
	b.onMail = func(w *wire.Conn) {
		mu.Lock()
		defer mu.Unlock()
		if o := w.Forwarded(); o != nil {
			told = append(told, *o)
		} else {
			told = append(told, wire.Origin{Source: "none"})
		}
		if got := w.Client().Addr.String(); got != "127.0.0.1" {
			t.Errorf("the client is %s", got)
		}
	}
	s := serve(t, wire.Config{XForward: loopback}, b)
	c := dial(t, s)
	if got := c.cmd("EHLO mail.test", "250"); !strings.Contains(got, "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n") || strings.Contains(got, "XCLIENT") {
		t.Errorf("EHLO: %q", got)
	}
	deliver := func() {
		c.envelope()
		c.cmd("DATA", "354")
		c.send("x\r\n.\r\n")
		c.want("250")
	}
	// As Postfix writes it to a filter, and all of it at once.
	c.send("XFORWARD NAME=client.test ADDR=192.0.2.7 PORT=4711\r\nXFORWARD HELO=[192.0.2.7] IDENT=4Xyz PROTO=ESMTP SOURCE=REMOTE\r\n")
	c.want("250 2.0.0")
	c.want("250 2.0.0")
	c.cmd("XFORWARD ADDR=nowhere", "501 5.5.4")
	c.cmd("MAIL FROM:<a@corp.test> FOO=BAR", "555") // no transaction: it is kept
	deliver()
	deliver() // without
	c.cmd("XFORWARD ADDR=192.0.2.8", "250")
	c.cmd("RSET", "250")
	deliver() // taken back
	c.cmd("XFORWARD ADDR=192.0.2.8", "250")
	c.cmd("EHLO mail.test", "250")
	deliver() // as well
	c.cmd("XFORWARD HELO=x", "250")
	deliver() // the address is not the client's own, but not known
	addr := netip.MustParseAddr("192.0.2.7")
	want := []wire.Origin{
		{Name: "client.test", Addr: addr, Port: 4711, Helo: "[192.0.2.7]", Ident: "4Xyz", Proto: "ESMTP", Source: "REMOTE"},
		{Source: "none"}, {Source: "none"}, {Source: "none"}, {Helo: "x"},
	}
	mu.Lock()
	defer mu.Unlock()
	if len(told) != len(want) {
		t.Fatalf("told %+v", told)
	}
	for i := range want {
		if told[i] != want[i] {
			t.Errorf("message %d: told %+v, want %+v", i, told[i], want[i])
		}
	}
}

// Postfix passes on what its own client wrote after MAIL, which may have logged in
// there; nobody else's word on a login is taken.
func TestLoginOfAForwardedClient(t *testing.T) {
	for _, tc := range []struct {
		cfg  wire.Config
		want string
	}{{wire.Config{XForward: loopback}, "250"}, {wire.Config{}, "555 5.5.4"}} {
		b := &backend{exts: []string{"SIZE 0"}}
		var login *string
		b.onMailOptions = func(o *smtp.MailOptions) { login = o.Auth }
		c := hello(t, serve(t, tc.cfg, b))
		c.cmd("MAIL FROM:<a@corp.test> AUTH=ana+40corp.test", tc.want)
		c.cmd("RSET", "250")
		c.cmd("MAIL FROM:<a@corp.test> AUTH=<>", tc.want)
		c.cmd("RSET", "250")
		c.cmd("MAIL FROM:<a@corp.test> AUTH=a+40", "55")
		if login != nil {
			t.Errorf("the session is told of %q", *login)
		}
	}
}
