package upstream

import (
	"net"
	"strings"
	"testing"
	"time"
)

// one does a whole transaction over a new session.
func one(t *testing.T, server *Server) {
	t.Helper()
	if err := transact(t.Context(), server, "a\r\n"); err != nil {
		t.Fatal(err)
	}
}

// message plays one whole transaction.
func (p *peer) message() {
	p.t.Helper()
	p.uploaded()
	p.say("250 2.0.0 Ok")
}

func TestConnectionIsUsedAgain(t *testing.T) {
	address := serve(t, func(p *peer) { p.greet("PIPELINING"); p.message(); p.message(); p.quit() })
	server := newServer(t, Config{URL: "smtp://" + address, PoolSize: 1})
	one(t, server)
	one(t, server)
}

func TestWithoutPoolEachSessionHasItsConnection(t *testing.T) {
	play := func(p *peer) { p.greet(); p.message(); p.quit() }
	server := newServer(t, Config{URL: "smtp://" + serve(t, play, play)})
	one(t, server)
	one(t, server)
}

// An abandoned envelope must not leak into the next session's.
func TestOpenTransactionIsResetBeforeReuse(t *testing.T) {
	reset := make(chan struct{})
	address := serve(t, func(p *peer) {
		p.greet("PIPELINING")
		p.envelope()
		p.turn("RSET", "250 2.0.0 Ok")
		close(reset)
		p.message()
		p.quit()
	})
	server := newServer(t, Config{URL: "smtp://" + address, PoolSize: 1})
	c, err := server.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	begin(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-reset: // before anybody uses it again
	case <-time.After(5 * time.Second):
		t.Fatal("the idle connection holds a transaction")
	}
	one(t, server)
}

func TestResetRidesOnTheNextCommand(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet("PIPELINING")
		p.envelope()
		both := make([]byte, len("RSET\r\nMAIL FROM:<ann@a.example>\r\n"))
		if n, err := p.nc.Read(both); err != nil || string(both[:n]) != "RSET\r\nMAIL FROM:<ann@a.example>\r\n" {
			p.t.Errorf("one read gave %q, %v", both[:n], err)
		}
		p.say("250 reset", "550 5.7.1 not you again")
		p.quit()
	})
	c := dial(t, Config{URL: "smtp://" + address})
	begin(t, c)
	if err := c.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reply, err := c.Mail(t.Context(), "ann@a.example", nil); err != nil || reply.Code != 550 {
		t.Errorf("got %v, %v; want the answer to MAIL", reply, err)
	}
}

func TestResetWithoutPipeliningWaitsForItsAnswer(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet()
		p.envelope()
		p.turn("RSET", "500 what?")
		p.hear("")
	})
	c := dial(t, Config{URL: "smtp://" + address})
	begin(t, c)
	wantFailure(t, c.Reset(t.Context()), StageReset, false)
}

func TestStaleConnectionIsReplacedUnnoticed(t *testing.T) {
	for name, farewell := range map[string]func(*peer){
		"closed":                  func(*peer) {},
		"timed out with 421":      func(p *peer) { p.say("421 4.4.2 idle too long") },
		"421 only when spoken to": func(p *peer) { p.turn("MAIL FROM:<ann@a.example>", "421 4.4.2 idle too long") },
		"closed when spoken to":   func(p *peer) { p.hear("MAIL FROM:<ann@a.example>") },
	} {
		t.Run(name, func(t *testing.T) {
			pooled := make(chan struct{})
			address := serve(t,
				func(p *peer) {
					p.greet("PIPELINING")
					p.message()
					<-pooled
					farewell(p)
				},
				func(p *peer) { p.greet("PIPELINING"); p.message(); p.quit() })
			server := newServer(t, Config{URL: "smtp://" + address, PoolSize: 1})
			one(t, server)
			close(pooled)
			one(t, server)
		})
	}
}

func TestStaleConnectionIsReplacedOnce(t *testing.T) {
	address := serve(t,
		func(p *peer) { p.greet(); p.message() },
		func(p *peer) { p.greet(); p.turn("MAIL FROM:<ann@a.example>", "421 4.7.0 too many connections") })
	server := newServer(t, Config{URL: "smtp://" + address, PoolSize: 1})
	one(t, server)
	c, err := server.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	reply, err := c.Mail(t.Context(), "ann@a.example", nil)
	if err != nil || reply.String() != "421 4.7.0 too many connections\r\n" {
		t.Errorf("got %v, %v; want the second server's own 421", reply, err)
	}
}

