package main

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// Bounds on the allocations that the relay makes for a message in which nothing
// is found: from MAIL to the answer to its content, with the inspection, the log
// and the ledger. There are some 270 for a letter of 4 KB; one that is spooled to a
// file, and batches of the ledger with fewer messages in each, make some 25 more.
const (
	maxAllocations = 330
	maxGrowth      = 70 // from 4 KB to 1 MB
)

// TestAllocationsDoNotGrowWithTheMessage counts those of the whole process over
// many messages on one connection.
func TestAllocationsDoNotGrowWithTheMessage(t *testing.T) {
	testbed.SkipShort(t, "the race detector, which -short goes with, makes some of its own")
	relay := serve(t, t.TempDir(), "smtp://"+listenSink(t))
	least := float64(maxAllocations)
	for _, c := range []struct {
		name    string
		message string
		n       int
	}{{"4 KB", letterOf(4 << 10), 400}, {"100 KB", letterOf(100 << 10), 200}, {"1 MB", letterOf(1 << 20), 100}} {
		p := newParcel(c.message)
		p.onOneConnection(t, relay.smtp[0], 20)
		idle := relay.metric(t, "go_memstats_mallocs_total")
		before := relay.metric(t, "go_memstats_mallocs_total")
		p.onOneConnection(t, relay.smtp[0], c.n)
		time.Sleep(time.Second) // the ledger is written behind
		made := relay.metric(t, "go_memstats_mallocs_total") - before - (before - idle)
		each := made / float64(c.n)
		t.Logf("%s: %.0f allocations a message", c.name, each)
		least = min(least, each)
		if each > maxAllocations || each > least+maxGrowth {
			t.Errorf("%s: %.0f allocations a message, want %d at most, and not %d more than for a small one", c.name, each, maxAllocations, maxGrowth)
		}
	}
}

// onOneConnection sends n messages one after the other.
func (p parcel) onOneConnection(t testing.TB, address string, n int) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	say := func(command, code string) {
		if command == "" {
			err = p.pour(conn)
		} else {
			_, err = io.WriteString(conn, command)
		}
		if err == nil {
			err = await(in, code)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := await(in, "220"); err != nil {
		t.Fatal(err)
	}
	say("EHLO client.example\r\n", "250")
	for range n {
		say("MAIL FROM:<ana@sender.example>\r\n", "250")
		say("RCPT TO:<ben@reader.example>\r\n", "250")
		say("DATA\r\n", "354")
		say("", "250")
	}
}
