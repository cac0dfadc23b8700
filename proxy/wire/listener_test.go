package wire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

func TestConnectionsAreBounded(t *testing.T) {
	for _, limits := range []wire.Limits{{Connections: 2}, {PerClient: 2}} {
		s := serve(t, wire.Config{Limits: limits}, nil)
		first := dial(t, s)
		dial(t, s)
		over := connect(t, s)
		over.want("421 4.7.0")
		over.wantClosed()
		first.cmd("QUIT", "221")
		first.wantClosed()
		until(t, "room for another", func() bool {
			return strings.HasPrefix(connect(t, s).reply(), "220")
		})
	}
}

func TestIdleClientIsTold421(t *testing.T) {
	s := serve(t, wire.Config{Timeouts: wire.Timeouts{Command: 200 * time.Millisecond}}, nil)
	for _, begin := range []string{"", "EHLO x", "EHLO x\r\nMAIL"} {
		c := dial(t, s)
		c.send(begin)
		if strings.Contains(begin, "\r\n") {
			c.want("250")
		}
		c.want("421 4.4.2")
		c.wantClosed()
	}
}

func TestCommandIsNotKeptOpenByDrippingOctets(t *testing.T) {
	s := serve(t, wire.Config{Timeouts: wire.Timeouts{Command: 100 * time.Millisecond}}, nil)
	c := dial(t, s)
	c.flood("x", 100, 10*time.Millisecond)
	start := time.Now()
	c.want("421 4.4.2")
	if took := time.Since(start); took > 900*time.Millisecond {
		t.Errorf("after %v", took)
	}
}

func TestClientWithoutMailIsToldToGo(t *testing.T) {
	s := serve(t, wire.Config{Timeouts: wire.Timeouts{FirstMail: 400 * time.Millisecond}}, nil)
	mailer := hello(t, s)
	mailer.cmd("MAIL FROM:<a@corp.test>", "250")
	c := dial(t, s)
	c.flood("NOOP\r\n", 100, 10*time.Millisecond)
	for {
		got := c.reply()
		if strings.HasPrefix(got, "421 4.4.2") {
			break
		}
		if !strings.HasPrefix(got, "250") {
			t.Fatalf("reply %q", got)
		}
	}
	mailer.cmd("NOOP", "250")
}

func TestShutdownEndsIdleSessions_item4(t *testing.T) {
	s := serve(t, wire.Config{TLS: serverTLS(t), Timeouts: wire.Timeouts{Farewell: 50 * time.Millisecond}}, nil)
	idle, within, secure := hello(t, s), hello(t, s), hello(t, s)
	within.envelope()
	secure.cmd("STARTTLS", "220")
	secure.startTLS()
	secure.cmd("EHLO x", "250")
	if err := s.l.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	for _, c := range []*client{idle, within, secure} {
		c.want("421 4.3.2")
		c.wantClosed()
	}
	if sessions, logouts := s.counts(); sessions != logouts {
		t.Errorf("%d sessions, %d ended", sessions, logouts)
	}
	if _, err := net.Dial("tcp", s.addr); err == nil {
		t.Error("still listening")
	}
}

// A client that makes a connection for each message knows no 421 at its start:
// it has its message taken, also where it changes to TLS first.
func TestShutdownTakesTheFirstMessageOfEachConnection(t *testing.T) {
	s := serve(t, wire.Config{TLS: serverTLS(t), Timeouts: wire.Timeouts{Farewell: 10 * time.Second}}, nil)
	served, fresh, within, secure := hello(t, s), dial(t, s), hello(t, s), hello(t, s)
	message := func(c *client) {
		t.Helper()
		c.cmd("DATA", "354")
		c.send("x\r\n.\r\n")
		c.want("250")
	}
	served.envelope()
	message(served)
	within.envelope()
	done := make(chan error, 1)
	go func() { done <- s.l.Shutdown(t.Context()) }()
	served.want("421 4.3.2") // long before the others have to go
	served.wantClosed()
	message(within)
	fresh.cmd("EHLO client.test", "250")
	fresh.envelope()
	message(fresh)
	secure.cmd("STARTTLS", "220")
	secure.startTLS()
	secure.cmd("EHLO client.test", "250")
	secure.envelope()
	message(secure)
	for _, c := range []*client{fresh, within, secure} {
		c.want("421 4.3.2")
		c.wantClosed()
	}
	if err := <-done; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if n := len(s.taken()); n != 4 {
		t.Errorf("%d messages taken, want 4", n)
	}
}