// Once MAIL was answered, a new connection would be another transaction.
func TestConnectionLostInATransactionIsNotReplaced(t *testing.T) {
	address := serve(t, func(p *peer) {
		p.greet()
		p.message()
		p.turn("MAIL FROM:<ann@a.example>", "250 Ok")
	})
	server := newServer(t, Config{URL: "smtp://" + address, PoolSize: 1})
	one(t, server)
	wantFailure(t, transact(t.Context(), server, "a\r\n"), StageRcpt, false)
}

func TestNextTransactionAfterALostConnectionHasANewOne(t *testing.T) {
	address := serve(t,
		func(p *peer) { p.greet(); p.uploaded() },
		func(p *peer) { p.greet(); p.message(); p.quit() })
	c := dial(t, Config{URL: "smtp://" + address})
	begin(t, c)
	_, err := send(t.Context(), c, "a\r\n")
	wantFailure(t, err, StageFinal, true)
	begin(t, c)
	if replies, err := send(t.Context(), c, "a\r\n"); err != nil || !replies[0].OK() {
		t.Errorf("got %v, %v", replies, err)
	}
}

func TestIdleConnectionIsEndedInTime(t *testing.T) {
	ended := make(chan struct{})
	address := serve(t, func(p *peer) { p.greet(); p.message(); p.quit(); close(ended) })
	server := newServer(t, Config{URL: "smtp://" + address, PoolSize: 1, PoolIdle: 20 * time.Millisecond})
	one(t, server)
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Fatal("still open after its time")
	}
}

func TestNoMoreAreKeptThanConfigured(t *testing.T) {
	ended := make(chan struct{}, 2)
	play := func(p *peer) { p.greet(); p.message(); p.quit(); ended <- struct{}{} }
	server := newServer(t, Config{URL: "smtp://" + serve(t, play, play), PoolSize: 1})
	first, err := server.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := server.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []Conn{first, second} {
		begin(t, c)
		if _, err := send(t.Context(), c, "a\r\n"); err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	}
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Fatal("both are kept")
	}
	if n := len(server.idle.idle); n != 1 {
		t.Errorf("%d connections are kept, want 1", n)
	}
}

func TestOldLinkIsNotKept(t *testing.T) {
	for name, age := range map[string]func(*link){
		"age":                  func(l *link) { l.created = time.Now().Add(-maxAge - time.Second) },
		"uses":                 func(l *link) { l.uses = maxUses },
		"client's credentials": func(l *link) { l.foreign = true },
		"interrupted":          func(l *link) { l.clock.cut = true },
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(p *peer) { p.greet(); _ = p.line() })
			server := newServer(t, Config{URL: "smtp://" + address, PoolSize: 1})
			c, err := server.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			age(c.(*conn).link)
			_ = c.Close()
			if n := len(server.idle.idle); n != 0 {
				t.Errorf("%d links are kept", n)
			}
		})
	}
}

func TestLinkOutOfStepIsNotKept(t *testing.T) {
	address := serve(t,
		func(p *peer) { p.greet(); p.uploaded(); p.say("250 Ok", "250 one too many") },
		func(p *peer) { p.greet(); p.message(); p.quit() })
	server := newServer(t, Config{URL: "smtp://" + address, PoolSize: 1})
	one(t, server)
	one(t, server)
}

func TestTakenLinkNoLongerExpires(t *testing.T) {
	ours, theirs := net.Pipe()
	defer func() { _ = ours.Close(); _ = theirs.Close() }()
	p := pool{size: 1, keep: time.Hour}
	p.put(newLink(ours, false))
	expiry := p.idle[0].expiry
	if l, err := p.take(); l == nil || err != nil {
		t.Fatal(l, err)
	}
	if expiry.Stop() {
		t.Error("the timer would have ended it in use")
	}
}

func TestManySessionsShareTheServer(t *testing.T) {
	var plays []func(*peer)
	for range 64 {
		plays = append(plays, func(p *peer) {
			p.say("220 x")
			for {
				switch line := p.line(); {
				case line == "" || line == "QUIT":
					return
				case line == "DATA":
					p.say("354 go")
					p.content()
					p.say("250 Ok")
				case strings.HasPrefix(line, "EHLO"):
					p.say("250-x", "250 PIPELINING")
				default:
					p.say("250 Ok")
				}
			}
		})
	}
	server := newServer(t, Config{URL: "smtp://" + serve(t, plays...), PoolSize: 2})
	done := make(chan error)
	for range 8 {
		go func() {
			var err error
			for i := 0; i < 8 && err == nil; i++ {
				err = transact(t.Context(), server, "a\r\n")
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
