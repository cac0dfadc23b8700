package proxy_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// behind is a rig whose upstream is scripted; its clients may authenticate.
func behind(t *testing.T, s *scripted, change func(*proxy.Config)) *rig {
	t.Helper()
	r := newRig(t, func(cfg *proxy.Config) {
		cfg.Dial = dialTo(t, s.addr)
		if change != nil {
			change(cfg)
		}
	})
	l := listen(t)
	go r.server.Serve(l, proxy.Door{InsecureAuth: true})
	r.addr = l.Addr().String()
	return r
}

func plain(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
}

// TestLoginEndsWithItsConnection: where the upstream connection that a client
// authenticated on is lost, its mail does not go over one that it did not.
func TestLoginEndsWithItsConnection(t *testing.T) {
	up := newScripted(t, func(n int, line string) string {
		if n == 1 && strings.HasPrefix(line, "RCPT") {
			return "close"
		}
		return ""
	}, "AUTH PLAIN", "8BITMIME", "PIPELINING")
	p := behind(t, up, nil).dial(t)
	p.cmd("AUTH PLAIN "+plain("ana", "secret"), "235")
	p.cmd("MAIL FROM:<ana@sender.example>", "250")
	p.cmd("RCPT TO:<ben@reader.example>", "451 4.4.1")
	p.cmd("RSET", "250")
	p.cmd("MAIL FROM:<ana@sender.example>", "421 4.4.2")
	if _, err := p.r.ReadByte(); err == nil {
		t.Error("the connection goes on after 421")
	}
	if got := up.saw("MAIL"); len(got) != 1 {
		t.Errorf("the upstream got %q: the second without the login", got)
	}
}

// TestRcptNeverOpensATransaction: after a lost connection a recipient does not
// reach a new one without its MAIL, and the message is not taken.
func TestRcptNeverOpensATransaction(t *testing.T) {
	up := newScripted(t, func(n int, line string) string {
		if n == 1 && strings.HasPrefix(line, "RCPT TO:<two@") {
			return "close"
		}
		return ""
	}, "8BITMIME", "PIPELINING")
	r := newRig(t, func(cfg *proxy.Config) { cfg.Dial = dialTo(t, up.addr) })
	p := r.dial(t)
	p.cmd("MAIL FROM:<ana@sender.example>", "250")
	p.cmd("RCPT TO:<one@reader.example>", "250")
	p.cmd("RCPT TO:<two@reader.example>", "451")
	p.cmd("RCPT TO:<three@reader.example>", "451")
	if reply := p.data(message("words\r\n")); !strings.HasPrefix(reply, "451") {
		t.Errorf("reply %q, want 451", reply)
	}
	if got := up.saw("."); len(got) != 0 {
		t.Errorf("a message was sent: %q", got)
	}
	p.envelope() // on a new connection
	if reply := p.data(message("words\r\n")); !strings.HasPrefix(reply, "250") {
		t.Errorf("reply %q, want 250", reply)
	}
}

// TestSlowClientOutlivesTheUpstreamsPatience: the upstream hangs up while the
// message comes; the envelope is put to it again, and the message arrives once.
func TestSlowClientOutlivesTheUpstreamsPatience(t *testing.T) {
	for _, farewell := range []string{"close", "421 4.4.2 Idle for too long"} {
		up := newScripted(t, func(n int, line string) string {
			if n == 1 && line == "DATA" {
				return farewell
			}
			return ""
		}, "8BITMIME", "PIPELINING", "DSN")
		r := newRig(t, func(cfg *proxy.Config) { cfg.Dial = dialTo(t, up.addr) })
		p := r.dial(t)
		p.cmd("MAIL FROM:<ana@sender.example> RET=HDRS", "250")
		p.cmd("RCPT TO:<ben@reader.example> NOTIFY=NEVER", "250")
		if reply := p.data(message("words\r\n")); !strings.HasPrefix(reply, "250") {
			t.Errorf("%s: reply %q, want 250", farewell, reply)
		}
		want := []string{"2: MAIL FROM:<ana@sender.example> RET=HDRS", "2: RCPT TO:<ben@reader.example> NOTIFY=NEVER", "2: ."}
		for _, line := range want {
			if !slices.Contains(append(append(up.saw("MAIL"), up.saw("RCPT")...), up.saw(".")...), line) {
				t.Errorf("%s: the upstream did not get %q", farewell, line)
			}
		}
		if got := up.saw("."); len(got) != 1 {
			t.Errorf("%s: sent %d times, want once", farewell, len(got))
		}
	}
}

