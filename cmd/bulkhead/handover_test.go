package main

import (
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The program is replaced under load, again and again, by a process that takes
// over its sockets and its data folder: no client is refused, reset or told to come
// again where it has not had a message through, every message is taken exactly
// once, and the copies of one mailing stay one incident, told of once.
func TestReplaceUnderLoad(t *testing.T) {
	replacements := 10
	if testing.Short() {
		replacements = 3
	}
	dir := t.TempDir()
	data, maildir := filepath.Join(dir, "data"), filepath.Join(dir, "Maildir")
	s := newPassed(t, socketSMTP, socketAdmin, socketMetrics)
	hook := newHook(t)
	config := writeFile(t, "bulkhead.yaml", fmt.Sprintf(`listeners: [{address: %q, allow: [127.0.0.0/8]}]
notify: {webhooks: [{url: %q, form: json, secret: %q, events: [incident_opened]}]}
`, s.at[socketSMTP], hook.server.URL, hook.secret))
	start := func() *process {
		return begin(t, s.command("serve", "--config", config, "--data-dir", data, "--upstream", "maildir:"+maildir,
			"--admin", s.at[socketAdmin], "--metrics", s.at[socketMetrics]))
	}
	table := csvOf(makeCustomers(30))
	old := start()
	var stop atomic.Bool
	l := &ledger{acknowledged: map[string]bool{}}
	var clients sync.WaitGroup
	for c := range 3 {
		clients.Go(func() { l.each(t, &stop, s.at[socketSMTP], fmt.Sprintf("each-%d", c), table) })
		clients.Go(func() { l.pooled(t, &stop, s.at[socketSMTP], fmt.Sprintf("pooled-%d", c), table) })
	}
	for i := range replacements {
		l.waitFor(t, (i+1)*20)
		next := start() // ready, and takes mail beside the old one
		old.stop(t)
		old = next
	}
	l.waitFor(t, (replacements+1)*20)
	stop.Store(true)
	clients.Wait()
	old.stop(t)

	found, held := delivered(t, maildir, table), heldWhole(t, data, table)
	for id := range l.acknowledged {
		if n := found[id] + held[id]; n != 1 {
			t.Errorf("%s was acknowledged, and is there %d times", id, n)
		}
	}
	if len(found) == 0 || len(held) == 0 || len(l.acknowledged) != l.tried || len(found)+len(held) != l.tried {
		t.Errorf("%d tried, %d acknowledged, %d delivered, %d held", l.tried, len(l.acknowledged), len(found), len(held))
	}
	incidents, _, status := runBulkhead(t, "incidents", "list", "--format", "json", "--data-dir", data)
	if n := strings.Count(incidents, "\n"); n != 1 || status != exitOK {
		t.Errorf("the mailing is %d incidents, want one:\n%s", n, incidents)
	}
	if n := strings.Count(strings.Join(hook.got(), "\n"), `"kind":"incident_opened"`); n != 1 {
		t.Errorf("the incident was told of %d times, want once", n)
	}
	t.Logf("%d messages in %d replacements: %d delivered, %d held", l.tried, replacements, len(found), len(held))
}

// send puts one message through and notes it. An error is of the connection.
func (l *ledger) send(t *testing.T, c *client, id string, leak bool, table string) error {
	s := marked(id, leak, table)
	code, text, err := c.try(s.from, []string{s.to}, s.content)
	if err != nil {
		return err
	}
	if code == 421 {
		return errGoingDown
	}
	l.mu.Lock()
	l.tried++
	l.mu.Unlock()
	if code != 250 {
		t.Errorf("%s is answered %d %s", id, code, text)
		return nil
	}
	l.note(id)
	return nil
}

var errGoingDown = errors.New("421")

// each sends messages by a connection each, as simple programs do, which take
// everything but success for the loss of a message.
func (l *ledger) each(t *testing.T, stop *atomic.Bool, address, name, table string) {
	for i := 0; !stop.Load(); i++ {
		c, err := greet(address)
		if err == nil {
			err = l.send(t, c, fmt.Sprintf("%s-%d", name, i), i%2 == 1, table)
			c.conn.Close() // had what it wanted
		}
		if err != nil {
			t.Errorf("message %d of %s: %v", i, name, err)
		}
	}
}

// pooled sends message after message by one connection, and makes another where
// it is told so between two of them.
func (l *ledger) pooled(t *testing.T, stop *atomic.Bool, address, name, table string) {
	var c *client
	sent := 0 // by this connection
	for i := 0; !stop.Load(); {
		if c == nil {
			var err error
			if c, err = greet(address); err != nil {
				t.Errorf("connection of %s before message %d: %v", name, i, err)
				return
			}
			sent = 0
		}
		err := l.send(t, c, fmt.Sprintf("%s-%d", name, i), i%2 == 1, table)
		if errors.Is(err, errGoingDown) && sent > 0 {
			c.conn.Close() // RFC 5321 section 3.8: it is closed there, too
			c = nil
			continue
		}
		if err != nil {
			t.Errorf("message %d of %s, %d by this connection: %v", i, name, sent, err)
			return
		}
		i, sent = i+1, sent+1
	}
	if c != nil {
		c.conn.Close()
	}
}

// greet makes a connection as far as EHLO.
func greet(address string) (*client, error) {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	c := &client{conn: conn, text: textproto.NewConn(conn)}
	if _, _, err := c.text.ReadResponse(220); err != nil {
		return nil, fmt.Errorf("greeting: %w", err)
	}
	if err := c.text.PrintfLine("EHLO client.example"); err != nil {
		return nil, err
	}
	if _, _, err := c.text.ReadResponse(250); err != nil {
		return nil, fmt.Errorf("EHLO: %w", err)
	}
	return c, nil
}

// Two relays that share a data folder for a while, as an old and a new one do,
// have one incident for one mailing, whichever had its first copy.
func TestTwoRelaysHaveOneIncident(t *testing.T) {
	data, box := t.TempDir(), newMailbox(t)
	old, next := serve(t, data, box.url()), serve(t, data, box.url())
	send := func(p *process, table string) string {
		t.Helper()
		s := attached("", "list@isp.example", "dora@client.example", "list.csv", "text/csv", []byte(table))
		code, text := dial(t, p.smtp[0]).send(s.from, []string{s.to}, s.content)
		if code != 250 || !strings.Contains(text, "Held") {
			t.Fatalf("answered %d %s", code, text)
		}
		return text
	}
	all := makeCustomers(120)
	for i, p := range [][2]*process{{old, next}, {next, old}} {
		table := csvOf(all[60*i:][:60])
		for _, to := range p {
			send(to, table)
		}
	}
	send(old, csvOf(all[:60])) // of the first mailing, and each knows the sender
	out, _, status := runBulkhead(t, "incidents", "list", "--format", "json", "--data-dir", data)
	if n := strings.Count(out, "\n"); n != 2 || status != exitOK || !strings.Contains(out, `"copies":3`) {
		t.Errorf("two mailings are %d incidents:\n%s", n, out)
	}
	if log := next.logged(); !strings.Contains(log, "another relay uses the data folder") || strings.Contains(log, "relay before has ended") {
		t.Errorf("the second relay does not leave to the first what only one may do:\n%s", log)
	}
	old.stop(t)
	waitFor(t, "the turn of the second relay", func() bool { return strings.Contains(next.logged(), "relay before has ended") })
	next.stop(t)
}
