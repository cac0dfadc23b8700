//go:build unix

package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs/bucket/gateway"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

// While the quarantine's database is away mail waits, or what is clean by itself
// passes, as it is set; what is to be held is acknowledged in neither case.
func TestWhatBecomesOfMailWhileTheDatabaseIsAway(t *testing.T) {
	for _, c := range []struct{ degraded, clean, ready string }{
		{"defer", "451 4.3.0", "quarantine: not available"},
		{"pass-clean", "250 ", "ready, degraded"},
	} {
		t.Run(c.degraded, func(t *testing.T) {
			box := newMailbox(t)
			p := startRelay(t, t.TempDir(), box.url(), func(cfg *configs.Config) { cfg.Degraded = c.degraded })
			address := p.listeners[0].Addr().String()
			send := func(content []byte) string {
				t.Helper()
				return dialQuiet(address).deliver(posting{"list@isp.example", "ben@client.example", content})
			}
			clean := letter("", "list@isp.example", "ben@client.example", ordinaryLetter).content
			if reply := send(clean); !strings.HasPrefix(reply, "250 ") {
				t.Fatal(reply)
			}
			if err := p.store.Close(); err != nil { // as a server that is away it answers nothing
				t.Fatal(err)
			}
			// Another sender, of whom nothing was read yet.
			other := posting{"desk@office.example", "cy@client.example", letter("", "desk@office.example", "cy@client.example", ordinaryLetter).content}
			if reply := dialQuiet(address).deliver(other); !strings.HasPrefix(reply, c.clean) {
				t.Errorf("what is clean: %s, want %s", reply, c.clean)
			}
			if reply := send(bulletin(40)); !strings.HasPrefix(reply, "451 4.3.0") {
				t.Errorf("what is to be held: %s, want 451", reply)
			}
			status, said := get(t, "http://"+p.metrics.Addr().String()+"/readyz")
			if passes := c.clean == "250 "; !strings.Contains(said, c.ready) || (status == http.StatusOK) != passes {
				t.Errorf("readyz: %d %s, want %s", status, said, c.ready)
			}
			_, told := get(t, "http://"+p.metrics.Addr().String()+"/metrics")
			want := "bulkhead_run_messages_unknown_total 0"
			if c.clean == "250 " {
				want = "bulkhead_run_messages_unknown_total 1"
			}
			if !strings.Contains(told, want) {
				t.Errorf("not told: %s", want)
			}
		})
	}
}

// The same with a server that is stopped, and goes on.
func TestMailPassesWhilePostgreSQLIsAway(t *testing.T) {
	server := postgrestest.Start(t)
	g := gateway.Start(t, gateway.Options{})
	g.MakeBucket("held")
	box := newMailbox(t)
	identity, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	secret := writeFile(t, "secret", strings.Repeat("s", seal.SecretSize))
	p := startRelay(t, t.TempDir(), box.url(), func(cfg *configs.Config) {
		q := &cfg.Quarantine
		q.Database, q.SecretFile, q.Recipient = server.URL("postgres"), secret, identity.Recipient().String()
		q.S3.Endpoint, q.S3.Bucket, q.S3.AccessKey, q.S3.SecretKey = g.Endpoint, "held", g.AccessKey, configs.Secret(g.SecretKey)
		q.S3.Timeout = 3 * time.Second
		cfg.Degraded = "pass-clean"
	})
	send := func(from string, content []byte, want string) {
		t.Helper()
		if reply := dialQuiet(p.listeners[0].Addr().String()).deliver(posting{from, "ben@client.example", content}); !strings.HasPrefix(reply, want) {
			t.Errorf("from %s: %s, want %s", from, reply, want)
		}
	}
	clean := letter("", "desk@office.example", "ben@client.example", ordinaryLetter).content
	large := bulletin(3000)
	send("desk@office.example", clean, "250 ")
	send("list@isp.example", large, "250 2.0.0 Held")

	server.Stop()
	send("desk@shop.example", clean, "250 ")
	send("list@shop.example", large, "451 4.3.0")
	// A run that this relay has held stays stopped: what was decided is not known.
	send("list@isp.example", large, "451 4.3.0")
	if err := server.Begin(); err != nil {
		t.Fatal(err)
	}
	// The ledger is asked again after a second.
	for range 100 {
		if _, told := get(t, "http://"+p.metrics.Addr().String()+"/readyz"); told == "ready\n" {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(1100 * time.Millisecond)
	send("list@shop.example", large, "250 2.0.0 Held")

	// Without the bucket what is clean passes in any case, and what is to be held
	// waits.
	g.Stop()
	send("desk@shop.example", clean, "250 ")
	send("list@other.example", bulletin(4000), "451 4.3.0")
	g.Run()
	send("list@other.example", bulletin(4000), "250 2.0.0 Held")
}