// TestRecipientRefusedTheSecondTimeIsNotLost: where the upstream takes less of
// the envelope on a new connection, nothing is sent.
func TestRecipientRefusedTheSecondTimeIsNotLost(t *testing.T) {
	up := newScripted(t, func(n int, line string) string {
		switch {
		case n == 1 && line == "DATA":
			return "close"
		case n == 2 && strings.HasPrefix(line, "RCPT"):
			return "550 5.1.1 Unknown"
		}
		return ""
	}, "8BITMIME")
	r := newRig(t, func(cfg *proxy.Config) { cfg.Dial = dialTo(t, up.addr) })
	p := r.dial(t)
	p.envelope()
	if reply := p.data(message("words\r\n")); !strings.HasPrefix(reply, "451 4.4.1") {
		t.Errorf("reply %q, want 451 4.4.1", reply)
	}
	if got := up.saw("."); len(got) != 0 {
		t.Error("a message was sent to some of its recipients")
	}
	p.envelope()
	if reply := p.data(message("words\r\n")); reply[0] != '4' && reply[0] != '2' {
		t.Errorf("after it: reply %q", reply)
	}
}

// TestUnknownDeliveryIsCounted: no reply after the final dot is 451, and seen.
func TestUnknownDeliveryIsCounted(t *testing.T) {
	up := newScripted(t, func(_ int, line string) string {
		if line == "." {
			return "close"
		}
		return ""
	}, "8BITMIME")
	r := newRig(t, func(cfg *proxy.Config) { cfg.Dial = dialTo(t, up.addr) })
	p := r.dial(t)
	p.envelope()
	if reply := p.data(message("words\r\n")); !strings.HasPrefix(reply, "451 4.4.1") {
		t.Errorf("reply %q, want 451 4.4.1", reply)
	}
	if got := up.saw("."); len(got) != 1 {
		t.Errorf("sent %d times: what may have been delivered must not be sent again", len(got))
	}
	if got := count(r.metrics.Upstream, "unknown"); got != 1 {
		t.Errorf("counted %v as unknown, want 1", got)
	}
}

// TestAuthGivenUpAndBegunAnew: an exchange that the client gives up, in
// whatever way, leaves nothing behind for the next.
func TestAuthGivenUpAndBegunAnew(t *testing.T) {
	for _, end := range []string{"*", "!!not base64!!"} {
		up := newScripted(t, func(_ int, line string) string {
			switch line {
			case "AUTH LOGIN":
				return "334 VXNlcm5hbWU6"
			case "YW5h":
				return "334 UGFzc3dvcmQ6"
			case "c2VjcmV0":
				return "235 2.7.0 Welcome"
			case "*":
				return "501 5.7.0 Given up"
			}
			return ""
		}, "AUTH LOGIN PLAIN", "8BITMIME")
		held := make(chan proxy.Held, 1)
		r := behind(t, up, func(cfg *proxy.Config) { cfg.Quarantine = heldTo(held) })
		p := r.dial(t)
		p.cmd("AUTH LOGIN", "334 VXNlcm5hbWU6")
		fmt.Fprintf(p.conn, "%s\r\n", end)
		if reply := p.reply(); reply[0] != '5' && reply[0] != '4' {
			t.Fatalf("%s: reply %q", end, reply)
		}
		p.cmd("RSET", "250")
		p.cmd("MAIL FROM:<ana@sender.example>", "530 5.7.0")
		p.cmd("AUTH LOGIN", "334 VXNlcm5hbWU6")
		p.cmd("YW5h", "334 UGFzc3dvcmQ6")
		p.cmd("c2VjcmV0", "235 2.7.0 Welcome")
		p.envelope()
		if reply := p.data(message(leak(20))); !strings.HasPrefix(reply, "250 2.0.0 Held") {
			t.Errorf("%s: reply %q, want held", end, reply)
		}
		if h := <-held; h.Envelope.Authenticated != "ana" {
			t.Errorf("%s: authenticated is %q, want ana", end, h.Envelope.Authenticated)
		}
	}
}

// heldTo is a quarantine that tells what it is given.
type heldTo chan proxy.Held

func (c heldTo) Hold(_ context.Context, h proxy.Held, _ io.Reader) (proxy.Kept, error) {
	c <- h
	return proxy.Kept{ID: "BH-TEST-0002"}, nil
}

// TestClientIsNotRefusedForAnUpstreamThatIsDown: it could not authenticate,
// since nobody knows how.
func TestClientIsNotRefusedForAnUpstreamThatIsDown(t *testing.T) {
	l := listen(t)
	gone := l.Addr().String()
	l.Close()
	r := newRig(t, func(cfg *proxy.Config) { cfg.Dial = dialTo(t, gone) })
	door := listen(t)
	go r.server.Serve(door, proxy.Door{InsecureAuth: true})
	r.addr = door.Addr().String()
	r.dial(t).cmd("MAIL FROM:<ana@sender.example>", "451 4.4.1")
}