func TestShutdownLetsMessagesFinish_item4(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, wire.Config{}, &backend{onEnd: func(*wire.Conn) error { <-release; return nil }})
	sending, chunks, waiting := hello(t, s), hello(t, s), hello(t, s)
	for _, c := range []*client{sending, chunks, waiting} {
		c.envelope()
	}
	sending.cmd("DATA", "354")
	chunks.send("BDAT 3\r\nabc")
	chunks.want("250")
	waiting.cmd("DATA", "354")
	waiting.send("late\r\n.\r\nNOOP\r\n")
	done := make(chan error, 1)
	go func() { done <- s.l.Shutdown(context.Background()) }()
	select {
	case err := <-done:
		t.Fatalf("Shutdown did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	sending.send("x\r\n.\r\n")
	chunks.send("BDAT 0 LAST\r\n")
	close(release)
	for _, c := range []*client{sending, chunks, waiting} {
		c.want("250")
		c.want("421 4.3.2")
		c.wantClosed()
	}
	if err := <-done; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if n := len(s.taken()); n != 3 {
		t.Errorf("%d messages taken", n)
	}
}

func TestShutdownClosesAllAtItsEnd_item4(t *testing.T) {
	gone := make(chan error, 1)
	s := serve(t, wire.Config{}, &backend{onData: func(w *wire.Conn, r io.Reader) error {
		b := w.Body(r)
		defer b.Close()
		_, err := io.ReadAll(b)
		<-w.Context().Done()
		gone <- context.Cause(w.Context())
		return err
	}})
	c := hello(t, s)
	c.envelope()
	c.send("BDAT 3\r\nabc")
	c.want("250")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.l.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	c.wantClosed()
	if err := <-gone; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Context: %v", err)
	}
}

func TestWatchTellsWhenTheClientGoes(t *testing.T) {
	for _, begin := range []string{"DATA\r\nx\r\n.\r\n", "BDAT 1 LAST\r\nx"} {
		watched, causes := make(chan struct{}), make(chan error, 1)
		s := serve(t, wire.Config{}, &backend{onEnd: func(w *wire.Conn) error {
			ctx, stop := w.Watch(context.Background())
			defer stop()
			close(watched)
			select {
			case <-ctx.Done():
				causes <- context.Cause(ctx)
			case <-time.After(5 * time.Second):
				causes <- nil
			}
			return errors.New("given up")
		}})
		c := hello(t, s)
		c.envelope()
		c.send(begin)
		<-watched
		_ = c.conn.Close()
		if err := <-causes; !errors.Is(err, wire.ErrClientGone) {
			t.Errorf("%q: cause %v", begin, err)
		}
	}
}

func TestWatchLosesNothingThatFollows(t *testing.T) {
	for _, secure := range []bool{false, true} {
		wait := time.Duration(0) // both before the watch has begun and after
		ready, sent := make(chan struct{}), make(chan struct{})
		s := serve(t, wire.Config{TLS: serverTLS(t), Implicit: secure}, &backend{onEnd: func(w *wire.Conn) error {
			ctx, stop := w.Watch(context.Background())
			ready <- struct{}{}
			<-sent
			time.Sleep(wait)
			err := ctx.Err()
			stop()
			stop()
			return err
		}})
		c := connect(t, s)
		if secure {
			c.startTLS()
		}
		c.want("220")
		c.cmd("EHLO client.test", "250")
		for _, next := range []string{"NOOP\r\nNOOP\r\n", "NO", "", "NOOP\r\nNOOP\r\n", "NO", ""} {
			if next == "" {
				wait = 50 * time.Millisecond
			}
			c.envelope()
			c.cmd("DATA", "354")
			c.send("x\r\n.\r\n")
			<-ready
			c.send(next)
			sent <- struct{}{}
			c.want("250 2.0.0 OK: queued")
			if next == "NO" {
				c.send("OP\r\n")
			}
			for range strings.Count(next, "NO") {
				c.want("250 2.0.0 I have")
			}
		}
	}
}

func TestForgottenWatchEndsWithTheReply(t *testing.T) {
	wait := make(chan time.Duration, 1)
	s := serve(t, wire.Config{}, &backend{onEnd: func(w *wire.Conn) error {
		w.Watch(context.Background())
		time.Sleep(<-wait)
		return nil
	}})
	c := hello(t, s)
	// Before it has begun, and after.
	for _, d := range []time.Duration{0, 0, 50 * time.Millisecond, 50 * time.Millisecond, 0} {
		wait <- d
		c.envelope()
		c.cmd("DATA", "354")
		c.send("x\r\n.\r\n")
		c.want("250")
	}
}

func TestRefusedRecipientsAreNoErrorsUpToABound(t *testing.T) {
	s := serve(t, wire.Config{Limits: wire.Limits{Errors: 3, Refusals: 8}}, &backend{
		onRcpt: func(w *wire.Conn, _ string) error {
			w.Say("550 5.1.1 No such person\r\n")
			return &smtp.SMTPError{Code: 550, Message: "unused"}
		},
	})
	c := hello(t, s)
	c.cmd("MAIL FROM:<a@corp.test>", "250")
	for range 8 {
		c.cmd("RCPT TO:<b@rcpt.test>", "550 5.1.1")
	}
	c.want("421 4.7.0")
	c.wantClosed()
}

