package wire_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

// told is what a session learns of its client.
type told struct {
	conn                *smtp.Conn
	name, client, login string
	tls, forwarded      bool
}

// witness notes what each session is told.
type witness struct {
	*backend
	mu   sync.Mutex
	told []told
}

func (w *witness) NewSession(c *smtp.Conn) (smtp.Session, error) {
	of := wire.Of(c)
	w.mu.Lock()
	w.told = append(w.told, told{conn: c, name: c.Hostname(), client: of.Client().Addr.String(), login: of.Client().Login,
		tls: of.TLS() != nil, forwarded: of.Forwarded() != nil})
	w.mu.Unlock()
	return w.backend.NewSession(c)
}

func (w *witness) last() told {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.told[len(w.told)-1]
}

// TestNothingOfAClientIsTheNextOnes: who a client was, how it came and what it said
// after QUIT are gone when another sits where it sat.
func TestNothingOfAClientIsTheNextOnes(t *testing.T) {
	for _, before := range []struct {
		name string
		says func(*client)
	}{
		{"forwarded", func(c *client) { c.cmd("XFORWARD ADDR=192.0.2.9 NAME=other.test", "250"); c.message("x\r\n") }},
		{"about to forward", func(c *client) { c.cmd("XFORWARD ADDR=192.0.2.9", "250") }},
		{"TLS", func(c *client) {
			c.cmd("STARTTLS", "220")
			c.startTLS()
			c.cmd("EHLO tls.test", "250")
			c.message("x\r\n")
		}},
		{"XCLIENT", func(c *client) {
			c.cmd("XCLIENT ADDR=192.0.2.7", "220")
			c.cmd("EHLO named.test", "250")
			c.message("x\r\n")
		}},
		{"commands after QUIT", func(c *client) {
			c.send("QUIT\r\nEHLO x.test\r\nMAIL FROM:<late@corp.test>\r\nRCPT TO:<late@rcpt.test>\r\nDATA\r\nlate\r\n.\r\n")
		}},
	} {
		t.Run(before.name, func(t *testing.T) {
			w := &witness{backend: &backend{}}
			var forwarded atomic.Bool
			w.onMail = func(c *wire.Conn) { forwarded.Store(c.Forwarded() != nil) }
			s := serveBackend(t, wire.Config{TLS: serverTLS(t), XClient: loopback, XForward: loopback}, w.backend, w)
			shared := func() bool {
				first := hello(t, s)
				before.says(first)
				if before.name != "commands after QUIT" {
					first.send("QUIT\r\n")
				}
				first.want("221")
				first.wantClosed()
				sat := w.last().conn
				time.Sleep(2 * time.Millisecond)
				c := dial(t, s)
				if got := c.cmd("EHLO second.test", "250"); !strings.Contains(got, "STARTTLS") || !strings.Contains(got, "XCLIENT") {
					t.Errorf("the second is offered %q", got)
				}
				c.message("mine\r\n")
				c.cmd("QUIT", "221")
				c.wantClosed()
				if got, want := w.last(), (told{conn: w.last().conn, name: "second.test", client: "127.0.0.1"}); got != want || forwarded.Load() {
					t.Errorf("the second is taken for %+v", got)
				}
				return w.last().conn == sat
			}
			for tries := 0; !shared(); tries++ {
				if tries == 50 {
					t.Fatal("no client came to sit where the last one had")
				}
			}
			if got := strings.Join(s.paths(), " "); strings.Contains(got, "late@") {
				t.Errorf("commands after QUIT were run: %s", got)
			}
			until(t, "as many sessions ended as begun", func() bool {
				sessions, logouts := s.counts()
				return sessions == logouts
			})
		})
	}
}