// TestChangedUpstreamIsATemporaryFault: what was offered at EHLO and is not
// there any more is no fault of the message.
func TestChangedUpstreamIsATemporaryFault(t *testing.T) {
	up := newScripted(t, func(n int, line string) string {
		if n > 1 && strings.HasPrefix(line, "EHLO") {
			return "250 upstream.example"
		}
		return ""
	}, "8BITMIME")
	r := newRig(t, func(cfg *proxy.Config) { cfg.Dial = dialTo(t, up.addr) })
	r.dial(t).cmd("QUIT", "221")
	p := r.dial(t) // by what the upstream offered before
	p.cmd("MAIL FROM:<ana@sender.example> BODY=8BITMIME", "421 4.3.0")
	p = r.dial(t)
	p.cmd("MAIL FROM:<ana@sender.example> BODY=8BITMIME", "555 5.5.4")
}

// TestEachRecipientsAnswerCounts: of several answers to one message, the
// client never hears the better one.
func TestEachRecipientsAnswerCounts(t *testing.T) {
	r := newRig(t, func(cfg *proxy.Config) {
		dial := cfg.Dial
		cfg.Dial = func(ctx context.Context) (upstream.Conn, error) {
			c, err := dial(ctx)
			return twoAnswers{c}, err
		}
	})
	p := r.dial(t)
	p.envelope()
	if reply := p.data(message("words\r\n")); !strings.HasPrefix(reply, "550 5.2.2") {
		t.Errorf("reply %q, want that of the second recipient", reply)
	}
}

type twoAnswers struct{ upstream.Conn }

func (c twoAnswers) Data(context.Context, io.Reader, int64) ([]upstream.Reply, error) {
	return []upstream.Reply{{Code: 250, Lines: []string{"2.0.0 Ok"}}, {Code: 550, Lines: []string{"5.2.2 Full"}}}, nil
}

// TestStuckInspectionsDoNotStopTheRelay: a message that the reader never comes
// back from costs its slot for a time, not for ever, and it has a bound.
func TestStuckInspectionsDoNotStopTheRelay(t *testing.T) {
	stuck := make(chan struct{})
	var traps atomic.Int32
	traps.Store(1)
	r := newRig(t, func(cfg *proxy.Config) {
		cfg.Deadline, cfg.Inspections = 100*time.Millisecond, 1
		real := cfg.InForce().Inspector
		inspectedBy(cfg, inspectFunc(func(ctx context.Context, m extract.Source) (*rules.Evidence, error) {
			if traps.Add(-1) >= 0 {
				<-stuck
			}
			return real.Inspect(ctx, m, extract.DefaultLimits())
		}))
	})
	defer close(stuck)
	p := r.dial(t)
	send := func() string { p.envelope(); return p.data(message("words\r\n")) }
	// sendUntil sends message after message until one is answered so.
	sendUntil := func(what, want string) {
		t.Helper()
		var reply string
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
			if reply = send(); strings.HasPrefix(reply, want) {
				return
			}
		}
		t.Fatalf("%s: reply %q, want %s", what, reply, want)
	}
	if reply := send(); !strings.HasPrefix(reply, "451 4.3.0 Could not be inspected in time") {
		t.Errorf("the trap: reply %q", reply)
	}
	sendUntil("behind the trap", "250")
	if err := r.server.Ready(); err != nil {
		t.Errorf("not ready after one trap: %v", err)
	}
	traps.Store(4) // with the first, one more than may be left behind
	for end := time.Now().Add(10 * time.Second); r.server.Ready() == nil; send() {
		if time.Now().After(end) {
			t.Fatal("ready, though nothing can be inspected")
		}
	}
	if reply := send(); !strings.HasPrefix(reply, "451 4.3.0 Too busy") {
		t.Errorf("past the bound: reply %q, want 451", reply)
	}
	if count(r.metrics.Faults, "inspect", "limit") == 0 {
		t.Error("a message without a slot is not counted as inspect/limit")
	}
}

// TestLinkLocalClientIsOfItsNetwork: no prefix contains an address with a zone.
func TestLinkLocalClientIsOfItsNetwork(t *testing.T) {
	r := newRig(t, nil)
	l := &zoned{Listener: listen(t)}
	go r.server.Serve(l, proxy.Door{Networks: linkLocal})
	r.addr = l.Addr().String()
	r.dial(t).cmd("MAIL FROM:<ana@sender.example>", "250")
}

var linkLocal = []netip.Prefix{netip.MustParsePrefix("fe80::/10")}

// zoned lets every client seem to come from a link-local address.
type zoned struct{ net.Listener }

func (l *zoned) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return zonedConn{conn}, nil
}

type zonedConn struct{ net.Conn }

func (zonedConn) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "lo", Port: 2}
}
