package main

import (
	"context"
	"crypto/tls"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// becomes waits until a figure has a value.
func (p *inProcess) becomes(t *testing.T, want float64, name string, labels ...string) {
	t.Helper()
	var got float64
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got = p.value(t, name, labels...); got == want {
			return
		}
	}
	t.Errorf("%s%q is %v, want %v", name, labels, got, want)
}

// A relay that nobody has sent anything through knows whether its upstream is
// there: an alert on the figure would fire after every start otherwise.
func TestTheUpstreamIsLookedAtBeforeAnyMailComes(t *testing.T) {
	up := startRelay(t, t.TempDir(), newMailbox(t).url(), nil)
	up.becomes(t, 1, "upstream_reachable")
	box := newMailbox(t)
	down := startRelay(t, t.TempDir(), box.url(), nil)
	down.becomes(t, 1, "upstream_reachable")
	box.server.Close() // it is to be gone
	ctx, cancel := context.WithCancel(t.Context())
	var looking sync.WaitGroup
	looking.Go(func() { down.watchUpstream(ctx) })
	down.becomes(t, 0, "upstream_reachable")
	cancel()
	looking.Wait()
}

// Decisions are made by other processes than the relay, which counts them all
// the same.
func TestDecisionsAreCounted(t *testing.T) {
	box := newMailbox(t)
	p := startRelay(t, t.TempDir(), box.url(), func(cfg *configs.Config) { cfg.Review.TwoPeopleFrom = 0 })
	for i, from := range []string{"first@isp.example", "second@shop.example", "third@bank.example"} {
		reply := dialQuiet(p.listeners[0].Addr().String()).deliver(posting{from, "ben@client.example", bulletin(40 + 10*i)})
		if reply[:3] != "250" {
			t.Fatal(reply)
		}
	}
	held, _, err := p.store.List(t.Context(), quarantine.Query{})
	if err != nil || len(held) != 3 {
		t.Fatalf("%d messages are held, want 3 (%v)", len(held), err)
	}
	flags := []string{"--data-dir", p.cfg.DataDir, "--upstream", p.cfg.Upstream.URL, "--reason", "tried"}
	for _, verb := range [][]string{{"quarantine", "release", held[0].ID}, {"quarantine", "refuse", held[1].ID}, {"incidents", "refuse", held[2].Incident}} {
		args := append(append([]string{}, verb...), flags...)
		if verb[1] == "refuse" {
			args = append(append([]string{}, verb...), "--data-dir", p.cfg.DataDir, "--reason", "tried")
		}
		if _, said, status := runBulkhead(t, args...); status != exitOK {
			t.Fatalf("%v exits with %d: %s", args, status, said)
		}
	}
	p.becomes(t, 1, "decisions_total", "release", "message")
	p.becomes(t, 2, "decisions_total", "refuse", "message")
	p.becomes(t, 1, "decisions_total", "refuse", "incident")
	p.becomes(t, 1, "release_recipients_total", "accepted")
	p.becomes(t, 0, "quarantine_incidents", "open")
}

// The end of a listener's certificate is that of the one that clients are shown.
func TestTheCertificatesEndIsTold(t *testing.T) {
	cert, key := certificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	p := startRelay(t, t.TempDir(), newMailbox(t).url(), func(cfg *configs.Config) {
		plain := cfg.Listeners[0]
		cfg.Listeners[0].TLS.Cert, cfg.Listeners[0].TLS.Key = cert, key
		cfg.Listeners = append(cfg.Listeners, plain)
	})
	p.becomes(t, float64(pair.Leaf.NotAfter.Unix()), "certificate_not_after_timestamp_seconds", "0")
	p.becomes(t, float64(pair.Leaf.NotBefore.Unix()), "certificate_not_before_timestamp_seconds", "0")
	if got := p.value(t, "certificate_not_after_timestamp_seconds", "1"); got != 0 {
		t.Errorf("a listener without TLS tells %v", got)
	}
}

// What is found is counted by what it is and where it was.
func TestWhatIsFoundIsCounted(t *testing.T) {
	p := startRelay(t, t.TempDir(), "maildir:"+filepath.Join(t.TempDir(), "m"), nil)
	before := time.Now().Add(-time.Second)
	leak := attached("", "list@isp.example", "ben@client.example", "c.csv", "text/csv", []byte(csvOf(makeCustomers(50))))
	dial(t, p.listeners[0].Addr().String()).send(leak.from, []string{leak.to}, leak.content)
	p.becomes(t, 1, "findings_total", "delimited")
	p.becomes(t, 1, "fields_total", "contact.email")
	p.becomes(t, 0, "fields_total", "context.product")
	if last := time.Unix(int64(p.value(t, "last_message_timestamp_seconds")), 0); last.Before(before) {
		t.Errorf("the last message was answered at %v", last)
	}
}