// TestProxiedClientsInOneSeatAreThemselves: one proxy brings clients one after another.
func TestProxiedClientsInOneSeatAreThemselves(t *testing.T) {
	w := &witness{backend: &backend{}}
	s := serveBackend(t, wire.Config{Proxies: loopback}, w.backend, w)
	seats := map[*smtp.Conn]bool{}
	const most = 50
	for i := range most {
		client := fmt.Sprintf("192.0.2.%d", i)
		c := connect(t, s)
		c.send(v2From(client+":4711") + "EHLO client.test\r\n")
		c.want("220")
		c.want("250")
		got := w.last()
		if got.client != client {
			t.Fatalf("the client %s is taken for %s", client, got.client)
		}
		if seats[got.conn] {
			return
		}
		seats[got.conn] = true
		c.message("x\r\n")
		c.send("QUIT\r\nNOOP\r\n")
		c.want("221")
		c.wantClosed()
		time.Sleep(2 * time.Millisecond)
	}
	t.Errorf("%d clients sat in a seat each", most)
}

// TestBoundsAreThoseOfEachClient: of clients that sit in one place each has its own.
func TestBoundsAreThoseOfEachClient(t *testing.T) {
	s := serve(t, wire.Config{Limits: wire.Limits{PerClient: 1, EmptyCommands: 4}}, nil)
	for range 5 {
		var c *client
		until(t, "room for another", func() bool {
			c = connect(t, s)
			return strings.HasPrefix(c.reply(), "220")
		})
		over := connect(t, s)
		over.want("421 4.7.0")
		over.wantClosed()
		c.cmd("EHLO client.test", "250")
		for range 3 {
			c.cmd("NOOP", "250")
		}
		c.cmd("QUIT", "221")
		c.wantClosed()
	}
}

// TestShutdownEndsSeats: whoever sits where another sat is told, and a seat that is
// free does not wait for more.
func TestShutdownEndsSeats(t *testing.T) {
	for range 5 { // a busy machine may need longer
		s := serve(t, wire.Config{}, nil)
		for range 2 {
			c := hello(t, s)
			c.message("x\r\n")
			c.cmd("QUIT", "221")
			c.wantClosed()
			time.Sleep(2 * time.Millisecond)
		}
		began := time.Now()
		rests := hello(t, s)
		sits := hello(t, s)
		sits.message("x\r\n")
		rests.cmd("QUIT", "221")
		rests.wantClosed()
		done := make(chan error, 1)
		go func() { done <- s.l.Shutdown(t.Context()) }()
		sits.want("421 4.3.2")
		sits.wantClosed()
		_ = sits.conn.Close()
		if err := <-done; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if sessions, logouts := s.counts(); sessions != logouts {
			t.Errorf("%d sessions, %d ended", sessions, logouts)
		}
		until(t, "no seat waits", func() bool {
			stacks := make([]byte, 1<<20)
			return !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "(*seat).next")
		})
		if time.Since(began) < time.Second/2 {
			return
		}
	}
	t.Error("seats wait though nobody comes any more")
}

// TestWatchIsOfTheClientThatSits: who is watched is the client of the message, and
// not the one that sat there before and has gone.
func TestWatchIsOfTheClientThatSits(t *testing.T) {
	ready, goOn, causes := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	b := &seats{backend: &backend{onEnd: func(w *wire.Conn) error {
		ctx, stop := w.Watch(context.Background())
		defer stop()
		ready <- struct{}{}
		select {
		case <-ctx.Done():
		case <-goOn:
		}
		causes <- context.Cause(ctx)
		return ctx.Err()
	}}}
	s := serveBackend(t, wire.Config{}, b.backend, b)
	sends := func() *client {
		c := hello(t, s)
		c.envelope()
		c.cmd("DATA", "354")
		c.send("x\r\n.\r\n")
		<-ready
		time.Sleep(30 * time.Millisecond) // the watch has begun
		return c
	}
	shared := func() bool {
		b.begin()
		first := sends()
		goOn <- struct{}{}
		first.want("250")
		first.cmd("QUIT", "221")
		first.wantClosed()
		if err := <-causes; err != nil {
			t.Fatalf("the first is taken for gone: %v", err)
		}
		second := sends()
		if len(causes) > 0 {
			t.Fatalf("the second is taken for gone: %v", <-causes)
		}
		_ = second.conn.Close()
		if err := <-causes; !errors.Is(err, wire.ErrClientGone) {
			t.Fatalf("the second has gone: %v", err)
		}
		return b.conns[0] == b.conns[1]
	}
	for tries := 0; !shared(); tries++ {
		if tries == 20 {
			t.Fatal("no client came to sit where the last one had")
		}
	}
}
