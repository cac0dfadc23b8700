package run

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
)

// relays are trackers that share a ledger, and hear of each other after a while.
type relays struct {
	t      *testing.T
	ledger *book
	each   []*office
	heard  []atomic.Bool // that a run is held, by relay
	held   atomic.Bool   // the first hold is kept
	late   time.Duration // at most, before a notice is heard
	// overshoot counts the copies that left after the first hold was kept.
	overshoot atomic.Int64
	passed    atomic.Int64
}

func newRelays(t *testing.T, n int, cfg Config, late time.Duration) *relays {
	c := &relays{t: t, ledger: newBook(), late: late, heard: make([]atomic.Bool, n)}
	cfg.Ledger = c.ledger
	for range n {
		c.each = append(c.each, newOffice(t, cfg))
	}
	c.ledger.tell = func(sender, relay string, hold bool) {
		held := hold || c.held.Load() // told in the order of writing
		for i, o := range c.each {
			if o.tracker.relay == relay {
				continue
			}
			time.AfterFunc(rand.N(c.late+1), func() {
				o.tracker.Heard(relay, sender, hold)
				if held {
					c.heard[i].Store(true)
				}
			})
		}
	}
	c.ledger.warn = func(sender, relay string) {
		for _, o := range c.each {
			time.AfterFunc(rand.N(c.late+1), func() { o.tracker.Warned(relay, sender) })
		}
	}
	return c
}

// send takes a copy through a relay as the proxy does. leak is its own verdict.
func (c *relays) send(i int, m Message, leak bool) {
	copy, err := c.each[i].tracker.Join(c.t.Context(), m)
	if err == nil {
		defer copy.Done()
		err = copy.Wait(c.t.Context())
	}
	if err != nil {
		c.t.Error(err)
		return
	}
	look := copy.Heed
	if leak {
		look = copy.Refresh
	}
	if err := look(c.t.Context()); err != nil {
		c.t.Error(err)
	}
	known := c.heard[i].Load()
	b, err := copy.Brake(c.t.Context())
	switch {
	case err != nil:
		c.t.Error(err)
	case leak || b.Held:
		c.hold(copy)
	default:
		if known {
			c.t.Errorf("a copy passes relay %d after it has heard of the hold", i)
		}
		time.Sleep(rand.N(2 * time.Millisecond)) // to the upstream
		if c.held.Load() {
			c.overshoot.Add(1)
		}
		c.passed.Add(1)
		copy.Delivered()
		copy.Judged("pass", &rules.Verdict{})
	}
}

func (c *relays) hold(copy *Copy) {
	for range 5 {
		record := copy.Hold(hold)
		copy.Warn(c.t.Context())
		time.Sleep(rand.N(time.Millisecond)) // the content
		incident, err := c.ledger.keep(record)
		if err == nil {
			c.held.Store(true)
			copy.Kept(incident)
			return
		}
		if !errors.Is(err, ErrOvertaken) {
			c.t.Error(err)
			return
		}
		if err := copy.Overtaken(c.t.Context()); err != nil {
			c.t.Error(err)
			return
		}
	}
	c.t.Error("overtaken again and again")
}

// Whatever relay a copy comes to, and whenever a relay hears of the others: one run,
// one incident, no copy passes where the brake is known, and all is counted.
func TestRelaysHaveOneRun(t *testing.T) {
	const n = 240
	o := newOffice(t, Config{})
	letters := make([]Message, n)
	for i := range letters {
		to := fmt.Sprintf("c%d@post.test", i) // the first are in the list
		letters[i] = o.message("news@isp.example", []string{to}, letter("news@isp.example", to, newsletter("Reader")+customers(0, 7)))
	}
	for _, c := range []struct {
		name  string
		leak  func(i int) bool // by its own verdict
		late  time.Duration
		relay func(i int) int
	}{
		{"each is held by itself", func(int) bool { return true }, 5 * time.Millisecond, func(i int) int { return i % 3 }},
		{"one is", func(i int) bool { return i == n/3 }, 5 * time.Millisecond, func(i int) int { return i % 3 }},
		{"some are", func(i int) bool { return i > n/4 && i%7 == 0 }, 20 * time.Millisecond, func(int) int { return rand.N(3) }},
		{"the last is", func(i int) bool { return i == n-1 }, 5 * time.Millisecond, func(i int) int { return i % 3 }},
		{"one is, and notices are late", func(i int) bool { return i == n/2 }, 50 * time.Millisecond, func(i int) int { return i / 7 % 3 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRelays(t, 3, Config{}, c.late)
			next := make(chan int)
			var clients sync.WaitGroup
			for range 9 {
				clients.Go(func() {
					for i := range next {
						r.send(c.relay(i), letters[i], c.leak(i))
					}
				})
			}
			for i := range n {
				next <- i
				time.Sleep(time.Millisecond)
			}
			close(next)
			clients.Wait()
			time.Sleep(10 * c.late) // the last notices come
			for _, o := range r.each {
				o.tracker.Close()
			}
			r.settled(n)
			t.Logf("%d of %d copies passed, %d of them after the first hold; notices took up to %v", r.passed.Load(), n, r.overshoot.Load(), c.late)
		})
	}
}

// settled checks what the ledger has in the end of a mailing of n copies.
func (c *relays) settled(n int) {
	t, b := c.t, c.ledger
	t.Helper()
	if b.begun != 1 {
		t.Errorf("%d incidents, want one", b.begun)
	}
	// A relay that knows nothing learns all of it.
	again := newOffice(t, Config{Ledger: b})
	one := again.message("news@isp.example", []string{"late@reader.test"}, letter("news@isp.example", "late@reader.test", newsletter("Reader")+customers(0, 7)))
	copy, err := again.tracker.Join(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	r := copy.run
	if len(copy.sender.runs) != 1 || !r.held || r.incident != "IN-1" {
		t.Errorf("%d runs, the copy's held %v in %q; want one that is", len(copy.sender.runs), r.held, r.incident)
	}
	if want := (Share{int64(n), c.passed.Load()}); r.others != want {
		t.Errorf("the run has %+v, want %+v", r.others, want)
	}
	if len(r.recipients) != n+1 || r.people.count() != 7 {
		t.Errorf("%d recipients and %d people, want %d and 7", len(r.recipients), r.people.count(), n+1)
	}
	if len(b.sent) != int(c.passed.Load()) || b.judged != len(b.sent) {
		t.Errorf("%d deliveries and %d judgements, want %d", len(b.sent), b.judged, c.passed.Load())
	}
	for _, d := range b.sent {
		if d.Run != r.key {
			t.Fatalf("a delivery is of run %s, want %s", d.Run, r.key)
		}
	}
	if got := copy.sender.shape.messages; got < float64(n) || got > float64(n+1) {
		t.Errorf("the sender has sent %v messages, want %d", got, n+1)
	}
}
