package quarantine

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// ear hears what a store tells.
type ear struct {
	mu     sync.Mutex
	heard  map[string]time.Time // by relay and sender
	missed int
}

func (e *ear) Heard(relay, sender string, held bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.heard == nil {
		e.heard = map[string]time.Time{}
	}
	if held {
		relay = "held by " + relay
	}
	e.heard[relay+" "+sender] = time.Now()
}

func (e *ear) Warned(relay, sender string) { e.Heard("warned by "+relay, sender, false) }

func (e *ear) Missed() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.missed++
}

func (e *ear) at(what string) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard[what]
}

// listen lets an ear listen to a store until the test ends.
func listen(t *testing.T, s *Store) *ear {
	e := &ear{}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Listen(ctx, e, slog.New(slog.DiscardHandler))
	}()
	t.Cleanup(func() { stop(); <-done })
	return e
}

func until(t *testing.T, what string, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > time.Minute {
			t.Fatalf("%s: not within a minute", what)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(began)
}

// Relays hear of a hold and of what else is written once it is there, and of nothing
// that was not; where the line breaks they know that they do not hear.
func TestRelaysHearOfEachOther(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	if os.Getenv(testServer) == "" {
		if s.Tells() || s.Hears() {
			t.Error("a file tells of what is written")
		}
		return
	}
	var line breakable
	s.db.(*postgresDatabase).config.DialFunc = line.dial
	e := listen(t, s)
	until(t, "a line", s.Hears)
	hold := func(key string, seen int64) (Message, error) {
		r := runOf(c, key)
		r.Relay, r.Sender, r.Seen = "relay-a", "sender-"+key, seen
		m := copyOf(key, 12)
		m.Run = &r
		return s.Hold(t.Context(), m, strings.NewReader("x"))
	}
	first, err := hold("1", 0)
	if err != nil {
		t.Fatal(err)
	}
	after := until(t, "a hold", func() bool { return !e.at("held by relay-a sender-1").IsZero() })
	if _, err := hold("2", 7); err == nil {
		t.Fatal("a hold that knows of others than there were is kept")
	}
	before := e.at("held by relay-a sender-1")
	if err := s.Refuse(t.Context(), first.ID, "anna", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := hold("1", 1); err != nil {
		t.Fatal(err)
	}
	until(t, "that the run is of another incident", func() bool { return e.at("held by relay-a sender-1").After(before) })
	many := &Ledger{Relay: "relay-b"}
	for i := range 2*newsMost + 1 {
		many.Senders = append(many.Senders, Usual{Sender: fmt.Sprint("many-", i), Relay: "relay-b", At: c.Now(), Shape: []byte("{}")})
	}
	if err := s.WriteLedger(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	until(t, "all senders of a batch", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return len(e.heard) == 2*newsMost+2
	})
	if !e.at("held by relay-a sender-2").IsZero() {
		t.Error("what was not kept is told")
	}
	if err := s.Warn(t.Context(), "relay-a", "sender-9"); err != nil {
		t.Fatal(err)
	}
	until(t, "a warning", func() bool { return !e.at("warned by relay-a sender-9").IsZero() })

	// A server that has gone without a word is found out, and the line made anew.
	line.still.Store(true)
	deaf := until(t, "to know that nothing is heard", func() bool { return !s.Hears() })
	if err := s.WriteLedger(t.Context(), &Ledger{Relay: "relay-b", Runs: []Run{runOf(c, "3")}}); err != nil {
		t.Fatal(err)
	}
	line.still.Store(false)
	until(t, "a line again", s.Hears)
	if e.missed < 2 {
		t.Errorf("told %d times that something may have been missed, want twice", e.missed)
	}
	t.Logf("a hold was heard of %v after it was kept; %v until it was known that nothing is heard", after, deaf)
}

// breakable makes connections on which nothing comes while they are still.
type breakable struct{ still atomic.Bool }

func (b *breakable) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	return &stillConn{conn, b, b.still.Load()}, err
}

type stillConn struct {
	net.Conn
	of    *breakable
	ended bool // what was missed does not come late
}

func (c *stillConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if c.ended = c.ended || c.of.still.Load(); !c.ended || err != nil {
			return n, err
		}
	}
}
