package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fleetFate is what the client of a message knows of it.
type fleetFate struct {
	tries        int
	unanswered   int       // its final dot went out, and no answer came
	deferred     int       // its final dot was answered 4xx
	taken, held  bool      // by the answer that ended it
	began, ended time.Time // of the try that was so answered
}

// shipment is a mailing on its way, by clients that keep a ledger.
type shipment struct {
	*fleetMailing
	fates []fleetFate // by number; each has one client
	next  atomic.Int64
	taken atomic.Int64
}

func newShipment(m *fleetMailing, messages int) *shipment {
	return &shipment{fleetMailing: m, fates: make([]fleetFate, messages)}
}

// ended reports whether each message is taken.
func (s *shipment) ended() bool { return int(s.taken.Load()) == len(s.fates) }

// backOff is how long a client waits before it tries again, at first and at most.
const backOff, backOffMost = 50 * time.Millisecond, 2 * time.Second

// send sends all messages over so many connections from a network, each of them for a
// number of messages that differs: some clients make one for each, others keep theirs.
func (s *shipment) send(ctx context.Context, t testing.TB, address, network string, connections int) {
	var clients sync.WaitGroup
	for c := range connections {
		clients.Go(func() {
			w := &fleetClient{source: fmt.Sprintf("%s.%d", network, 1+c), address: address, most: []int{50, 1, 20, 200}[c%4]}
			defer w.leave()
			for n := int(s.next.Add(1)) - 1; n < len(s.fates); n = int(s.next.Add(1)) - 1 {
				if err := w.insist(ctx, s, n); err != nil {
					t.Errorf("%s: %v", s.reader(n), err)
					return
				}
				s.taken.Add(1)
			}
		})
	}
	clients.Wait()
}

// fleetClient sends one message after the other, and tries again as a mail server does.
type fleetClient struct {
	source, address string
	conn            *tool
	used, most      int // messages by one connection
}

// insist sends a message until it is taken.
func (c *fleetClient) insist(ctx context.Context, s *shipment, n int) error {
	f := &s.fates[n]
	content := append(s.content(n), ".\r\n"...)
	for wait := backOff; ; wait = min(2*wait, backOffMost) {
		f.tries++
		f.began = time.Now()
		reply, dotted := c.try(s.from(n), s.reader(n), content)
		f.ended = time.Now()
		lost := strings.HasPrefix(reply, "lost")
		switch {
		case reply[0] == '2':
			f.taken, f.held = true, strings.HasPrefix(reply, "250 2.0.0 Held")
			return nil
		case reply[0] == '5':
			return fmt.Errorf("answered %s", reply)
		case dotted && lost:
			f.unanswered++
		case dotted:
			f.deferred++
		}
		if lost || !dotted { // what else was sent has no answer that anybody wants
			c.leave()
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return fmt.Errorf("given up after %d tries: %s", f.tries, reply)
		}
	}
}

// try sends a message once. It returns the last reply, "lost" without one, and whether
// the final dot went out: without a reply to it nobody knows whether it was taken.
func (c *fleetClient) try(from, to string, content []byte) (reply string, dotted bool) {
	if c.conn != nil && c.used == c.most {
		c.leave()
	}
	if c.conn == nil {
		conn, err := newTool(c.source, c.address)
		if err != nil {
			return "lost: " + err.Error(), false
		}
		c.conn, c.used = conn, 0
	}
	c.used++
	return c.conn.try(from, to, content)
}

// leave ends the connection.
func (c *fleetClient) leave() {
	if c.conn == nil {
		return
	}
	io.WriteString(c.conn.conn, "QUIT\r\n") // it may be gone
	c.conn.conn.Close()                     // as above
	c.conn = nil
}

// try is as fleetClient.try is, by this connection. After a reply other than the one to
// the final dot the connection is of no more use.
func (c *tool) try(from, to string, content []byte) (reply string, dotted bool) {
	c.conn.SetDeadline(time.Now().Add(2 * patience)) // a test that waits longer fails anyway
	fmt.Fprintf(c.conn, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", from, to)
	for range 3 {
		if reply := c.in.line(); reply[0] != '2' && reply[0] != '3' {
			return reply, false
		}
	}
	if _, err := c.conn.Write(content); err != nil {
		return "lost: " + err.Error(), false
	}
	return c.in.line(), true
}
