package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// ledger is what a client knows: the messages that it was told are taken.
type ledger struct {
	mu           sync.Mutex
	acknowledged map[string]bool
	tried        int
}

func (l *ledger) note(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acknowledged[id] = true
}

// waitFor waits until so many messages have been acknowledged in all.
func (l *ledger) waitFor(t *testing.T, many int) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		l.mu.Lock()
		have := len(l.acknowledged)
		l.mu.Unlock()
		if have >= many {
			return
		}
	}
	t.Fatalf("not even %d messages are acknowledged after %v", many, patience)
}

// marked makes a message that names its id; every other one leaks.
func marked(id string, leak bool, table string) scene {
	if leak {
		return attached("", id+"@isp.example", "dora@client.example", id+".csv", "text/csv", []byte(table))
	}
	return letter("", id+"@office.example", "ben@client.example", ordinaryLetter)
}

// load sends messages until the relay goes away, and notes what it was told.
func (l *ledger) load(address, name, table string) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer conn.Close() // the relay is gone
	quiet := &client{conn: conn, text: textproto.NewConn(conn)}
	if _, _, err := quiet.text.ReadResponse(220); err != nil {
		return
	}
	if err := quiet.text.PrintfLine("EHLO client.example"); err != nil {
		return
	}
	if _, _, err := quiet.text.ReadResponse(250); err != nil {
		return
	}
	for i := 0; ; i++ {
		id := fmt.Sprintf("%s-%d", name, i)
		s := marked(id, i%2 == 1, table)
		l.mu.Lock()
		l.tried++
		l.mu.Unlock()
		code, _, err := quiet.try(s.from, []string{s.to}, s.content)
		if err != nil {
			return
		}
		if code == 250 {
			l.note(id)
		}
	}
}

// killRounds is how often the power goes: as often as the environment variable
// BULKHEAD_KILL_ROUNDS says, or as fits into a run of all tests.
func killRounds(t *testing.T) int {
	t.Helper()
	if text := os.Getenv("BULKHEAD_KILL_ROUNDS"); text != "" {
		rounds, err := strconv.Atoi(text)
		if err != nil || rounds < 1 {
			t.Fatalf("BULKHEAD_KILL_ROUNDS=%s: want a number of rounds", text)
		}
		return rounds
	}
	if testing.Short() {
		return 3
	}
	return 12
}

// No silent loss: whenever the power goes, every message that a client was
// told is taken is at the upstream or in the quarantine, whole and once. None
// is in two places, whatever the client was told.
func TestKillUnderLoad(t *testing.T) {
	rounds := killRounds(t)
	dir := t.TempDir()
	data, maildir := filepath.Join(dir, "data"), filepath.Join(dir, "Maildir")
	box := newMailbox(t)
	upstreams := []string{"maildir:" + maildir, box.url()} // one dies with the relay, one lives on
	table := csvOf(makeCustomers(30))
	l := &ledger{acknowledged: map[string]bool{}}
	for round := range rounds {
		p := serve(t, data, upstreams[round%len(upstreams)])
		var clients sync.WaitGroup
		for c := range 4 {
			clients.Go(func() { l.load(p.smtp[0], fmt.Sprintf("r%d-c%d", round, c), table) })
		}
		l.waitFor(t, (round+1)*8) // so that there is something to lose
		time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
		p.kill()
		clients.Wait()
	}
	serve(t, data, upstreams[0]).stop(t) // whatever recovery there is

	sent := delivered(t, maildir, table)
	for _, m := range box.got() {
		sent.note(t, "the upstream", m.content, table, false)
	}
	held := heldWhole(t, data, table)
	missing := 0
	for id := range l.acknowledged {
		if sent[id]+held[id] == 0 {
			missing++
			t.Errorf("%s was acknowledged, and is nowhere", id)
		}
	}
	for id, n := range sent {
		if n+held[id] > 1 {
			t.Errorf("%s was sent once; it is %d times at the upstream and %d times held", id, n, held[id])
		}
	}
	for id, n := range held {
		if n > 1 {
			t.Errorf("%s was sent once; it is held %d times", id, n)
		}
	}
	t.Logf("%d tried, %d acknowledged, %d delivered (%d of them by SMTP), %d held, %d missing in %d rounds",
		l.tried, len(l.acknowledged), len(sent), len(box.got()), len(held), missing, rounds)
	if len(sent) == 0 || len(held) == 0 {
		t.Error("the load never had both a message delivered and one held: nothing was tried")
	}
}

// tally is how often each message is found in a place, by its id.
type tally map[string]int

// note counts a message, and checks that it is whole and where it belongs.
func (y tally) note(t *testing.T, place string, content []byte, table string, leaks bool) {
	t.Helper()
	id, whole := checkMarked(content, table)
	if !whole || strings.Contains(string(content), ".csv") != leaks {
		t.Errorf("%s has %q, which is not whole or does not belong there", place, id)
	}
	y[id]++
}

// delivered counts the messages in a Maildir, and checks that each is whole and
// none leaks.
func delivered(t *testing.T, maildir, table string) tally {
	t.Helper()
	ids := tally{}
	files, err := filepath.Glob(filepath.Join(maildir, "new", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		ids.note(t, file, content, table, false)
	}
	return ids
}

// heldWhole counts the held messages, and checks that each is whole and the
// store's own records agree.
func heldWhole(t *testing.T, data, table string) tally {
	t.Helper()
	ctx := context.Background()
	store, err := quarantine.Open(ctx, data, quarantine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close() // read only
	if err := store.Verify(ctx); err != nil {
		t.Error(err)
	}
	ids := tally{}
	q := quarantine.Query{Limit: 500}
	for {
		page, next, err := store.List(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			ids.note(t, m.ID, heldContent(t, store, m.ID), table, true)
		}
		if next == "" {
			return ids
		}
		q.After = next
	}
}

// checkMarked returns a message's id, and whether it is exactly what was sent.
func checkMarked(content []byte, table string) (id string, whole bool) {
	below, err := belowTrace(content)
	if err != nil {
		return "", false
	}
	_, after, _ := strings.Cut(string(below), "From: <")
	id, rest, _ := strings.Cut(after, "@")
	return id, bytes.Equal(below, marked(id, strings.HasPrefix(rest, "isp."), table).content)
}