func TestHooksSeeEachReplyOnce(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	note := func(s string) { mu.Lock(); defer mu.Unlock(); seen = append(seen, s) }
	s := serve(t, wire.Config{TLS: serverTLS(t), Hooks: wire.Hooks{
		Accept: func(a wire.Admission) { note(string(a)) },
		Reply:  func(v wire.Verb, code int) { note(string(v) + " " + string(rune('0'+code/100))) },
		Close:  func() { note("closed") },
	}}, nil)
	c := hello(t, s)
	c.cmd("STARTTLS", "220")
	c.startTLS()
	c.cmd("EHLO x", "250")
	c.cmd("FOO", "500")
	c.cmd("MAIL FROM:<a@corp.test>", "250")
	c.cmd("RCPT TO:<b@rcpt.test>", "250")
	c.cmd("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("250")
	c.cmd("QUIT", "221")
	c.wantClosed()
	want := "accepted,connect 2,ehlo 2,starttls 2,ehlo 2,other 5,mail 2,rcpt 2,data 3,data 2,other 2,closed"
	until(t, "closed", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return seen[len(seen)-1] == "closed"
	})
	if got := strings.Join(seen, ","); got != want {
		t.Errorf("hooks %q, want %q", got, want)
	}
}

func TestClientThatReadsNoRepliesIsCutOff(t *testing.T) {
	s := serve(t, wire.Config{Timeouts: wire.Timeouts{Write: 100 * time.Millisecond}, Limits: wire.Limits{EmptyCommands: 1 << 30}}, nil)
	c := dial(t, s)
	noops := strings.Repeat("NOOP\r\n", 10000)
	for range 1000 {
		if _, err := io.WriteString(c.conn, noops); err != nil {
			return
		}
	}
	t.Error("60 MB of commands taken, and no reply read")
}

func TestLongLimitsAreKept(t *testing.T) {
	s := serve(t, wire.Config{Limits: wire.Limits{CommandLine: 50000}}, nil)
	c := hello(t, s)
	for range 2 {
		c.cmd("NOOP "+strings.Repeat("x", 50000-7), "250")
		c.cmd("NOOP "+strings.Repeat("x", 50000-6), "500 5.5.2")
	}
}

func TestShutdownLeavesNoGoroutine(t *testing.T) {
	s := serve(t, wire.Config{TLS: serverTLS(t)}, nil)
	for i := range 20 {
		c := hello(t, s)
		switch i % 4 {
		case 0:
			c.cmd("STARTTLS", "220")
		case 1:
			c.envelope()
			c.send("BDAT 5\r\nabcdeBDAT 5 LAST\r\nabc")
			c.want("250")
		case 2:
			c.envelope()
			c.cmd("DATA", "354")
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_ = s.l.Shutdown(ctx)
	ours := func() int {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		n := 0
		for _, g := range strings.Split(string(stacks), "\n\n") {
			if strings.Contains(g, "/proxy/wire.") || strings.Contains(g, "go-smtp.(*Conn)") {
				n++
			}
		}
		return n
	}
	until(t, "all goroutines ended", func() bool { return ours() == 0 })
}

// TestShortWaitsAreNotStretchedByLongOnes: what a deadline may be late is a part of
// the wait that it ends.
func TestShortWaitsAreNotStretchedByLongOnes(t *testing.T) {
	const wait, most = 500 * time.Millisecond, 3 * time.Second
	t.Run("the first MAIL", func(t *testing.T) {
		s := serve(t, wire.Config{Timeouts: wire.Timeouts{FirstMail: wait}}, nil)
		c, began := dial(t, s), time.Now()
		c.want("421 4.4.2")
		if took := time.Since(began); took > most {
			t.Errorf("after %v", took)
		}
	})
	t.Run("going down", func(t *testing.T) {
		s := serve(t, wire.Config{Timeouts: wire.Timeouts{Farewell: wait}}, nil)
		c, drips := dial(t, s), dial(t, s)
		drips.flood("x", 60, wait/5)
		go s.l.Shutdown(context.Background())
		until(t, "going down", func() bool {
			conn, err := net.Dial("tcp", s.addr)
			if err == nil {
				_ = conn.Close()
			}
			return err != nil
		})
		c.cmd("EHLO client.test", "250")
		began := time.Now()
		for _, c := range []*client{drips, c} { // however its octets come
			c.want("421 4.3.2")
			if took := time.Since(began); took > most {
				t.Errorf("after %v", took)
			}
		}
	})
}
