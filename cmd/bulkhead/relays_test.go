//go:build unix

package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

// relays are processes with folders of their own that share a quarantine in
// PostgreSQL.
type relays struct {
	config string // of the commands that read it
	each   []*process
}

func startRelays(t *testing.T, n int, server *postgrestest.Server, upstream string) *relays {
	t.Helper()
	identity, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	secret := make([]byte, seal.SecretSize)
	rand.Read(secret)
	key, secretFile := writeFile(t, "key", identity.File()), writeFile(t, "secret", string(secret))
	r := &relays{config: writeFile(t, "bulkhead.yaml", fmt.Sprintf("upstream: {url: %q}\nlisteners: [{address: \"127.0.0.1:0\", allow: [127.0.0.0/8]}]\nquarantine: {database: %q, secret_file: %q, identity: %q}\n",
		upstream, server.URL("postgres"), secretFile, key))}
	for i := range n {
		r.each = append(r.each, serve(t, filepath.Join(t.TempDir(), fmt.Sprint("relay", i)), upstream, "--config", r.config))
	}
	return r
}

// incidents lists those of a policy's mailings.
func (r *relays) incidents(t *testing.T) (all []listedIncident) {
	t.Helper()
	out, said, status := runBulkhead(t, "incidents", "list", "--format", "json", "--config", r.config, "--data-dir", r.each[0].dataDir)
	if status != exitOK {
		t.Fatal(out, said)
	}
	for line := range strings.Lines(out) {
		var i listedIncident
		if err := json.Unmarshal([]byte(line), &i); err != nil {
			t.Fatal(err)
		}
		all = append(all, i)
	}
	return all
}

type listedIncident struct {
	ID                          string
	Copies, Delivered, Subjects int
}

// sent is what became of one copy.
type sent struct {
	began, ended time.Time
	held         bool
}

// mailing sends n copies over all relays at once, two connections to each.
func (r *relays) mailing(t *testing.T, n int, of func(int) posting) []sent {
	var next atomic.Int64
	all := make([]sent, n)
	var clients sync.WaitGroup
	for c := range 2 * len(r.each) {
		clients.Go(func() {
			client := dialQuiet(r.each[c%len(r.each)].smtp[0])
			if client == nil {
				t.Error("a relay takes no client")
				return
			}
			defer client.conn.Close() // every reply has been read
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				all[i].began = time.Now()
				reply := client.deliver(of(i))
				all[i].ended, all[i].held = time.Now(), strings.HasPrefix(reply, "250 2.0.0 Held")
				if !strings.HasPrefix(reply, "250") {
					t.Errorf("copy %d is answered %s", i, reply)
				}
			}
		})
	}
	clients.Wait()
	return all
}

func (r *relays) metric(t *testing.T, name string) (sum float64) {
	for _, p := range r.each {
		sum += p.metric(t, name)
	}
	return sum
}

// Three relays that share PostgreSQL have one run and one incident of a mailing whose
// copies come to all of them; once one has held a copy the others stop the rest
// within a second.
func TestRelaysStopARunTogether(t *testing.T) {
	copies := 1500
	if testing.Short() {
		copies = 300
	}
	box := newMailbox(t)
	r := startRelays(t, 3, postgrestest.Start(t), box.url())
	reader := func(i int) string { return fmt.Sprintf("reader%d@client.example", i) }

	// Each copy is held by its own verdict, and the first come to all at once.
	list := bulletin(40)
	for i, s := range r.mailing(t, copies/3, func(i int) posting { return posting{"list@isp.example", reader(i), list} }) {
		if !s.held {
			t.Errorf("copy %d of a list is not held", i)
		}
	}
	all := r.incidents(t)
	if len(all) != 1 || all[0].Copies != copies/3 || all[0].Delivered != 0 {
		t.Fatalf("incidents %+v; want one of %d copies", all, copies/3)
	}

	// One copy is.
	few := bulletin(3)
	sent := r.mailing(t, copies, func(i int) posting {
		body := few
		if i == copies/3 {
			body = list
		}
		return posting{"news@shop.example", reader(i), body}
	})
	hold := sent[copies/3]
	if !hold.held {
		t.Fatal("the copy with the list is not held")
	}
	passed, over := 0, 0
	var last time.Duration
	for i, s := range sent {
		if s.held {
			continue
		}
		passed++
		if s.ended.After(hold.ended) {
			over++
			last = max(last, s.began.Sub(hold.ended))
		}
		if late := s.began.Sub(hold.ended); late > time.Second {
			t.Errorf("copy %d passes %v after the first was held", i, late)
		}
	}
	if all = r.incidents(t); len(all) != 2 {
		t.Fatalf("incidents %+v; want two", all)
	}
	deadline := time.Now().Add(10 * time.Second) // each relay writes its ledger now and then
	for !slices.ContainsFunc(all, func(i listedIncident) bool { return i.Delivered == passed && i.Copies == copies-passed }) {
		if time.Now().After(deadline) {
			t.Fatalf("incidents %+v; want one of %d copies and %d delivered", all, copies-passed, passed)
		}
		time.Sleep(100 * time.Millisecond)
		all = r.incidents(t)
	}
	if got := r.metric(t, "bulkhead_run_messages_delivered_before_hold_total"); int(got) != passed {
		t.Errorf("%v copies are counted as delivered before the hold, want %d", got, passed)
	}
	if n := len(box.got()); n != passed {
		t.Errorf("%d copies arrived, want %d", n, passed)
	}
	t.Logf("%d of %d copies passed, %d of them ended after the first hold was answered; the last of them began %v after that",
		passed, copies, over, last.Round(time.Millisecond))
}
